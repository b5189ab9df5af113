"""Whose job is next: everybody gets the same share of the workers, however many jobs they queue.

Start-time fair queueing (Goyal, Vin & Cheng 1996): each owner has begun so much work; next comes the oldest job of
whoever has begun least. Who was away gets no credit for it: they start at the queue's clock, the tag of the last job
begun. Work is counted in megapixels times seconds of video, so that a minute of video costs what fifteen clips of four
seconds do.
"""

from __future__ import annotations

import math

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kinora.grid import parse_size
from kinora.serve.store.tables import JobRow, TurnRow, WorkerRow
from kinora.serve.store.values import Hand

PATIENCE = 30.0
"""Seconds after which a job too large for the memory that is free is no longer overtaken by smaller ones."""

CLOCK = ""
"""The owner in whose row of turns the queue's clock stands: nobody's name."""

SAMPLE = 20
"""Finished jobs by which is judged how long one takes."""

LONGEST_WAIT = 300
"""Seconds after which a client is told to try again at the latest."""


def next_job(session: Session, hand: Hand, now: float) -> JobRow | None:
    """The job that `hand` should begin; None if there is none, or none that its host has memory for."""
    begun = dict(session.execute(select(TurnRow.owner, TurnRow.begun)).all())
    clock = begun.get(CLOCK, 0.0)
    oldest = select(func.min(JobRow.seq)).where(JobRow.status == "queued").group_by(JobRow.owner)
    heads = session.scalars(select(JobRow).where(JobRow.seq.in_(oldest))).all()
    free = hand.budget - _taken(session, hand.host) if hand.budget else math.inf
    for row in sorted(heads, key=lambda row: (max(begun.get(row.owner, 0.0), clock), row.seq)):
        if row.memory <= free:
            return row
        if row.memory <= hand.budget and now - row.queued_at > PATIENCE:
            return None
    return None


def charge(session: Session, row: JobRow) -> None:
    """Enter that a job of an owner was begun; one that is begun again costs nothing."""
    if row.attempts:
        return
    own, clock = session.get(TurnRow, row.owner), session.get(TurnRow, CLOCK)
    tag = max(own.begun if own else 0.0, clock.begun if clock else 0.0)
    session.merge(TurnRow(owner=row.owner, begun=tag + work(row)))
    session.merge(TurnRow(owner=CLOCK, begun=tag))


def work(row: JobRow) -> float:
    """What a job costs, in megapixels times seconds."""
    height, width = parse_size(row.size)
    return max(row.seconds, 0.1) * height * width / 1e6


def retry_after(session: Session) -> int:
    """In how many seconds there should be room for one more job: as long as a worker takes for one, roughly."""
    recent = select(JobRow.started_at, JobRow.completed_at).where(JobRow.status == "completed")
    spent = [
        done - begun
        for begun, done in session.execute(recent.order_by(JobRow.seq.desc()).limit(SAMPLE))
        if begun is not None and done is not None
    ]
    workers = session.scalar(select(func.count()).select_from(WorkerRow)) or 1
    each = sum(spent) / len(spent) if spent else 10.0
    return max(1, min(LONGEST_WAIT, math.ceil(each / max(1, workers))))


def _taken(session: Session, host: str) -> int:
    here = select(WorkerRow.id).where(WorkerRow.host == host)
    query = select(func.sum(JobRow.memory)).where(JobRow.status == "in_progress", JobRow.worker.in_(here))
    return int(session.scalar(query) or 0)
