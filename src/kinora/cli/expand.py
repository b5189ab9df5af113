"""`kinora expand`: what the model would read for a prompt, without filming it."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from kinora.cli.filming import Chat, ChatModel, chosen_expander
from kinora.request import DEFAULT_MODEL

app = typer.Typer(add_completion=False)


@app.command()
def expand(
    prompt: Annotated[str, typer.Argument(help="What the video shows.")],
    seconds: Annotated[float | None, typer.Option(help="Length.", metavar="S")] = None,
    model: Annotated[str, typer.Option(help="A model's name or directory.", metavar="NAME")] = DEFAULT_MODEL,
    chat: Chat = None,
    chat_model: ChatModel = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what the model would read for a prompt, and on the error stream what was lost or chosen."""
    from kinora.engine.stories.api import expand as expanded

    expansion = expanded(prompt, seconds=seconds, model=model, expander=chosen_expander(chat, chat_model, False))
    if as_json:
        print(json.dumps({"prompt_asked": prompt, **asdict(expansion)}, ensure_ascii=False))
        return
    print(expansion.prompt)
    for note in expansion.notes:
        print(f"kinora: {note}", file=sys.stderr)
