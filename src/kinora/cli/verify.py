"""`kinora verify`: did Kinora make this file, and has it been changed since?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinora.media.fit import Pixels
    from kinora.safety.noise_mark import NoiseReading

app = typer.Typer(add_completion=False)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A video or picture.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything found as JSON.")] = False,
    noise: Annotated[
        str,
        typer.Option(
            help="Look for the mark in the noise by solving backwards with this model (takes seconds): auto asks the "
            "shipped model where nothing else proves the answer and the picture has its size; never asks none.",
            metavar="MODEL",
        ),
    ] = "auto",
) -> None:
    """Say whether Kinora made a file: by its Content Credentials, its marks and its looks.

    Exits with 0 whatever the answer, if the file could be read. No mark found proves nothing.
    """
    from kinora.checkpoints.catalog import CATALOG, describe
    from kinora.request import DEFAULT_MODEL
    from kinora.safety.detector import examine

    # An open model's clips are known without its weights; one of Kinora's own has them to say its version.
    manifests = [describe(entry.name) for entry in CATALOG.values() if entry.card is not None or entry.installed]
    names = [("fake", "1"), *((one.name, one.version) for one in manifests)]
    report = examine(file, names=names, noise=noise_reader(noise) if noise not in ("auto", "never") else None)
    if noise == "auto" and report.verdict != "made" and _may_be_of(DEFAULT_MODEL, file):
        report = examine(file, names=names, noise=noise_reader(DEFAULT_MODEL))
    typer.echo(json.dumps(report.as_dict(), indent=2) if as_json else "\n".join(report.sentences))


def _may_be_of(model: str, file: Path) -> bool:
    """Whether a file is a video of the size that the model films at when nobody asks for another."""
    from kinora.checkpoints.catalog import CATALOG, describe
    from kinora.media import native_size
    from kinora.media.still import count_stills

    still = count_stills(file) == 1
    return not still and CATALOG[model].installed and native_size(file) == describe(model).limits.size


def noise_reader(name: str) -> "Callable[[Pixels], NoiseReading]":
    """What reads the mark in the noise of frames, with a model of that name.

    Frames of another size than the model's own are scaled to it. Raises UnknownModel or CorruptWeights.
    """
    import numpy as np

    from kinora.checkpoints.store import load_model
    from kinora.engine.marks.inversion import noise_of
    from kinora.media import fitted
    from kinora.safety.noise_mark import NoiseMark
    from kinora.safety.watermark_keys import marking_key

    model, mark = load_model(name), NoiseMark(marking_key())

    def read(frames: "Pixels") -> "NoiseReading":
        if frames.shape[1:3] != model.defaults.size:
            frames = np.stack([fitted(frame, model.defaults.size, "stretch") for frame in frames])
        return mark.read(noise_of(model, frames))

    return read
