"""`kinora story`: a storyboard file, or a text of several sentences, becomes one video with cuts."""

import sys
import time
from typing import Annotated

import typer

from kinora.cli.filming import free_name, is_file, progress, tell
from kinora.cli.options import Told, films
from kinora.errors import BadInputFile

app = typer.Typer(add_completion=False)


@films(app)
def story(
    source: Annotated[str, typer.Argument(help="A storyboard (.yaml, .yml, .json) or the text of a story.")],
    seconds: Annotated[float | None, typer.Option(help="Length of a text's shots together.", metavar="S")] = None,
    *,
    told: Told,
) -> None:
    """Film several shots as one video, cut at the asked times.

    A storyboard says seconds, camera and more for each shot, and who is in them (docs/stories.md). A text is cut where
    it says so ("Cut to", "Then") and where a sentence describes another scene. Prints the file's path.
    """
    start = time.perf_counter()
    expander = told.expander
    from kinora.engine.runtime import Runtime
    from kinora.engine.stories.api import film_story, prepared
    from kinora.engine.stories.storyboard import EXTENSIONS, is_storyboard
    from kinora.safety.release import check_release

    if is_file(source) and not is_storyboard(source):
        rule = f"is a file, and storyboards are {', '.join(EXTENSIONS)}"
        raise BadInputFile(source, rule=rule, remedy="rename it, or give the text itself")
    ready = prepared(source, seconds=seconds, size=told.pixels, **told.sampling)
    assert ready.seed is not None
    path = check_release(told.output or free_name(ready.cards[0].prompt, ready.seed))
    with progress(quiet=told.as_json) as watch:
        clip = film_story(ready, Runtime(watch=watch, expander=expander, tier=told.tier), to=path)
    if not told.as_json:
        for line in clip.info["report"]:
            print(f"kinora: {line}", file=sys.stderr)
    tell(clip, path, total=time.perf_counter() - start, as_json=told.as_json)
