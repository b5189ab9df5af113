"""`kinora blend`: one clip turns into another."""

from typing import Annotated

import typer

from kinora.cli.edits import options, perform
from kinora.cli.options import ToldOfSources, films

app = typer.Typer(add_completion=False)


@films(app)
def blend(
    first: Annotated[str, typer.Argument(help="The clip to start with.")],
    second: Annotated[str, typer.Argument(help="The clip to end with.")],
    first_prompt: Annotated[str, typer.Option(help="What the first clip shows.", metavar="TEXT")] = "",
    second_prompt: Annotated[str, typer.Option(help="What the second clip shows.", metavar="TEXT")] = "",
    seconds: Annotated[
        float | None, typer.Option(help="Length of the transition, taken from both.", metavar="S")
    ] = None,
    *,
    told: ToldOfSources,
) -> None:
    """Let one clip turn into another where they overlap.

    Before and after the transition both stay as they are. Prints the file's path.
    """
    from kinora.engine.edits import Blend

    request = Blend(
        first=first,
        second=second,
        first_prompt=first_prompt,
        second_prompt=second_prompt,
        seconds=seconds,
        options=options(told),
    )
    perform(request, told)
