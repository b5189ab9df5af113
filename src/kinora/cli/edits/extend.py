"""`kinora extend`: a clip goes on, or begins earlier."""

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
def extend(
    video: Annotated[str, typer.Argument(help="A video or an animation.")],
    prompt: Annotated[str, typer.Argument(help="What happens in the new part.")] = "",
    seconds: Annotated[float | None, typer.Option(help="Length of the new part.", metavar="S")] = None,
    direction: Annotated[str, typer.Option(help="forward or backward.", metavar="HOW")] = "forward",
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
    """Add new video after a clip, or before it.

    The clip itself stays as it is. Without a prompt it goes on by what is seen. Prints the file's path.
    """
    from kinora.engine.edits import Extend

    told = options(size, fit, seed, steps, guidance, negative, model, preview=preview, no_expand=no_expand)
    request = Extend(video=video, prompt=prompt, seconds=seconds, direction=direction, options=told)
    perform(request, output, as_json=as_json, chat=chat, chat_model=chat_model)
