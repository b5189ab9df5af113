"""What the store holds: jobs, the files of jobs, and what is owed for them. Times are seconds since 1970, UTC.

One metadata for everything the server keeps. Accounts, webhooks and the like have their tables in modules beside this
one, `tables_*.py`; `metadata()` reads them all.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Sequence = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database counts up (SQLite does so for INTEGER only)."""


class Row(DeclarativeBase):
    """Root of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: JSON}


class JobRow(Row):
    """One request and what became of it. `seq` orders jobs as they were accepted.

    worker, token, lease_until: who is at it; only who knows the token may say what became of it.
    attempts: how often a worker began it. faults: how often a worker died of it while its supervisor lived.
    announced: whether what became of it has been handed to the webhooks.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "status", "owner"), Index(None, "owner", "seq"), Index(None, "worker"))

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    owner: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    request: Mapped[dict[str, Any]]
    model: Mapped[str] = mapped_column(String(255))
    size: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[float]
    prompt: Mapped[str | None] = mapped_column(Text)
    remixed_from: Mapped[str | None] = mapped_column(String(64))
    memory: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[str] = mapped_column(String(16), default="queued")
    progress: Mapped[int] = mapped_column(default=0)
    stage: Mapped[str] = mapped_column(String(16), default="")
    created_at: Mapped[float]
    queued_at: Mapped[float]
    started_at: Mapped[float | None]
    completed_at: Mapped[float | None] = mapped_column(index=True)
    expires_at: Mapped[float | None] = mapped_column(index=True)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    faults: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(128))
    token: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[float | None]
    announced: Mapped[bool] = mapped_column(default=False, index=True)


class AssetRow(Row):
    """A file in the asset store; it is entered before it is written, so that none can be forgotten.

    state: "pending" while it is written for the claim `token`, "ready" once it is whole, "doomed" when it may go.
    job_id: the job that made it, or None for what was uploaded. name: "video", "thumbnail", "spritesheet", "upload"...
    """

    __tablename__ = "assets"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str | None] = mapped_column(String(64), index=True)
    token: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(String(512))
    type: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(16), index=True)
    created_at: Mapped[float]


class InputRow(Row):
    """A file that a job reads: it stays until the job has ended."""

    __tablename__ = "job_inputs"

    job_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    asset_id: Mapped[str] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, index=True)


class UsageRow(Row):
    """What a finished job is charged with: its key is the job's, so that none is charged twice. It outlives the job."""

    __tablename__ = "usage"
    __table_args__ = (Index(None, "owner", "completed_at"),)

    job_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(255))
    frames: Mapped[int]
    seconds: Mapped[float]
    completed_at: Mapped[float]


class IdempotencyRow(Row):
    """A request that its sender may repeat: the same key gives the same job."""

    __tablename__ = "idempotency"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float] = mapped_column(index=True)


class TurnRow(Row):
    """How much work of an owner has been begun, for fairness (`serve.store.queue`). Owner "" is the queue's clock."""

    __tablename__ = "turns"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    begun: Mapped[float]


class EventRow(Row):
    """Something that happened to a job, for those who watch it: "status", "progress" or "preview"."""

    __tablename__ = "job_events"
    __table_args__ = (Index(None, "job_id", "seq"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[float]
    kind: Mapped[str] = mapped_column(String(16))
    data: Mapped[dict[str, Any]]


class WorkerRow(Row):
    """A worker process, on any machine. `job_id` and `token`: what it is at, which a supervisor compares with the jobs.

    pid and born (when the process was started) tell on `host` whether it still lives.
    """

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    host: Mapped[str] = mapped_column(String(255), index=True)
    pid: Mapped[int]
    born: Mapped[float]
    device: Mapped[str] = mapped_column(String(64), default="")
    budget: Mapped[int] = mapped_column(BigInteger, default=0)
    job_id: Mapped[str | None] = mapped_column(String(64))
    token: Mapped[str | None] = mapped_column(String(64))
    seen_at: Mapped[float] = mapped_column(index=True)


class CharacterRow(Row):
    """Somebody who can be named in prompts, with the clip that shows them."""

    __tablename__ = "characters"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(Text, default="")
    asset_id: Mapped[str | None] = mapped_column(ForeignKey("assets.id", ondelete="SET NULL"))
    consent: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[float]


def metadata() -> MetaData:
    """Every table there is, those of the modules beside this one too."""
    import kinora.serve.store as package

    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("tables"):
            import_module(f"{package.__name__}.{module.name}")
    return Row.metadata
