"""`kinora blend`: one clip turns into another."""

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
def blend(
    first: Annotated[str, typer.Argument(help="The clip to start with.")],
    second: Annotated[str, typer.Argument(help="The clip to end with.")],
    first_prompt: Annotated[str, typer.Option(help="What the first clip shows.", metavar="TEXT")] = "",
    second_prompt: Annotated[str, typer.Option(help="What the second clip shows.", metavar="TEXT")] = "",
    seconds: Annotated[
        float | None, typer.Option(help="Length of the transition, taken from both.", metavar="S")
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
    """Let one clip turn into another where they overlap.

    Before and after the transition both stay as they are. Prints the file's path.
    """
    from kinora.engine.edits import Blend

    told = options(size, fit, seed, steps, guidance, negative, model, preview=preview, no_expand=no_expand)
    request = Blend(
        first=first,
        second=second,
        first_prompt=first_prompt,
        second_prompt=second_prompt,
        seconds=seconds,
        options=told,
    )
    perform(request, output, as_json=as_json, chat=chat, chat_model=chat_model)
