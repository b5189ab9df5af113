"""Jobs as those see them who ask for them.

    store = JobStore(database, Rules(waiting=1000))
    job = store.add(NewJob(owner="local", kind="generate", request={...}, model=..., size=..., seconds=4))
    store.get(job.id, "local"); store.page("local"); store.cancel(job.id, "local"); store.delete(job.id, "local")

`owner` None stands for everybody's jobs. What workers do with jobs is in `leases`, what becomes of files in `files`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kinora.errors import InvalidRequest
from kinora.serve.store.files import Files
from kinora.serve.store.ids import moment_of, new_id
from kinora.serve.store.leases import Leases
from kinora.serve.store.queue import retry_after
from kinora.serve.store.rows import end, jobs_of, tell
from kinora.serve.store.tables import AssetRow, EventRow, IdempotencyRow, InputRow, JobRow
from kinora.serve.store.values import (
    ENDED,
    Idempotency,
    IdempotencyConflict,
    Job,
    JobError,
    JobEvent,
    NewJob,
    QueueFull,
)

Check = Callable[[Session], None]

__all__ = ["JobStore"]

CANCELLED = JobError("cancelled", "The job was cancelled.")


class JobStore(Leases, Files):
    """The whole store: what is asked, what workers take, what lies in files."""

    def add(self, new: NewJob, *, idempotency: Idempotency | None = None, check: Check | None = None) -> Job:
        """Accept a job, or return the one that the same key brought before.

        `check` runs in the same transaction and raises what speaks against it (a quota), so that two requests at once
        can't both be the last allowed. Raises QueueFull, IdempotencyConflict, or InvalidRequest when a file that it
        reads is gone.
        """
        return self.add_all([(new, idempotency)], check=check)[0]

    def add_all(self, asked: Sequence[tuple[NewJob, Idempotency | None]], *, check: Check | None = None) -> list[Job]:
        """The same for several jobs, each with its own key if it has one: all are accepted, or none."""
        with self.database.write(queue=True) as session:
            return [self._added(session, new, idempotency, check) for new, idempotency in asked]

    def get(self, id: str, owner: str | None = None) -> Job | None:
        """A job, or None if there is none of that id and owner."""
        with self.database.read() as session:
            row = _find(session, id, owner)
            return None if row is None else jobs_of(session, [row])[0]

    def page(
        self,
        owner: str | None,
        after: str | None = None,
        limit: int = 20,
        order: Literal["asc", "desc"] = "desc",
        *,
        pictures: bool = True,
    ) -> tuple[list[Job], bool]:
        """Jobs in the order of their coming, from the one after `after` on, and whether there are more.

        An `after` that is gone, or another's, stands for the moment that its id says.
        pictures: those for /v1/images too, which are there while somebody waits for the answer.
        """
        query = select(JobRow) if owner is None else select(JobRow).where(JobRow.owner == owner)
        if not pictures:
            query = query.where(JobRow.kind != "image")
        with self.database.read() as session:
            if after is not None:
                row, moment = _find(session, after, owner), moment_of(after)
                if row is not None:
                    query = query.where(JobRow.seq > row.seq if order == "asc" else JobRow.seq < row.seq)
                elif moment is not None:
                    query = query.where(JobRow.created_at > moment if order == "asc" else JobRow.created_at < moment)
                else:
                    return [], False
            query = query.order_by(JobRow.seq if order == "asc" else JobRow.seq.desc()).limit(limit + 1)
            rows = session.scalars(query).all()
            return jobs_of(session, rows[:limit]), len(rows) > limit

    def cancel(self, id: str, owner: str | None = None) -> Job | None:
        """End a job that has not ended; its worker is stopped within moments. None if there is none."""
        with self.database.write() as session:
            row = _find(session, id, owner, lock=True)
            if row is None:
                return None
            if row.status not in ENDED:
                end(session, row, self.database.now(session), CANCELLED)
                session.flush()
            return jobs_of(session, [row])[0]

    def delete(self, id: str, owner: str | None = None) -> bool:
        """Remove a job and its files, stopping it if it runs. Whether there was one."""
        with self.database.write() as session:
            row = _find(session, id, owner, lock=True)
            if row is None:
                return False
            session.execute(update(AssetRow).where(AssetRow.job_id == id).values(state="doomed"))
            session.execute(delete(InputRow).where(InputRow.job_id == id))
            session.execute(delete(EventRow).where(EventRow.job_id == id))
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.job_id == id))
            session.delete(row)
            return True

    def events(self, id: str, since: int = 0, limit: int = 100) -> list[JobEvent]:
        """What happened to a job after event `since`, in order."""
        query = select(EventRow).where(EventRow.job_id == id, EventRow.seq > since).order_by(EventRow.seq).limit(limit)
        with self.database.read() as session:
            return [JobEvent(row.seq, row.at, row.kind, row.data) for row in session.scalars(query)]

    def counts(self) -> dict[str, int]:
        """How many jobs there are of each status."""
        with self.database.read() as session:
            found = session.execute(select(JobRow.status, func.count()).group_by(JobRow.status))
            return dict(found.all())

    def unannounced(self, session: Session, limit: int = 100) -> list[Job]:
        """Ended jobs whose end nobody was told yet, within the caller's transaction, which then marks them."""
        query = select(JobRow).where(~JobRow.announced, JobRow.status.in_(ENDED)).order_by(JobRow.seq).limit(limit)
        return jobs_of(session, session.scalars(query.with_for_update(skip_locked=True)).all())

    def mark_announced(self, session: Session, ids: list[str]) -> None:
        """Enter that the ends of these jobs have been told."""
        session.execute(update(JobRow).where(JobRow.id.in_(ids)).values(announced=True))

    def _added(self, session: Session, new: NewJob, idempotency: Idempotency | None, check: Check | None) -> Job:
        now = self.database.now(session)
        if idempotency is not None and (repeated := self._repeated(session, new.owner, idempotency, now)):
            return repeated
        self._check_room(session, new.owner)
        _check_inputs(session, new.inputs)
        if check is not None:
            check(session)
        row = _queued(new, now)
        session.add(row)
        session.add_all(InputRow(job_id=row.id, asset_id=asset) for asset in dict.fromkeys(new.inputs))
        if idempotency is not None:
            key, fingerprint = idempotency.key, idempotency.fingerprint
            session.add(
                IdempotencyRow(owner=new.owner, key=key, fingerprint=fingerprint, job_id=row.id, created_at=now)
            )
        tell(session, row.id, now, "status", status="queued")
        session.flush()
        return jobs_of(session, [row])[0]

    def _repeated(self, session: Session, owner: str, idempotency: Idempotency, now: float) -> Job | None:
        old = IdempotencyRow.created_at < now - self.rules.repeats
        session.execute(delete(IdempotencyRow).where(old))
        kept = session.get(IdempotencyRow, (owner, idempotency.key))
        if kept is None:
            return None
        if kept.fingerprint != idempotency.fingerprint:
            rule = "this idempotency key came with another request before"
            raise IdempotencyConflict(idempotency.key, rule=rule, remedy="use a new key for a new request")
        row = _find(session, kept.job_id, owner)
        assert row is not None, f"an idempotency key without its job {kept.job_id}"
        return jobs_of(session, [row])[0]

    def _check_room(self, session: Session, owner: str) -> None:
        waiting = select(func.count()).select_from(JobRow).where(JobRow.status == "queued")
        own, all_of_them = session.scalar(waiting.where(JobRow.owner == owner)) or 0, session.scalar(waiting) or 0
        if own >= self.rules.waiting_each:
            raise QueueFull(own, retry_after(session), own=True)
        if all_of_them >= self.rules.waiting:
            raise QueueFull(all_of_them, retry_after(session), own=False)


def _queued(new: NewJob, now: float) -> JobRow:
    """The row of a job that was just accepted."""
    return JobRow(
        id=new_id("video", now),
        owner=new.owner,
        kind=new.kind,
        request=dict(new.request),
        model=new.model,
        size=new.size,
        seconds=float(new.seconds),
        prompt=new.prompt,
        remixed_from=new.remixed_from,
        memory=new.memory,
        status="queued",
        progress=0,
        stage="",
        created_at=now,
        queued_at=now,
        result={},
        attempts=0,
        faults=0,
        announced=False,
    )


def _check_inputs(session: Session, inputs: tuple[str, ...]) -> None:
    """Raise InvalidRequest unless each file is there: one that is about to be removed is as good as gone."""
    ready = set(session.scalars(select(AssetRow.id).where(AssetRow.id.in_(inputs), AssetRow.state == "ready")))
    gone = [id for id in inputs if id not in ready]
    if gone:
        raise InvalidRequest(gone[0], rule="the file is gone", remedy="send it again, or use another video")


def _find(session: Session, id: str, owner: str | None, *, lock: bool = False) -> JobRow | None:
    query = select(JobRow).where(JobRow.id == id)
    if owner is not None:
        query = query.where(JobRow.owner == owner)
    return session.scalar(query.with_for_update() if lock else query)
