"""`kinora loop`: a clip that runs into its own start."""

import re
from typing import Annotated

import typer

from kinora.cli.edits import options, perform
from kinora.cli.filming import is_file
from kinora.cli.options import ToldOfSources, films
from kinora.errors import InvalidRequest

app = typer.Typer(add_completion=False)

FILE = re.compile(r"\S+\.\w{2,4}|.+\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|gif|webp|png)", re.IGNORECASE)
"""What looks like a file's name is one, even if there is no such file."""


@films(app)
def loop(
    source: Annotated[str, typer.Argument(help="A video to close, or what a clip of its own shows.")],
    prompt: Annotated[str, typer.Option(help="What happens where a video is closed.", metavar="TEXT")] = "",
    seconds: Annotated[
        float | None, typer.Option(help="Length of the clip, or of what closes the video.", metavar="S")
    ] = None,
    *,
    told: ToldOfSources,
) -> None:
    """Film a clip that runs into its own start, or close a video so that it does.

    A video stays as it is, and what is added leads from its end to its start. Prints the file's path.
    """
    from kinora.engine.edits import Loop

    if is_file(source) or FILE.fullmatch(source):
        request = Loop(video=source, prompt=prompt, seconds=seconds, options=options(told))
    elif prompt:
        raise InvalidRequest("--prompt", rule="is for closing a video", remedy="say it all in one sentence")
    else:
        request = Loop(prompt=source, seconds=seconds, options=options(told))
    perform(request, told)
