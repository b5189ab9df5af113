"""`kinora fetch`: the weights of an open model come to this machine, once; from then on it works offline."""

from typing import Annotated

import typer

from kinora.errors import UnknownModel

app = typer.Typer(add_completion=False)


@app.command()
def fetch(model: Annotated[str, typer.Argument(help="A model of the catalogue.")]) -> None:
    """Fetch an open model's weights from the Hugging Face hub into its cache, and check them.

    An interrupted download goes on where it stopped. Prints where they lie.
    """
    from kinora.checkpoints import hub
    from kinora.checkpoints.cards import CARDS

    if model not in CARDS:
        remedy = f"there are {', '.join(CARDS)}"
        raise UnknownModel(model, rule="is no open model whose weights can be fetched", remedy=remedy)
    print(hub.fetch(CARDS[model]))
