"""`kinora serve`: the server with its workers."""

import sys
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", metavar="H")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", metavar="N")] = None,
    storage: Annotated[str | None, typer.Option(help="Where files lie.", metavar="DIR|URL")] = None,
    database: Annotated[str | None, typer.Option(help="Where jobs lie.", metavar="FILE|URL")] = None,
    model: Annotated[str | None, typer.Option(help="Who makes what names no model.", metavar="NAME")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; 0 for none here.", metavar="N")] = None,
    device: Annotated[str | None, typer.Option(help="For example cuda:0,cuda:1 for two workers.")] = None,
    ray: Annotated[str | None, typer.Option(help="A Ray cluster that works instead.", metavar="ADDRESS")] = None,
    keys: Annotated[bool | None, typer.Option("--keys", help="Ask every request for a key.")] = None,
    policy: Annotated[str | None, typer.Option(help="A profile of the guard, or a TOML file.")] = None,
    retention: Annotated[
        float | None, typer.Option(help="Seconds that finished files stay; 0 for ever.", metavar="S")
    ] = None,
) -> None:
    """Serve the Sora API: /v1/videos and what belongs to it.

    Whatever is left out comes from KINORA_* variables (docs/server.md lists them all). Without keys the server listens
    on loopback only and takes any bearer token. SIGTERM lets running jobs end first.
    """
    from kinora.serve.running import lacking
    from kinora.serve.running import serve as run
    from kinora.serve.settings import Settings

    settings = Settings.read(
        host=host,
        port=port,
        storage=storage,
        database=database,
        model=model,
        workers=workers,
        device=device,
        ray=ray,
        keys=keys,
        policy=policy,
        retention=retention,
    )
    if not settings.keys:
        print("no keys: only this machine can connect, and any bearer token will do", file=sys.stderr)
    for missing in lacking(settings):
        print(f"kinora: warning: {missing}", file=sys.stderr)
    print(f"http://{settings.host}:{settings.port}/v1", file=sys.stderr)
    run(settings)
