"""What the parts of the store share: rows become values, jobs end, watchers are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from kinora.request import Real
from kinora.serve.assets import Asset
from kinora.serve.store.database import Database
from kinora.serve.store.tables import AssetRow, EventRow, InputRow, JobRow
from kinora.serve.store.values import Job, JobError

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the queue allows. Times in seconds; `retention` 0 keeps files until they are deleted.

    waiting, waiting_each: jobs that may wait, of all and of one owner. lease: how long a worker may be silent.
    faults: how many workers may die of one job. attempts: how often it may be begun in all, machines that vanish with
    their worker included.
    """

    waiting: int = 1000
    waiting_each: int = 200
    lease: Real = 30.0
    faults: int = 3
    attempts: int = 30
    retention: Real = 0.0
    repeats: Real = 86_400.0


@dataclass(frozen=True)
class Part:
    """A part of the store: the database and the queue's rules."""

    database: Database
    rules: Rules = field(default_factory=Rules)


def of_row(kind: type[Value], row: object, **other: Any) -> Value:
    """A row as a value (a dataclass) whose fields have the names of its columns, but for `other`."""
    same = (one.name for one in fields(kind) if one.name not in other)  # type: ignore[arg-type]
    return kind(**{name: getattr(row, name) for name in same}, **other)


def job_of(row: JobRow, assets: Mapping[str, Asset]) -> Job:
    """A job's row as a value."""
    error = None if row.error_code is None else JobError(row.error_code, row.error_message or "")
    return of_row(Job, row, error=error, assets=assets)


def jobs_of(session: Session, rows: Sequence[JobRow]) -> list[Job]:
    """Rows as values, with their files."""
    made: dict[str, dict[str, Asset]] = defaultdict(dict)
    ids = [row.id for row in rows if row.status != "queued"]
    if ids:
        for file in session.scalars(select(AssetRow).where(AssetRow.job_id.in_(ids), AssetRow.state == "ready")):
            made[file.job_id or ""][file.name] = of_row(Asset, file)
    return [job_of(row, made[row.id]) for row in rows]


def tell(session: Session, job_id: str, now: float, kind: str, **data: Any) -> None:
    """Enter an event for those who watch a job."""
    session.add(EventRow(job_id=job_id, at=now, kind=kind, data=data))


def end(session: Session, row: JobRow, now: float, error: JobError | None) -> None:
    """Let a job end: it fails with `error`, or is complete. What was only there while it ran may go."""
    row.status = "completed" if error is None else "failed"
    row.completed_at = now
    row.stage = ""
    row.worker = row.token = row.lease_until = None
    if error is None:
        row.progress = 100
        tell(session, row.id, now, "status", status=row.status)
    else:
        row.error_code, row.error_message = error.code, error.message
        tell(session, row.id, now, "status", status=row.status, code=error.code)
    doom_passing(session, row.id)
    session.execute(delete(InputRow).where(InputRow.job_id == row.id))


def requeue(session: Session, row: JobRow, now: float, *, fault: bool, rules: Rules) -> None:
    """Let a job that lost its worker wait again, unless it has lost too many."""
    if fault:
        row.faults += 1
    if row.faults >= rules.faults or row.attempts >= rules.attempts:
        message = f"Its worker died {row.attempts} times; the job was given up."
        end(session, row, now, JobError("generation_failed", message))
        return
    row.status, row.progress, row.stage, row.queued_at = "queued", 0, "", now
    row.worker = row.token = row.lease_until = None
    doom_passing(session, row.id)
    tell(session, row.id, now, "status", status="queued")


def doom_passing(session: Session, job_id: str) -> None:
    """Let previews go, and files that were being written when their job's worker was lost."""
    passing = (AssetRow.state == "pending") | ((AssetRow.name == "preview") & (AssetRow.state == "ready"))
    session.execute(update(AssetRow).where(AssetRow.job_id == job_id, passing).values(state="doomed"))
