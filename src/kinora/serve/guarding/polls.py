"""A short way for the one request that is made all the time: how is my video?

Whoever waits for a video asks again and again, and all this must cost the generation next to nothing. So the answer is
made here, right behind the gate, and all who ask within a moment are answered by one look at the store. Nobody is told
anything older than their question. Whatever is not plainly such a request goes the long way, which says the same (a
test compares).
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kinora.serve.access.caller import Caller
from kinora.serve.routes.views import advise, video
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.rows import jobs_of
from kinora.serve.store.tables import JobRow
from kinora.serve.store.values import Job

PAUSE = 0.02
"""Seconds between two looks at the store: what a poll waits at most, and what bounds the looks however many ask."""

_POLL = re.compile(r"/v1/videos/(video_[0-9a-f]{32})")


@dataclass(frozen=True)
class Route:
    """The name under which the metrics have these requests, the same as on the long way."""

    path: str = "/v1/videos/{video_id}"


class Polls:
    """Answers GET /v1/videos/{video_id} for jobs that there are."""

    def __init__(self, app: ASGIApp, *, store: JobStore) -> None:
        self._app = app
        self._board = Board(store)
        self._route = Route()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]:
            found = _POLL.fullmatch(scope["path"])
            asking = scope["state"].get("caller")
            if found is not None and isinstance(asking, Caller):
                job = await self._board.look(found[1])
                if job is not None and job.owner == asking.id:
                    scope["route"] = self._route
                    response = Response(video(job).model_dump_json(), media_type="application/json")
                    advise(response, job, time.time())
                    await response(scope, receive, send)
                    return
        await self._app(scope, receive, send)


class Board:
    """Looks jobs up for many at once. A look begins after the question it answers."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._waiting: dict[str, asyncio.Future[Job | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def look(self, job_id: str) -> Job | None:
        """The job with that id, whoever's it is."""
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
                    jobs = await run_in_threadpool(self._read, list(asked))
                except Exception as error:  # noqa: BLE001 - raised where it was asked
                    for future in asked.values():
                        future.set_exception(error)
                else:
                    for job_id, future in asked.items():
                        future.set_result(jobs.get(job_id))
                await asyncio.sleep(PAUSE)
        finally:
            self._task = None

    def _read(self, ids: list[str]) -> dict[str, Job]:
        with self._store.database.read() as session:
            rows = session.scalars(select(JobRow).where(JobRow.id.in_(ids))).all()
            return {job.id: job for job in jobs_of(session, rows)}
