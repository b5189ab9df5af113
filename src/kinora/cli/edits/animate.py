"""`kinora animate`: a picture starts to move."""

from typing import Annotated

import typer

from kinora.cli.edits import (
    AsJson,
    Fit,
    Guidance,
    ModelName,
    Negative,
    Output,
    Preview,
    Seed,
    Size,
    Steps,
    options,
    perform,
)
from kinora.cli.filming import Chat, ChatModel, NoExpand
from kinora.request import DEFAULT_MODEL

app = typer.Typer(add_completion=False)


@app.command()
def animate(
    image: Annotated[str, typer.Argument(help="A picture: PNG, JPEG, WebP, AVIF, ...")],
    prompt: Annotated[str, typer.Argument(help="What happens.")],
    seconds: Annotated[float | None, typer.Option(help="Length.", metavar="S")] = None,
    size: Size = None,
    fit: Fit = "cover",
    seed: Seed = None,
    steps: Steps = None,
    guidance: Guidance = None,
    negative: Negative = "",
    model: ModelName = DEFAULT_MODEL,
    output: Output = None,
    as_json: AsJson = False,
    preview: Preview = False,
    no_expand: NoExpand = False,
    chat: Chat = None,
    chat_model: ChatModel = "",
) -> None:
    """Make a picture move. The first frame of the video is the picture.

    Prints the file's path.
    """
    from kinora.engine.edits import Animate

    told = options(size, fit, seed, steps, guidance, negative, model, preview=preview, no_expand=no_expand)
    request = Animate(image=image, prompt=prompt, seconds=seconds, options=told)
    perform(request, output, as_json=as_json, chat=chat, chat_model=chat_model)
