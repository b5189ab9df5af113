"""`kinora worker`: workers without a server, for one that runs elsewhere."""

import os
from typing import Annotated

import typer

from kinora.errors import InvalidRequest

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    server: Annotated[str | None, typer.Option(help="The server to work for.", metavar="URL")] = None,
    database: Annotated[str | None, typer.Option(help="Or its store, where this machine reaches it.")] = None,
    storage: Annotated[str | None, typer.Option(help="With --database: where files lie.", metavar="DIR|URL")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.", metavar="N")] = None,
    device: Annotated[str | None, typer.Option(help="For example cuda:0,cuda:1 for two workers.")] = None,
) -> None:
    """Work for a server: with --server through its API and a key of role admin, with --database at its store.

    The key stands in KINORA_KEY. Workers may come and go at any time: what they were at waits for another.
    """
    from kinora.serve.running import work
    from kinora.serve.settings import Settings

    if (server is None) == (database is None):
        raise InvalidRequest("kinora worker", rule="needs either --server or --database", remedy="say for whom to work")
    if database is not None and storage is None:
        raise InvalidRequest("--database", rule="needs --storage too", remedy="say where the server's files lie")
    if server is not None and storage is not None:
        raise InvalidRequest("--storage", rule="goes with --database", remedy="leave it out: the server keeps files")
    settings = Settings.read(database=database, storage=storage, workers=workers, device=device)
    work(settings, url=server or "", key=os.environ.get("KINORA_KEY", ""))
