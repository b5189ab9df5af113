"""A short way for the one request that is made all the time: how is my video?

Whoever waits for a video asks again and again, and all this must cost the generation next to nothing. So the answer is
made here, right behind the gate, from the board (`board`). Whatever is not plainly such a request goes the long way,
which says the same (a test compares). A request that comes again byte for byte does not even come here (`repeats`).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kinora.serve.access.caller import Caller
from kinora.serve.guarding.board import Board
from kinora.serve.guarding.requests import POLLED
from kinora.serve.routes.views import advise, video

_POLL = re.compile(r"/v1/videos/(video_[0-9a-f]{32})")


@dataclass(frozen=True)
class Route:
    """The name under which the metrics have these requests, the same as on the long way."""

    path: str = POLLED


class Polls:
    """Answers GET /v1/videos/{video_id} for jobs that there are, and leaves the job in the request's state."""

    def __init__(self, app: ASGIApp, *, board: Board) -> None:
        self._app = app
        self._board = board
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
                    scope["state"]["polled"] = job
                    response = Response(video(job).model_dump_json(), media_type="application/json")
                    advise(response, job, time.time())
                    await response(scope, receive, send)
                    return
        await self._app(scope, receive, send)
