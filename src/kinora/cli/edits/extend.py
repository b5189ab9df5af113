"""`kinora extend`: a clip goes on, or begins earlier."""

from typing import Annotated

import typer

from kinora.cli.edits import options, perform
from kinora.cli.options import ToldOfSources, films

app = typer.Typer(add_completion=False)


@films(app)
def extend(
    video: Annotated[str, typer.Argument(help="A video or an animation.")],
    prompt: Annotated[str, typer.Argument(help="What happens in the new part.")] = "",
    seconds: Annotated[float | None, typer.Option(help="Length of the new part.", metavar="S")] = None,
    direction: Annotated[str, typer.Option(help="forward or backward.", metavar="HOW")] = "forward",
    *,
    told: ToldOfSources,
) -> None:
    """Add new video after a clip, or before it.

    The clip itself stays as it is. Without a prompt it goes on by what is seen. Prints the file's path.
    """
    from kinora.engine.edits import Extend

    request = Extend(video=video, prompt=prompt, seconds=seconds, direction=direction, options=options(told))
    perform(request, told)
