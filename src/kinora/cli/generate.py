"""`kinora generate`: a sentence becomes a video file, written while it is made, and its path is printed."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.filming import Chat, ChatModel, NoExpand, chosen_expander, free_name, progress, tell
from kinora.errors import InvalidRequest
from kinora.grid import parse_size
from kinora.request import DEFAULT_MODEL, Shot

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
    negative: Annotated[str, typer.Option(help="What to steer away from; a space: nothing.", metavar="TEXT")] = "",
    model: Annotated[
        str, typer.Option(help="A model: NAME, DIRECTORY or both as N@D.", metavar="NAME")
    ] = DEFAULT_MODEL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file: .mp4, .gif, .webp or .png.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about the video.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help=f"A quick look in {PREVIEW_STEPS} steps.")] = False,
    tier: Annotated[str, typer.Option(help="exact, or fast: steps that hardly differ are not computed.")] = "exact",
    sampler: Annotated[
        str | None, typer.Option(help="Grid of noise levels and solver; the model's own if left out.", metavar="NAME")
    ] = None,
    shift: Annotated[float | None, typer.Option(help="How far the grid leans towards noise.", metavar="S")] = None,
    guidance_high: Annotated[
        float | None, typer.Option(help="Guidance of the expert for high noise, of models with two.", metavar="G")
    ] = None,
    no_expand: NoExpand = False,
    chat: Chat = None,
    chat_model: ChatModel = "",
) -> None:
    """Turn a sentence into a video.

    Whatever is left out takes the model's own default. What the model reads, where it is not the prompt itself, is
    shown on the error stream. Prints the file's path.
    """
    start = time.perf_counter()
    from kinora.engine.tiers import cache_of

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
        expand=not no_expand,
        guidance_high=guidance_high,
        sampler=sampler,
        shift=shift,
        cache=cache_of(tier),
    )
    expander = chosen_expander(chat, chat_model, no_expand)
    from kinora.engine.api import check, film
    from kinora.media import check_target

    shot = replace(shot, seed=check(shot).seed)  # all that can be refused is, before the model is loaded
    assert shot.seed is not None
    path = check_target(output or free_name(prompt, shot.seed))
    with progress(quiet=as_json) as watch:
        clip = film(shot, to=path, watch=watch, expander=expander, tier=tier)
    tell(clip, path, total=time.perf_counter() - start, as_json=as_json)
