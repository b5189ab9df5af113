"""The jobs that clients ask about, as they are now: one look at the store for all who ask within a moment.

    board = Board(store)
    job = await board.look("video_1c...")            # by a look that begins after the question
    job = board.known("video_1c...")                 # the same at once, or None: then look

Nobody is told anything older than their question. Where the store says by a number that something changed (SQLite), a
look reads all jobs that were asked about lately, and holds until that number changes.
"""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from kinora.serve.store.jobs import JobStore
from kinora.serve.store.rows import jobs_of
from kinora.serve.store.tables import JobRow
from kinora.serve.store.values import Job

PAUSE = 0.02
"""Seconds between two looks at the store: what a poll waits at most, and what bounds the looks however many ask."""

LATELY = 10.0
"""Seconds after which a job that nobody asks about is no longer read along with others."""

MOST = 500
"""Jobs that are read along: what one query takes, in milliseconds."""


class Board:
    """Looks jobs up for many at once. For one event loop."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._waiting: dict[str, asyncio.Future[Job | None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._known: dict[str, Job] = {}
        self._asked: dict[str, float] = {}
        self._version: int | None = None

    def known(self, job_id: str) -> Job | None:
        """The job, if the store has not changed since it was read; the same object until the job changes."""
        job = self._known.get(job_id)
        if job is None or self._store.database.version() != self._version:
            return None
        self._asked[job_id] = time.monotonic()
        return job

    async def look(self, job_id: str) -> Job | None:
        """The job with that id, whoever's it is."""
        if (known := self.known(job_id)) is not None:
            return known
        found = self._waiting.get(job_id)
        if found is None:
            found = self._waiting[job_id] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._answer())
        return await asyncio.shield(found)  # one who leaves must not take the answer from the others

    async def _answer(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, {}
                try:
                    jobs = await self._looked(list(asked))
                except Exception as error:  # noqa: BLE001 - raised where it was asked
                    for future in asked.values():
                        future.set_exception(error)
                else:
                    for job_id, future in asked.items():
                        future.set_result(jobs.get(job_id))
                await asyncio.sleep(PAUSE)
        finally:
            self._task = None

    async def _looked(self, asked: list[str]) -> dict[str, Job]:
        """What the store says of the jobs asked about, now or lately."""
        version = self._store.database.version()  # before the look: what changes meanwhile may not be in it
        if version is None:
            return await run_in_threadpool(self._read, asked)
        now = time.monotonic()
        lately = {one: at for one, at in self._asked.items() if at > now - LATELY} if len(self._asked) <= MOST else {}
        self._asked = lately | dict.fromkeys(asked, now)
        read = await run_in_threadpool(self._read, list(self._asked))
        before = self._known
        self._known = {one: old if (old := before.get(one)) == job else job for one, job in read.items()}
        self._version = version
        return self._known

    def _read(self, ids: list[str]) -> dict[str, Job]:
        with self._store.database.read() as session:
            rows = session.scalars(select(JobRow).where(JobRow.id.in_(ids))).all()
            return {job.id: job for job in jobs_of(session, rows)}
