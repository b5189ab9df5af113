"""`kinora loop`: a clip that runs into its own start."""

from typing import Annotated

import typer

from kinora.cli.edits import options, perform
from kinora.cli.options import ToldOfSources, films

app = typer.Typer(add_completion=False)


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

    request = Loop.of(source, prompt=prompt, seconds=seconds, options=options(told))
    perform(request, told)
