"""`kinora generate`: a sentence becomes a video file, written while it is made, and its path is printed."""

from typing import Annotated

import typer

from kinora.cli.filming import film_shot
from kinora.cli.options import Told, films
from kinora.request import Shot

app = typer.Typer(add_completion=False)


@films(app)
def generate(
    prompt: Annotated[str, typer.Argument(help="What the video shows.")],
    seconds: Annotated[float | None, typer.Option(help="Length.", metavar="S")] = None,
    fps: Annotated[int | None, typer.Option(help="Frames a second.", metavar="F")] = None,
    *,
    told: Told,
) -> None:
    """Turn a sentence into a video.

    Whatever is left out takes the model's own default. What the model reads, where it is not the prompt itself, is
    shown on the error stream. Prints the file's path.
    """
    film_shot(Shot(prompt, seconds=seconds, size=told.pixels, fps=fps, **told.sampling), told, extension=".mp4")
