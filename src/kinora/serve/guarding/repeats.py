"""A poll that comes again byte for byte: what was answered is said again, before anything is parsed.

    repeats = Repeats(board, observe=metrics.request)
    app.add_middleware(Remembering, repeats=repeats)     # outermost: it hears answers as they leave
    repeats.answer("127.0.0.1", data)                    # headers and body, or None: then it goes the long way

Three things must hold, and all of them were true of the answer that is said again: the request came from the same
address, so the gate, which looks at nothing else, says the same, for as long as it would have without looking anything
up; the job is what it was, by the board; and the bytes are one whole request without a body, by who reads them off the
wire (`protocol`). Names of requests, times and the advice when to ask again are new each time.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinora.serve.guarding.board import Board
from kinora.serve.guarding.requests import POLLED, Observe, logger, request_id
from kinora.serve.routes.views import ADVICE, poll_after
from kinora.serve.store.values import Job

FRESH = {b"x-request-id", b"openai-processing-ms", ADVICE.encode()}
"""Headers that are said anew."""

MOST = 10_000
"""Answers remembered at once."""


@dataclass(frozen=True)
class Kept:
    """An answer: whose job it tells, until when (monotonic) its asker is let in unseen, and its text in two parts."""

    job: Job
    until: float
    headers: bytes
    body: bytes


class Repeats:
    """What was answered to whom, by address and bytes; of these the hash alone is kept, since they hold a key."""

    def __init__(self, board: Board, *, observe: Observe) -> None:
        self._board = board
        self._observe = observe
        self._kept: dict[tuple[str, bytes], Kept] = {}

    def answer(self, address: str, data: bytes) -> bytes | None:
        """Headers and body of the answer, without the status line; None if it has to be found anew."""
        name = address, hashlib.sha256(data).digest()
        kept = self._kept.get(name)
        if kept is None:
            return None
        start = time.perf_counter()
        if time.monotonic() >= kept.until or self._board.known(kept.job.id) is not kept.job:
            del self._kept[name]
            return None
        after = poll_after(kept.job, time.time())
        advice = b"" if after is None else b"%s: %d\r\n" % (ADVICE.encode(), after)
        spent = time.perf_counter() - start
        fresh = b"x-request-id: %s\r\nopenai-processing-ms: %d\r\n" % (request_id().encode(), spent * 1000)
        self._observe("GET", POLLED, 200, spent)
        return b"".join((kept.headers, fresh, advice, b"\r\n", kept.body))

    def keep(self, address: str, data: bytes, kept: Kept) -> None:
        """Remember an answer."""
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[address, hashlib.sha256(data).digest()] = kept


class Remembering:
    """Hears what is answered to a poll that was one whole piece of bytes (`wire` in its state)."""

    def __init__(self, app: ASGIApp, *, repeats: Repeats) -> None:
        self._app = app
        self._repeats = repeats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        headers = b""

        async def sending(message: Message) -> None:
            nonlocal headers
            if job := scope["state"].get("polled"):
                if message["type"] == "http.response.start":
                    headers = b"".join(b"%s: %s\r\n" % one for one in message["headers"] if one[0] not in FRESH)
                else:
                    kept = Kept(job, scope["state"]["admitted_until"], headers, message["body"])
                    self._repeats.keep(scope["client"][0], scope["state"]["wire"], kept)
            await send(message)

        # At debug level each poll has its line in the log, so none is answered without passing `requests`.
        whole = scope["type"] == "http" and "wire" in scope.get("state", ()) and not logger.isEnabledFor(logging.DEBUG)
        await self._app(scope, receive, sending if whole else send)
