"""`kinora join`: new video leads from one clip to another."""

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
def join(
    first: Annotated[str, typer.Argument(help="The clip to start with.")],
    second: Annotated[str, typer.Argument(help="The clip to end with.")],
    prompt: Annotated[str, typer.Option(help="What happens in between.", metavar="TEXT")] = "",
    seconds: Annotated[float | None, typer.Option(help="Length of what lies in between.", metavar="S")] = None,
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
    """Put new video between two clips, from the end of the first to the start of the second.

    Both clips stay as they are. Prints the file's path.
    """
    from kinora.engine.edits import Join

    told = options(size, fit, seed, steps, guidance, negative, model, preview=preview, no_expand=no_expand)
    request = Join(first=first, second=second, prompt=prompt, seconds=seconds, options=told)
    perform(request, output, as_json=as_json, chat=chat, chat_model=chat_model)
