"""`kinora generate`: a sentence becomes a video file, and its path is printed."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.errors import InvalidRequest
from kinora.grid import format_size, parse_size
from kinora.request import DEFAULT_MODEL, Shot

if TYPE_CHECKING:
    from kinora.clip import Clip
    from kinora.engine.events import Event

app = typer.Typer(add_completion=False)

PREVIEW_STEPS = 6


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What the video shows.")],
    seconds: Annotated[float | None, typer.Option(help="Length.", metavar="S")] = None,
    size: Annotated[str | None, typer.Option(help="Picture size in pixels.", metavar="WxH")] = None,
    fps: Annotated[int | None, typer.Option(help="Frames a second.", metavar="F")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same frames.", metavar="N")] = None,
    steps: Annotated[int | None, typer.Option(help="Solver steps: more are slower and finer.", metavar="N")] = None,
    guidance: Annotated[float | None, typer.Option(help="How strictly to follow the prompt.", metavar="G")] = None,
    negative: Annotated[str, typer.Option(help="What to steer away from.", metavar="TEXT")] = "",
    model: Annotated[str, typer.Option(help="A model's name or directory.", metavar="NAME")] = DEFAULT_MODEL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file: .mp4, .gif, .webp or .png.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about the video.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help=f"A quick look in {PREVIEW_STEPS} steps.")] = False,
) -> None:
    """Turn a sentence into a video.

    Whatever is left out takes the model's own default. Prints the file's path.
    """
    start = time.perf_counter()
    if preview and steps is not None:
        raise InvalidRequest("--preview and --steps", rule="both choose the steps", remedy="leave one of them out")
    shot = Shot(
        prompt=prompt,
        seconds=seconds,
        size=parse_size(size) if size is not None else None,
        fps=fps,
        seed=seed,
        steps=PREVIEW_STEPS if preview else steps,
        guidance=guidance,
        negative=negative,
        model=model,
    )
    from kinora.engine.api import check, film
    from kinora.media import check_target

    shot = replace(shot, seed=check(shot).seed)  # all that can be refused is, before the model is loaded
    assert shot.seed is not None
    path = check_target(output or _free_name(prompt, shot.seed))
    with _progress(shown=not as_json and sys.stderr.isatty()) as watch:
        clip = film(shot, watch=watch)
    ready = time.perf_counter()
    clip.save(path)
    total = time.perf_counter() - start
    if as_json:
        clip.info["timings"] |= {"write": round(total - (ready - start), 3), "total": round(total, 3)}
        print(json.dumps(_report(clip, path), ensure_ascii=False))
        return
    for warning in clip.info["warnings"]:
        print(f"kinora: warning: {warning}", file=sys.stderr)
    if sys.stderr.isatty():
        print(f"{clip.seconds:g} s of video in {total:.1f} s, seed {clip.seed}", file=sys.stderr)
    print(path)


def _report(clip: "Clip", path: Path) -> dict[str, Any]:
    """What --json prints."""
    return {
        "file": str(path),
        "model": clip.model,
        "version": clip.version,
        "seed": clip.seed,
        "size": format_size(clip.size),
        "fps": clip.fps,
        "frames": len(clip.frames),
        "seconds": clip.seconds,
        "steps": clip.steps,
        "guidance": clip.guidance,
        "prompt": clip.prompt,
        "negative": clip.negative,
        "timings": clip.info["timings"],
        "peak_memory": clip.info["peak_memory"],
        "frames_reviewed": clip.info["frames_reviewed"],
        "warnings": clip.info["warnings"],
    }


def _free_name(prompt: str, seed: int) -> Path:
    """A file name from the prompt and the seed that is not taken in this directory."""
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower())[:48].strip("-") or "video"
    name = f"{words}-{seed}"
    taken = 1
    while (path := Path(f"{name}.mp4" if taken == 1 else f"{name}-{taken}.mp4")).exists():
        taken += 1
    return path


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[["Event"], None]]:
    """A progress bar on the terminal's error stream, as a function to be told of events."""
    if not shown:
        yield lambda _event: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from kinora.engine import events

    columns = (TextColumn("{task.description:>8}"), BarColumn(), TextColumn("{task.fields[count]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("load", total=None, count="")

        def watch(event: "Event") -> None:
            match event:
                case events.Progress(stage, index, total):
                    count = f"{index}/{total}"
                    bars.update(bar, description=stage, completed=index, total=total, count=count)

        yield watch
