"""Jobs as workers see them: claimed under a lease that heartbeats renew, ended by whoever holds the token.

    claim = store.claim(hand)                        # a Claim, or None
    store.heartbeat(claim, progress=40, stage="denoise")     # False: cancelled or lost, so stop
    id, path = store.begin_file(claim, "video", "video/mp4")
    store.complete(claim, {"video": asset}, result)  # False: lost meanwhile, and nothing was changed

A worker may be killed between any two of these. Its job waits again as soon as its supervisor sees it dead, or when its
lease runs out; whatever it says afterwards is not heard, because its token is no longer the job's.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from kinora.serve.assets import Asset, new_id
from kinora.serve.store.files import make_ready, pending
from kinora.serve.store.queue import charge, next_job
from kinora.serve.store.rows import Part, end, job_of, of_row, requeue, tell
from kinora.serve.store.tables import AssetRow, InputRow, JobRow, UsageRow, WorkerRow
from kinora.serve.store.values import Claim, Hand, JobError

SEEN = 10.0
"""An idle worker says this often that it is there."""

FORGOTTEN = 300.0
"""Seconds of silence after which a worker is struck from the list."""


class Leases(Part):
    """The store's side towards workers and their supervisors."""

    def claim(self, hand: Hand) -> Claim | None:
        """Take the next job for a worker, or None; either way the worker is known from then on."""
        if self._nothing_to_do(hand):
            return None
        with self.database.write(queue=True) as session:
            now = self.database.now(session)
            row = next_job(session, hand, now)
            token = secrets.token_hex(16)
            if row is not None:
                charge(session, row)
                row.status, row.worker, row.token = "in_progress", hand.id, token
                row.started_at, row.lease_until = now, now + self.rules.lease
                row.attempts += 1
                tell(session, row.id, now, "status", status="in_progress", attempt=row.attempts)
            session.merge(
                WorkerRow(
                    id=hand.id,
                    host=hand.host,
                    pid=hand.pid,
                    born=hand.born,
                    device=hand.device,
                    budget=hand.budget,
                    job_id=row.id if row else None,
                    token=token if row else None,
                    seen_at=now,
                )
            )
            if row is None:
                return None
            inputs = _inputs(session, row.id)
            return Claim(job=job_of(row, {}), token=token, worker=hand.id, inputs=inputs, lease=self.rules.lease)

    def inputs(self, job: str) -> dict[str, Asset]:
        """The files that a job which has not ended reads, by id."""
        with self.database.read() as session:
            return _inputs(session, job)

    def heartbeat(self, claim: Claim, progress: int, stage: str = "") -> bool:
        """Renew the lease and say how far the job is; False if it is no longer the worker's, which then must stop."""
        with self.database.write() as session:
            row = _held(session, claim)
            if row is None:
                return False
            now = self.database.now(session)
            row.lease_until = now + self.rules.lease
            if (row.progress, row.stage) != (progress, stage):
                row.progress, row.stage = progress, stage
                tell(session, row.id, now, "progress", progress=progress, stage=stage)
            session.execute(update(WorkerRow).where(WorkerRow.id == claim.worker).values(seen_at=now))
            return True

    def begin_file(self, claim: Claim, name: str, type: str) -> tuple[str, str] | None:
        """Announce a file of a job, before it is written: its id and where it goes; None if the claim is lost."""
        with self.database.write() as session:
            row = _held(session, claim)
            if row is None:
                return None
            id = new_id()
            suffix = type.partition("/")[2].replace("jpeg", "jpg")
            path = f"jobs/{row.id}/{id}.{suffix}"
            file = pending(id, row.owner, name, path, type, self.database.now(session))
            file.job_id, file.token = row.id, claim.token
            session.add(file)
            return id, path

    def show(self, claim: Claim, asset: Asset, **data: Any) -> bool:
        """Put a preview, a file begun as "preview", in the place of the one before; False if the claim is lost."""
        with self.database.write() as session:
            row = _held(session, claim)
            if row is None:
                return False
            before = (AssetRow.job_id == row.id, AssetRow.name == "preview", AssetRow.state == "ready")
            session.execute(update(AssetRow).where(*before).values(state="doomed"))
            make_ready(session, asset)
            tell(session, row.id, self.database.now(session), "preview", **data)
            return True

    def complete(self, claim: Claim, assets: Mapping[str, Asset], result: Mapping[str, Any]) -> bool:
        """Let the job end well, with its files, and charge for it; False, and nothing is changed, if the claim is lost.

        `result` holds at least frames, seconds and size (WIDTHxHEIGHT), as made.
        """
        with self.database.write() as session:
            row = _held(session, claim)
            if row is None:
                return False
            now = self.database.now(session)
            for asset in assets.values():
                make_ready(session, asset)
            row.result, row.size, row.seconds = dict(result), str(result["size"]), float(result["seconds"])
            if self.rules.retention:
                row.expires_at = now + self.rules.retention
            session.add(
                UsageRow(
                    job_id=row.id,
                    owner=row.owner,
                    kind=row.kind,
                    model=row.model,
                    frames=int(result["frames"]),
                    seconds=row.seconds,
                    completed_at=now,
                )
            )
            end(session, row, now, None)
            _idle(session, claim.worker, now)
            return True

    def fail(self, claim: Claim, code: str, message: str) -> bool:
        """Let the job end badly; False, and nothing is changed, if the claim is lost."""
        with self.database.write() as session:
            row = _held(session, claim)
            now = self.database.now(session)
            _idle(session, claim.worker, now)
            if row is not None:
                end(session, row, now, JobError(code, message))
            return row is not None

    def idle(self, worker: str) -> None:
        """Say that a worker no longer works at what it lost."""
        with self.database.write() as session:
            _idle(session, worker, self.database.now(session))

    def lost(self, worker: str, *, fault: bool, error: JobError | None = None) -> None:
        """A worker is dead. Its job waits again, or fails with `error`; `fault` says that the job may be to blame."""
        with self.database.write() as session:
            now = self.database.now(session)
            query = select(JobRow).where(JobRow.worker == worker, JobRow.status == "in_progress").with_for_update()
            for row in session.scalars(query):
                if error is None:
                    requeue(session, row, now, fault=fault, rules=self.rules)
                else:
                    end(session, row, now, error)
            session.execute(delete(WorkerRow).where(WorkerRow.id == worker))

    def release_expired(self) -> int:
        """Let jobs wait again whose workers have been silent for longer than their lease; count them."""
        with self.database.write(queue=True) as session:
            now = self.database.now(session)
            query = select(JobRow).where(JobRow.status == "in_progress", JobRow.lease_until < now)
            rows = session.scalars(query.with_for_update()).all()
            for row in rows:
                requeue(session, row, now, fault=False, rules=self.rules)
            session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - FORGOTTEN))
            return len(rows)

    def hands(self, ids: Iterable[str] | None = None) -> list[Hand]:
        """The workers of these ids, or all."""
        query = select(WorkerRow) if ids is None else select(WorkerRow).where(WorkerRow.id.in_(list(ids)))
        with self.database.read() as session:
            return [of_row(Hand, row) for row in session.scalars(query)]

    def _nothing_to_do(self, hand: Hand) -> bool:
        """Whether no job waits and the worker is known to be idle: asking again and again should cost no write."""
        with self.database.read() as session:
            if session.scalar(select(JobRow.seq).where(JobRow.status == "queued").limit(1)) is not None:
                return False
            known = session.get(WorkerRow, hand.id)
            return known is not None and known.job_id is None and known.seen_at > self.database.now(session) - SEEN

    def overtaken(self, workers: Iterable[str]) -> set[str]:
        """Those of the workers that are at a job which is no longer theirs: cancelled, deleted, given to another."""
        query = (
            select(WorkerRow.id)
            .outerjoin(JobRow, (JobRow.id == WorkerRow.job_id) & (JobRow.token == WorkerRow.token))
            .where(WorkerRow.id.in_(list(workers)), WorkerRow.job_id.is_not(None), JobRow.id.is_(None))
        )
        with self.database.read() as session:
            return set(session.scalars(query))


def _inputs(session: Session, job: str) -> dict[str, Asset]:
    files = select(AssetRow).join(InputRow, InputRow.asset_id == AssetRow.id).where(InputRow.job_id == job)
    return {file.id: of_row(Asset, file) for file in session.scalars(files)}


def _held(session: Session, claim: Claim) -> JobRow | None:
    """The claim's job, locked, if it still is the worker's."""
    mine = (JobRow.id == claim.job.id, JobRow.token == claim.token, JobRow.status == "in_progress")
    return session.scalar(select(JobRow).where(*mine).with_for_update())


def _idle(session: Session, worker: str, now: float) -> None:
    session.execute(update(WorkerRow).where(WorkerRow.id == worker).values(job_id=None, token=None, seen_at=now))
