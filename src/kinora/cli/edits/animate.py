"""`kinora animate`: a picture starts to move."""

from typing import Annotated

import typer

from kinora.cli.edits import options, perform
from kinora.cli.options import ToldOfSources, films

app = typer.Typer(add_completion=False)


@films(app)
def animate(
    image: Annotated[str, typer.Argument(help="A picture: PNG, JPEG, WebP, AVIF, ...")],
    prompt: Annotated[str, typer.Argument(help="What happens.")],
    seconds: Annotated[float | None, typer.Option(help="Length.", metavar="S")] = None,
    *,
    told: ToldOfSources,
) -> None:
    """Make a picture move. The first frame of the video is the picture.

    Prints the file's path.
    """
    from kinora.engine.edits import Animate

    request = Animate(image=image, prompt=prompt, seconds=seconds, options=options(told))
    perform(request, told)
