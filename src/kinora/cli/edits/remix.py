"""`kinora remix`: a clip made again under other words."""

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
def remix(
    video: Annotated[str, typer.Argument(help="A video or an animation.")],
    prompt: Annotated[str, typer.Argument(help="What it shows instead.")],
    strength: Annotated[float, typer.Option(help="How much changes: above 0, and at 1 all.", metavar="X")] = 0.6,
    mask: Annotated[
        str | None, typer.Option(help="A picture or video, white where things may change.", metavar="FILE")
    ] = None,
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
    """Make a clip again under other words.

    With a mask only its white part changes; the rest stays to the bit. Prints the file's path.
    """
    from kinora.engine.edits import Remix

    told = options(size, fit, seed, steps, guidance, negative, model, preview=preview, no_expand=no_expand)
    request = Remix(video=video, prompt=prompt, strength=strength, mask=mask, options=told)
    perform(request, output, as_json=as_json, chat=chat, chat_model=chat_model)
