"""`kinora eval`: hold a model against prompts whose answer is known."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinora.request import DEFAULT_MODEL, Shot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch

    from kinora.checkpoints.store import Model
    from kinora.evals.motion import Frames
    from kinora.evals.suites import Sampler, Setting
    from kinora.models.dit import TextContext

app = typer.Typer(help="Measure a model.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Measure a model."""


@app.command()
def world(
    model: Annotated[str, typer.Option(help="Model name or directory.")] = DEFAULT_MODEL,
    prompts: Annotated[int, typer.Option(min=2, help="Prompts, half of them of combinations never trained on.")] = 200,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the report; a stopped run goes on there.")
    ] = Path("eval"),
    batch: Annotated[int, typer.Option(min=1, help="Clips made together.")] = 4,
    curve: Annotated[int, typer.Option(min=2, help="Prompts for the empty prompt and each point of a curve.")] = 40,
    guidance_curve: Annotated[bool, typer.Option("--guidance-curve", help="Also by guidance.")] = False,
    steps_curve: Annotated[bool, typer.Option("--steps-curve", help="Also by solver steps.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Which prompts.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Judge a model of the world: does a clip show what its prompt says?"""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kinora.checkpoints.store import load_model
    from kinora.evals import suites
    from kinora.evals.recogniser import Recogniser
    from kinora.evals.report import report

    loaded = load_model(model, device=device)
    recogniser = Recogniser.load()
    suites.claim(out, model=loaded.name, version=loaded.version, seed=seed)
    runs = suites.world_runs(
        suites.world_cases(prompts, seed),
        model_sampler(loaded),
        batch=batch,
        rebuilt=rebuilder(loaded),
        curve=min(curve, prompts),
        guidances=suites.GUIDANCES if guidance_curve else (),
        steps=suites.STEPS if steps_curve else (),
    )
    columns = TextColumn("{task.description:>14}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    trials = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for run in runs:
            bar = progress.add_task(run.name, total=len(run.cases))
            trials[run.name] = suites.perform(run, recogniser, out, lambda bar=bar: progress.advance(bar))  # type: ignore[misc]
    result = report(f"{loaded.name} {loaded.version}", trials, recogniser.checked)
    result.save(out)
    typer.echo(result.markdown())


@app.command()
def drift(
    model: Annotated[str, typer.Option(help="Model name or directory.")] = DEFAULT_MODEL,
    prompts: Annotated[int, typer.Option(min=1, help="Videos.")] = 8,
    seconds: Annotated[int, typer.Option(min=20, max=60, help="Length of each.")] = 60,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for report and contact sheets; a stopped run goes on there.")
    ] = Path("drift"),
    seed: Annotated[int, typer.Option(min=0, help="Which prompts.")] = 0,
) -> None:
    """Film long and measure, five seconds at a time, what is left of the beginning."""
    import json

    import kinora
    from kinora.checkpoints.catalog import describe
    from kinora.evals import drift, suites
    from kinora.evals.recogniser import Recogniser
    from kinora.media.image import contact_sheet
    from kinora.media.target import replacing

    manifest = describe(model)
    suites.claim(out, model=manifest.name, version=manifest.version, seed=seed, seconds=seconds)

    def film(number: int, case: suites.Case) -> "Frames":
        clip = kinora.generate(case.prompt, seconds=seconds, seed=case.seed, model=model)
        sheet = contact_sheet(clip.frames, columns=12, limit=24)
        replace(clip, frames=sheet[None], info={}).save(out / f"{number:03}.png")
        return clip.frames

    videos = drift.perform(
        suites.world_cases(prompts, seed),
        film,
        Recogniser.load(),
        out / "drift.jsonl",
        lambda: typer.echo(".", nl=False, err=True),
    )
    found = drift.curve(videos)
    with replacing(out / "drift.json") as temporary:
        temporary.write_text(json.dumps(found.to_dict(), indent=2))
    typer.echo(found.markdown())


@app.command()
def permanence(
    model: Annotated[str, typer.Option(help="Model name or directory.")] = DEFAULT_MODEL,
    cases: Annotated[int, typer.Option(min=1, help="Clips for each time out of sight.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Which scenes.")] = 0,
) -> None:
    """Go on from clips whose subject is behind a wall: does it come back as it was?"""
    from rich.progress import track

    import kinora
    from kinora.evals import permanence
    from kinora.evals.recogniser import Recogniser

    recogniser, returned = Recogniser.load(), []
    hidings = [(n, seconds) for seconds in permanence.HIDDEN_SECONDS for n in range(cases)]
    for number, seconds in track(hidings, "clips"):
        case = permanence.hiding(number, seconds, seed)
        made = kinora.extend(
            case.seen, case.prompt, seconds=permanence.AFTER_SECONDS, seed=number, model=model, expand=False
        )
        returned.append(permanence.judge(case, made.frames[len(case.seen) :], recogniser))
    typer.echo(permanence.table(returned))


@app.command()
def stories(
    model: Annotated[str, typer.Option(help="Model name or directory.")] = DEFAULT_MODEL,
    count: Annotated[int, typer.Option(min=1, help="Stories of three shots.")] = 50,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results; a stopped run goes on there.")
    ] = Path("eval"),
    steps: Annotated[int | None, typer.Option(help="Solver steps.")] = None,
    same_noise: Annotated[
        bool, typer.Option("--same-noise", help="Begin all shots from the first one's noise.")
    ] = False,
) -> None:
    """Judge stories: are the cuts where they were asked, and is the character the same in every shot?"""
    import json

    from kinora.engine.api import check
    from kinora.engine.stories.api import film_story
    from kinora.evals import stories as suite
    from kinora.evals.recogniser import Recogniser

    cases = [suite.story(seed, model=model, steps=steps, same_noise=same_noise) for seed in range(count)]
    trials = suite.perform(
        cases,
        lambda told: film_story(told).frames,
        check(Shot("a story", model=model)).fps,
        Recogniser.load(),
        out / ("stories-same-noise.jsonl" if same_noise else "stories.jsonl"),
        lambda: typer.echo(".", nl=False, err=True),
    )
    typer.echo(json.dumps(suite.summary(trials), indent=2))


def model_sampler(model: "Model") -> "Sampler":
    """Film prompts with the model's parts, several at once, as the engine does one at a time.

    Unlike the engine it takes the empty prompt, which no user may ask for and an evaluation must.
    """
    import torch

    from kinora.engine.engine import SOLVERS
    from kinora.engine.marks.marking import marked
    from kinora.evals.recogniser import at_rate
    from kinora.flow.guidance import guided
    from kinora.flow.sample import solve
    from kinora.flow.schedule import shifted
    from kinora.flow.solvers import last
    from kinora.flow.state import LatentState

    defaults, grid = model.defaults, model.limits.grid
    frames = round(defaults.seconds * defaults.fps)
    count = grid.frames_for(defaults.seconds, defaults.fps)
    shape = (model.vae.channels, *grid.latent_shape(count, *defaults.size))

    def velocity(x: torch.Tensor, sigma: torch.Tensor, text: "TextContext") -> torch.Tensor:
        found: torch.Tensor = model.dit(x.to(model.dtype), sigma, text).float()
        return found

    @torch.inference_mode()
    def film(prompts: "Sequence[str]", seeds: "Sequence[int]", setting: "Setting") -> "Iterator[Frames]":
        read = model.text.encode([*prompts, *[""] * len(prompts)])
        states, mask, half = read.states.to(model.dtype), read.mask, len(prompts)
        both = model.dit.text_context(states, mask)
        said = model.dit.text_context(states[:half], None if mask is None else mask[:half])
        empty = model.dit.text_context(states[half:], None if mask is None else mask[half:])
        scale = float(defaults.guidance if setting.guidance is None else setting.guidance)
        pushed = guided(velocity, said, empty, scale, join=lambda _said, _empty: both)
        sigmas = shifted(setting.steps or defaults.steps, float(defaults.shift))
        # As the engine does, mark and all: what is judged must be what users get.
        noises = [marked(LatentState.noise([seed], shape), model, seed).latent for seed in seeds]
        state = replace(LatentState.noise(seeds, shape), latent=torch.cat(noises)).to(model.device, torch.float32)
        for latent in last(solve(pushed, state, sigmas, SOLVERS[defaults.solver])).x:
            yield at_rate(to_frames(model.vae.decode(latent[None].to(model.dtype)))[:frames], defaults.fps)

    return film


def rebuilder(model: "Model") -> "Callable[[Frames], Frames]":
    """A clip through the model's autoencoder and back."""
    import torch

    @torch.inference_mode()
    def rebuild(frames: "Frames") -> "Frames":
        pixels = torch.from_numpy(frames).permute(3, 0, 1, 2)[None].to(model.device, model.dtype) / 127.5 - 1
        return to_frames(model.vae.decode(model.vae.encode(pixels)))

    return rebuild


def to_frames(pixels: "torch.Tensor") -> "Frames":
    """One decoded clip [1, 3, T, H, W] in [-1, 1] as uint8 [T, H, W, 3]."""
    frames: Frames = ((pixels[0].permute(1, 2, 3, 0).float() + 1) * 127.5).round().clamp(0, 255).byte().cpu().numpy()
    return frames
