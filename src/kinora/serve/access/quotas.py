"""What a caller may ask for in a UTC day and have at once, counted in the transaction that accepts the job.

    store.add(new, check=Quotas(database).check(caller, seconds=4))        # ApiError 429, or counted

A job counts when it is accepted, whatever becomes of it; deleting a video gives nothing back. Repeating a request under
its idempotency key counts nothing: the store does not ask then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kinora.request import Real
from kinora.serve.access.caller import Caller
from kinora.serve.errors import ApiError
from kinora.serve.store.database import Database
from kinora.serve.store.tables import JobRow
from kinora.serve.store.tables_access import AllowanceRow
from kinora.serve.store.values import ENDED

DAY = 86_400


@dataclass(frozen=True)
class Used:
    """What a caller has asked for today, and the jobs that wait or run."""

    jobs: int = 0
    seconds: Real = 0.0
    at_once: int = 0


class Quotas:
    """Holds callers to their limits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self, caller: Caller, *, seconds: Real) -> Callable[[Session], None]:
        """What `JobStore.add` is to do before it accepts a job of `seconds` of video."""

        def counted(session: Session) -> None:
            self._take(session, caller, seconds)

        return counted

    def used(self, owner: str) -> Used:
        """What an owner has asked for today."""
        with self._database.read() as session:
            row = session.get(AllowanceRow, (owner, self._day(session)))
            waiting = _at_once(session, owner)
            return Used(0, 0.0, waiting) if row is None else Used(row.jobs, row.seconds, waiting)

    def _take(self, session: Session, caller: Caller, seconds: Real) -> None:
        """Count, or raise ApiError and count nothing.

        The row is locked until the transaction ends, so that two requests can't both have the last of it.
        """
        limits, day = caller.limits, self._day(session)
        row = session.get(AllowanceRow, (caller.id, day), with_for_update=True)
        jobs, spent = (row.jobs, row.seconds) if row is not None else (0, 0.0)
        if limits.jobs is not None and jobs + 1 > limits.jobs:
            raise self._spent(session, f"This key may ask for {limits.jobs} jobs a day and has had them.")
        if limits.seconds is not None and spent + seconds > limits.seconds:
            said = (
                f"This key may ask for {limits.seconds:g} s of video a day and has {limits.seconds - spent:g} s left."
            )
            raise self._spent(session, said)
        if limits.at_once is not None and _at_once(session, caller.id) >= limits.at_once:
            message = f"{limits.at_once} jobs of this key wait or run, which is as many as may: wait for one to end."
            raise ApiError(429, message, headers={"Retry-After": "5"})
        if row is None:
            session.add(AllowanceRow(owner=caller.id, day=day, jobs=1, seconds=seconds))
        else:
            row.jobs, row.seconds = jobs + 1, spent + seconds
        session.flush()

    def _spent(self, session: Session, message: str) -> ApiError:
        left = DAY - int(self._database.now(session) % DAY)
        # Trying again in a moment, as OpenAI's clients do, is no use.
        headers = {"Retry-After": str(left), "x-should-retry": "false"}
        return ApiError(429, f"{message} The day ends at midnight UTC.", code="insufficient_quota", headers=headers)

    def _day(self, session: Session) -> int:
        return int(self._database.now(session) // DAY)


def _at_once(session: Session, owner: str) -> int:
    query = select(func.count()).select_from(JobRow).where(JobRow.owner == owner, JobRow.status.not_in(ENDED))
    return session.scalar(query) or 0
