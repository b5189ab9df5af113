"""`kinora image`: a sentence becomes one picture, and its path is printed."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.filming import Chat, ChatModel, NoExpand, chosen_expander, free_name, progress, tell
from kinora.errors import OutputError
from kinora.grid import parse_size
from kinora.request import DEFAULT_MODEL, Shot

app = typer.Typer(add_completion=False)

EXTENSIONS = (".png", ".webp", ".jpg", ".jpeg")


@app.command()
def image(
    prompt: Annotated[str, typer.Argument(help="What the picture shows.")],
    size: Annotated[str | None, typer.Option(help="Picture size in pixels.", metavar="WxH")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same picture.", metavar="N")] = None,
    steps: Annotated[int | None, typer.Option(help="Solver steps: more are slower and finer.", metavar="N")] = None,
    guidance: Annotated[float | None, typer.Option(help="How strictly to follow the prompt.", metavar="G")] = None,
    negative: Annotated[str, typer.Option(help="What to steer away from.", metavar="TEXT")] = "",
    model: Annotated[str, typer.Option(help="A model's name or directory.", metavar="NAME")] = DEFAULT_MODEL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file: .png, .webp or .jpg.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about the picture.")] = False,
    no_expand: NoExpand = False,
    chat: Chat = None,
    chat_model: ChatModel = "",
) -> None:
    """Turn a sentence into a picture.

    Whatever is left out takes the model's own default. What the model reads, where it is not the prompt itself, is
    shown on the error stream. Prints the file's path.
    """
    start = time.perf_counter()
    shot = Shot(
        prompt=prompt,
        size=parse_size(size) if size is not None else None,
        seed=seed,
        steps=steps,
        guidance=guidance,
        negative=negative,
        model=model,
        expand=not no_expand,
    )
    if output is not None and output.suffix.lower() not in EXTENSIONS:
        raise OutputError(output, rule="a picture is .png, .webp or .jpg", remedy="for a video use kinora generate")
    expander = chosen_expander(chat, chat_model, no_expand)
    from kinora.engine.api import check, film, still
    from kinora.media import check_target

    shot = still(shot)
    shot = replace(shot, seed=check(shot).seed)  # all that can be refused is, before the model is loaded
    assert shot.seed is not None
    path = check_target(output or free_name(prompt, shot.seed, ".png"))
    with progress(quiet=as_json) as watch:
        picture = film(shot, to=path, watch=watch, expander=expander)
    tell(picture, path, total=time.perf_counter() - start, as_json=as_json)
