"""`kinora story`: a storyboard file, or a text of several sentences, becomes one video with cuts."""

import time
from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.filming import Chat, ChatModel, NoExpand, chosen_expander, free_name, progress, tell
from kinora.grid import parse_size

app = typer.Typer(add_completion=False)


@app.command()
def story(
    source: Annotated[str, typer.Argument(help="A storyboard (.yaml, .yml, .json) or the text of a story.")],
    seconds: Annotated[float | None, typer.Option(help="Length of a text's shots together.", metavar="S")] = None,
    size: Annotated[str | None, typer.Option(help="Picture size in pixels.", metavar="WxH")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same frames.", metavar="N")] = None,
    steps: Annotated[int | None, typer.Option(help="Solver steps: more are slower and finer.", metavar="N")] = None,
    guidance: Annotated[float | None, typer.Option(help="How strictly to follow the prompt.", metavar="G")] = None,
    negative: Annotated[str | None, typer.Option(help="What to steer away from.", metavar="TEXT")] = None,
    model: Annotated[str | None, typer.Option(help="A model's name or directory.", metavar="NAME")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file: .mp4, .gif, .webp or .png.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about the video.")] = False,
    no_expand: NoExpand = False,
    chat: Chat = None,
    chat_model: ChatModel = "",
) -> None:
    """Film several shots as one video, cut at the asked times.

    A storyboard says seconds, camera and more for each shot, and who is in them (docs/stories.md). A text is cut where
    it says so ("Cut to", "Then") and where a sentence describes another scene. Prints the file's path.
    """
    start = time.perf_counter()
    expander = chosen_expander(chat, chat_model, no_expand)
    from kinora.engine.story_api import film_story, prepared
    from kinora.media import check_target

    told = prepared(
        source,
        seconds=seconds,
        expand=not no_expand,
        size=parse_size(size) if size is not None else None,
        seed=seed,
        steps=steps,
        guidance=guidance,
        negative=negative,
        model=model,
    )
    assert told.seed is not None
    path = check_target(output or free_name(told.cards[0].prompt, told.seed))
    with progress(quiet=as_json) as watch:
        clip = film_story(told, to=path, watch=watch, expander=expander)
    tell(clip, path, total=time.perf_counter() - start, as_json=as_json)
