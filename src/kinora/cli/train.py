"""`kinora train`: from rendered shards to a model directory, one command a stage."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kinora.train.config import FlowConfig

app = typer.Typer(help="Train a model.", no_args_is_help=True)

Data = Annotated[Path, typer.Argument(help="Folder of rendered shards.", exists=True, file_okay=False)]
Vae = Annotated[Path, typer.Option(help="Folder with vae.safetensors and vae.json.", exists=True, file_okay=False)]
Recipe = Annotated[str, typer.Option(help="The name of a whole run; `runs/cpu.sh` has them in order.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads; the recipe's without it.")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda; the recipe's without it.")]


@app.command()
def autoencoder(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for vae.safetensors and vae.json.")],
    minutes: Annotated[float, typer.Option(min=0.01, help="Length of the run.")] = 11.0,
    steps: Annotated[int | None, typer.Option(min=1, help="Length in steps instead.")] = None,
    refine: Annotated[
        Path | None, typer.Option(help="Folder of an autoencoder: let its decoder grow and train that alone.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads.")] = 2,
) -> None:
    """Fit the autoencoder: principal components, then a learned correction."""
    from kinora.train.autoencoder import AutoencoderRecipe, train_autoencoder

    chosen = AutoencoderRecipe.refining if refine else AutoencoderRecipe
    recipe = chosen(minutes=minutes, steps=steps, threads=threads)
    train_autoencoder(data, out, recipe, refine=refine, report=lambda row: typer.echo(_figures(row)))


@app.command()
def latents(
    data: Data,
    vae: Vae,
    batch: Annotated[int, typer.Option(min=1, help="Clips encoded together.")] = 4,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads.")] = 2,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Encode every clip and caption once, beside the shards. Goes on where it stopped."""
    import torch

    from kinora.data.latents import encode_dataset
    from kinora.models.text import TextEncoder
    from kinora.train.autoencoder import load_autoencoder

    torch.set_num_threads(threads)
    coder = load_autoencoder(vae).to(device)
    for done in encode_dataset(data, coder, TextEncoder.load(device), batch=batch, device=device):
        typer.echo(f"{done.name}  {done.index + 1}/{done.total}{'' if done.fresh else '  was there'}")


@app.command()
def flow(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run; one with a checkpoint is continued.")],
    recipe: Recipe = "cpu_small",
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Length of the run by the clock.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Length in steps instead.")] = None,
    held_out: Annotated[Path | None, typer.Option(help="Data for the held-out loss; else the end of DATA.")] = None,
    init: Annotated[Path | None, typer.Option(help="Model or run to start from, without its optimizer.")] = None,
    takes: Annotated[
        list[Path] | None,
        typer.Option(help="Data rendered with --continued, for recipes that train on windows of it; may be repeated."),
    ] = None,
    shapes: Annotated[
        list[Path] | None,
        typer.Option(help="Data of another picture size, for recipes that train on several; may be repeated."),
    ] = None,
    vae: Annotated[Path | None, typer.Option(help="Folder of the autoencoder, for sample sheets.")] = None,
    resume: Annotated[str, typer.Option(help="auto: continue a checkpoint in --out; never: refuse to.")] = "auto",
    threads: Threads = None,
    device: Device = None,
) -> None:
    """Train the transformer on the latents of DATA. Ctrl-C saves and stops; the same command goes on."""
    from rich.console import Console

    from kinora.data.cache import LatentCache
    from kinora.errors import InvalidRequest
    from kinora.models.text import TextEncoder
    from kinora.train.autoencoder import load_autoencoder
    from kinora.train.export import starting_weights
    from kinora.train.loop import train_flow
    from kinora.train.parallel import Ranks
    from kinora.train.report import Report
    from kinora.train.sheet import SheetMaker
    from kinora.train.state import STATE_FILE

    if resume not in ("auto", "never"):
        raise InvalidRequest(f"--resume {resume}", rule="auto or never")
    if resume == "never" and (out / STATE_FILE).exists():
        raise InvalidRequest(out, rule="holds a checkpoint", remedy="use another --out, or --resume auto")
    config = _config(recipe, minutes, steps, threads, device)
    cache = LatentCache.open(data, takes or (), shapes or ())
    sheet = None
    if vae is not None:
        sheet = SheetMaker.load(load_autoencoder(vae), TextEncoder.load(), cache.latent_size)
    interrupted = _Interrupt()
    state = train_flow(
        config,
        cache,
        out,
        held_out=LatentCache.open(held_out) if held_out else None,
        init=starting_weights(init) if init else None,
        sheet=sheet,
        report=Report(out, Console(stderr=True)),
        stop=interrupted,
    )
    if Ranks.join(config.device).first:
        typer.echo(f"{out}: {state.step} steps, {state.samples} samples, {state.minutes:.1f} minutes")


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a flow run.", exists=True, file_okay=False)],
    vae: Vae,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model directory to write.")],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "kinora-small",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    recipe: Recipe = "cpu_small",
    card: Annotated[Path | None, typer.Option(help="Model card to put beside it.", exists=True)] = None,
) -> None:
    """Write the averaged weights of a run as a model directory."""
    from kinora.train.autoencoder import load_autoencoder
    from kinora.train.export import export_model

    config = _config(recipe, None, None, None, None)
    text = card.read_text() if card else None
    manifest = export_model(run, load_autoencoder(vae), out, config, name=name, version=version, card=text)
    size = sum((out / file).stat().st_size for file in manifest.files)
    typer.echo(f"{out}: {manifest.name} {manifest.version}, {size / 1e6:.1f} MB")


class _Interrupt:
    """True once the process was asked to stop (SIGINT, SIGTERM): the step under way is finished and saved."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def __call__(self) -> bool:
        return self._asked

    def _ask(self, number: int, frame: object) -> None:  # noqa: ARG002 - the signature of a signal handler
        self._asked = True


def _config(
    recipe: str, minutes: float | None, steps: int | None, threads: int | None, device: str | None
) -> "FlowConfig":
    from dataclasses import replace

    from kinora.errors import InvalidRequest
    from kinora.train.config import Budget
    from kinora.train.recipes import RECIPES

    if recipe not in RECIPES:
        raise InvalidRequest(f"recipe {recipe}", rule=f"one of {', '.join(RECIPES)}")
    given = minutes is not None or steps is not None
    config = RECIPES[recipe](Budget(minutes=minutes, steps=steps) if given else None)
    return replace(config, threads=threads or config.threads, device=device or config.device)


def _figures(row: dict[str, float]) -> str:
    return "  ".join(f"{key} {value:.4g}" for key, value in row.items())
