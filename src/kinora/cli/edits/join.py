"""`kinora join`: new video leads from one clip to another."""

from typing import Annotated

import typer

from kinora.cli.edits import options, perform
from kinora.cli.options import ToldOfSources, films

app = typer.Typer(add_completion=False)


@films(app)
def join(
    first: Annotated[str, typer.Argument(help="The clip to start with.")],
    second: Annotated[str, typer.Argument(help="The clip to end with.")],
    prompt: Annotated[str, typer.Option(help="What happens in between.", metavar="TEXT")] = "",
    seconds: Annotated[float | None, typer.Option(help="Length of what lies in between.", metavar="S")] = None,
    *,
    told: ToldOfSources,
) -> None:
    """Put new video between two clips, from the end of the first to the start of the second.

    Both clips stay as they are. Prints the file's path.
    """
    from kinora.engine.edits import Join

    request = Join(first=first, second=second, prompt=prompt, seconds=seconds, options=options(told))
    perform(request, told)
