"""`kinora image`: a sentence becomes one picture, and its path is printed."""

from typing import Annotated

import typer

from kinora.cli.filming import film_shot
from kinora.cli.options import Told, films
from kinora.errors import OutputError
from kinora.request import Shot

app = typer.Typer(add_completion=False)

EXTENSIONS = (".png", ".webp", ".jpg", ".jpeg")


@films(app)
def image(prompt: Annotated[str, typer.Argument(help="What the picture shows.")], *, told: Told) -> None:
    """Turn a sentence into a picture.

    Whatever is left out takes the model's own default. What the model reads, where it is not the prompt itself, is
    shown on the error stream. Prints the file's path.
    """
    shot = Shot(prompt, size=told.pixels, **told.sampling)
    if told.output is not None and told.output.suffix.lower() not in EXTENSIONS:
        rule, remedy = "a picture is .png, .webp or .jpg", "for a video use kinora generate"
        raise OutputError(told.output, rule=rule, remedy=remedy)
    from kinora.engine.api import still

    film_shot(still(shot), told, extension=".png")
