"""`kinora remix`: a clip made again under other words."""

from typing import Annotated

import typer

from kinora.cli.edits import options, perform
from kinora.cli.options import ToldOfSources, films

app = typer.Typer(add_completion=False)


@films(app)
def remix(
    video: Annotated[str, typer.Argument(help="A video or an animation.")],
    prompt: Annotated[str, typer.Argument(help="What it shows instead.")],
    strength: Annotated[float, typer.Option(help="How much changes: above 0, and at 1 all.", metavar="X")] = 0.6,
    mask: Annotated[
        str | None, typer.Option(help="A picture or video, white where things may change.", metavar="FILE")
    ] = None,
    *,
    told: ToldOfSources,
) -> None:
    """Make a clip again under other words.

    With a mask only its white part changes; the rest stays to the bit. Prints the file's path.
    """
    from kinora.engine.edits import Remix

    request = Remix(video=video, prompt=prompt, strength=strength, mask=mask, options=options(told))
    perform(request, told)
