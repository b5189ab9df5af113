"""What the store gives out: jobs, claims and events as plain values, and the errors of the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kinora.errors import KinoraError
from kinora.request import Real
from kinora.serve.assets import Asset

Kind = Literal["generate", "remix", "edit", "extend", "blend", "loop", "story", "image"]
Status = Literal["queued", "in_progress", "completed", "failed"]

ENDED = ("completed", "failed")


@dataclass(frozen=True)
class JobError:
    """Why a job failed: a code for programs ("moderation_blocked", "out_of_memory", ...) and words for people."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One request and what became of it. `owner` is a key's id, or "local"; times are seconds since 1970, UTC.

    request: normalised JSON, the one thing a worker needs (see `serve.schemas.order`). size is WIDTHxHEIGHT.
    assets: "video", "thumbnail", "spritesheet", or "image"; while it runs perhaps "preview".
    result: frames, fps, seed, steps, timings, watermark, verdict.
    """

    id: str
    owner: str
    kind: Kind
    request: Mapping[str, Any]
    model: str
    size: str
    seconds: Real
    status: Status
    progress: int
    stage: str
    created_at: float
    started_at: float | None
    completed_at: float | None
    expires_at: float | None
    prompt: str | None
    remixed_from: str | None
    error: JobError | None
    assets: Mapping[str, Asset] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A checked and screened request. `inputs`: ids of the stored files that it reads. `memory`: bytes predicted."""

    owner: str
    kind: Kind
    request: Mapping[str, Any]
    model: str
    size: str
    seconds: Real
    prompt: str | None = None
    remixed_from: str | None = None
    inputs: tuple[str, ...] = ()
    memory: int = 0


@dataclass(frozen=True)
class Idempotency:
    """A key that the sender chose for a request, and the request's hash, to tell a repeat from a mistake."""

    key: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job that a worker has taken. Who holds `token` may say what becomes of it, until the lease runs out."""

    job: Job
    token: str
    worker: str
    inputs: Mapping[str, Asset] = field(default_factory=dict)
    lease: Real = 0.0


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job: "status", "progress" or "preview"; `seq` counts up."""

    seq: int
    at: float
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Hand:
    """A worker as the store knows it. `budget`: bytes that all jobs on its host may take together, 0 for no limit."""

    id: str
    host: str
    pid: int
    born: float
    device: str = ""
    budget: int = 0
    job_id: str | None = None
    token: str | None = None
    seen_at: float = 0.0


class QueueFull(KinoraError):  # noqa: N818 - the names are read at `except`
    """As many jobs wait as may; `retry_after` is when there should be room, in seconds."""

    def __init__(self, waiting: int, retry_after: int, *, own: bool) -> None:
        whose = "of yours " if own else ""
        remedy = f"try again in {retry_after} s"
        super().__init__(f"{waiting} jobs {whose}are waiting", rule="the queue is full", remedy=remedy)
        self.retry_after = retry_after


class IdempotencyConflict(KinoraError):  # noqa: N818
    """The same idempotency key came with another request."""
