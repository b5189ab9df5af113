"""`kinora jobs`: what a server has to do, is doing and has done. Works at the server's store."""

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kinora.errors import InvalidRequest

if TYPE_CHECKING:
    from kinora.serve.store.jobs import JobStore
    from kinora.serve.store.values import Job

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show, cancel and delete jobs of a server.")

Database = Annotated[str | None, typer.Option(help="The server's store.", metavar="FILE|URL")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobId = Annotated[str, typer.Argument(help="Its id, video_...")]
StatusName = Literal["queued", "in_progress", "completed", "failed"]

PAGE = 200

WIDE = 200
"""Columns of a table that goes into a file or another program."""


@app.command("list")
def list_jobs(
    status: Annotated[StatusName | None, typer.Option(help="Only those.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only those of a key.", metavar="KEY_ID")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", metavar="N")] = 20,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show jobs, newest first. Prompts are left out: `show` has them."""
    found: list[Job] = []
    store, after, more = _store(database), None, True
    while more and len(found) < limit:
        page, more = store.page(owner, after, PAGE)
        after = page[-1].id if page else None
        found += [job for job in page if status is None or job.status == status]
    found = found[:limit]
    if as_json:
        print(json.dumps([_told(job) for job in found]))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "owner", "kind", "model", "size", "seconds", "status", "%", "waited", "took", "error", box=None)
    for job in found:
        ended = job.completed_at or (time.time() if job.started_at else None)
        waited = (job.started_at or job.completed_at or time.time()) - job.created_at
        took = f"{ended - job.started_at:.0f} s" if ended and job.started_at else "-"
        error = job.error.code if job.error else ""
        numbers = (job.size, f"{job.seconds:g}", job.status, str(job.progress), f"{waited:.0f} s", took)
        table.add_row(job.id, job.owner, job.kind, job.model, *numbers, error)
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    console.print(table)
    counts = store.counts()
    console.print(", ".join(f"{counts.get(one, 0)} {one}" for one in ("queued", "in_progress", "completed", "failed")))


@app.command()
def show(job: JobId, database: Database = None) -> None:
    """Print one job as JSON, with its prompt and what has happened to it."""
    store = _store(database)
    found = _found(store, job)
    events = [{"at": one.at, "kind": one.kind, **one.data} for one in store.events(job, limit=1000)]
    details = {"prompt": found.prompt, "request": found.request, "result": found.result, "events": events}
    print(json.dumps({**_told(found), **details}, indent=2))


@app.command()
def cancel(job: JobId, database: Database = None) -> None:
    """Stop a job that waits or runs; whoever asked for it sees it failed, with the code cancelled."""
    store = _store(database)
    before = _found(store, job)
    if before.ended:
        raise InvalidRequest(job, rule=f"is {before.status} already", remedy="`kinora jobs delete` removes it")
    store.cancel(job)
    print(f"{job} is cancelled")


@app.command()
def delete(job: JobId, database: Database = None) -> None:
    """Remove a job, stopping it if it runs. The running server removes its files within a minute."""
    store = _store(database)
    _found(store, job)
    store.delete(job)
    print(f"{job} is deleted")


def _store(database: str | None) -> "JobStore":
    from kinora.serve.settings import Settings
    from kinora.serve.store.database import Database
    from kinora.serve.store.jobs import JobStore

    settings = Settings.read(database=database)
    opened = Database(settings.database)
    opened.upgrade()
    return JobStore(opened, settings.rules)


def _found(store: "JobStore", job: str) -> "Job":
    found = store.get(job)
    if found is None:
        raise InvalidRequest(job, rule="there is no such job", remedy="`kinora jobs list` shows them")
    return found


def _told(job: "Job") -> dict[str, Any]:
    return {
        "id": job.id,
        "owner": job.owner,
        "kind": job.kind,
        "model": job.model,
        "size": job.size,
        "seconds": job.seconds,
        "status": job.status,
        "progress": job.progress,
        "stage": job.stage,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "expires_at": job.expires_at,
        "attempts": job.attempts,
        "error": None if job.error is None else {"code": job.error.code, "message": job.error.message},
        "assets": {name: {"path": one.path, "bytes": one.bytes} for name, one in job.assets.items()},
    }
