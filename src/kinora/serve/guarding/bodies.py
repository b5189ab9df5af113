"""How large a request's body may be and how slowly it may come, how long an answer may take, how slowly it may be read.

A body is counted as it arrives, whatever its header says. Too large is 413, too slow 408, an answer that has not begun
in time 503. Who does not take what is sent is cut off.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinora.serve.errors import ApiError

WITH_BODY = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Pace:
    """Sizes in bytes, times in seconds.

    `idle` is the longest pause inside a body, `rate` the bytes per second it must keep up on average once `grace` has
    passed. `answer` is how long a route may take once the body is there: as long as OpenAI's clients wait, because some
    make a picture meanwhile. `reading` is how long a client may leave a piece of the answer untaken, `linger` for how
    long the rest of a refused body is thrown away, so that the client gets to read the refusal.
    """

    multipart: int = 200 * 2**20
    other: int = 32 * 2**20  # a picture in JSON may have 20,971,520 characters, and its frame comes on top
    idle: float = 15.0
    grace: float = 15.0
    rate: int = 16 * 2**10
    answer: float = 600.0
    reading: float = 60.0
    linger: float = 5.0


class Bodies:
    """Holds a request to a `Pace`."""

    def __init__(self, app: ASGIApp, *, pace: Pace) -> None:
        self._app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._pace)
        if exchange.announced > exchange.limit:
            await exchange.refuse(too_large(exchange.limit))
        elif exchange.coding not in (b"", b"identity"):
            await exchange.refuse(coded(exchange.coding))
        else:
            await exchange.run(self._app)


class _Exchange:
    """One request and its answer under a pace."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, pace: Pace) -> None:
        headers = dict(scope["headers"])
        multipart = headers.get(b"content-type", b"").strip().lower().startswith(b"multipart/")
        self.limit = pace.multipart if multipart else pace.other
        self.coding = headers.get(b"content-encoding", b"").strip().lower()
        length = headers.get(b"content-length", b"0")
        self.announced = int(length) if length.isdigit() else 0
        self._scope, self._receive, self._send, self._pace = scope, receive, send, pace
        self._whole = scope["method"] not in WITH_BODY and not self.announced and b"transfer-encoding" not in headers
        self._seen = 0
        self._begun = time.monotonic()
        self._refusal: ApiError | None = None
        self._started = False
        self._deadline = asyncio.timeout(pace.answer)

    async def run(self, app: ASGIApp) -> None:
        """Let the app answer in time, or answer in its place."""
        try:
            async with self._deadline:
                await app(self._scope, self.receive, self.send)
        except TimeoutError:
            if self._started or not self._deadline.expired():
                raise
            self._refusal = self._refusal or too_long(self._pace)
        except Exception:
            if self._refusal is None or self._started:
                raise  # what it could not know how to take was our own "disconnected"
        if self._refusal is not None and not self._started:
            await self.refuse(self._refusal)

    async def receive(self) -> Message:
        """The next piece of the body; once it is refused, what a client's leaving looks like."""
        if self._refusal is not None:
            return {"type": "http.disconnect"}
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._pace.idle):
                message = await self._receive()
        except TimeoutError:
            return self._stop(too_slow(self._pace))
        if message["type"] != "http.request":
            return message
        self._seen += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        spent = time.monotonic() - self._begun
        if self._seen > self.limit:
            return self._stop(too_large(self.limit))
        if not self._whole and spent > self._pace.grace and self._seen < self._pace.rate * spent:
            return self._stop(too_slow(self._pace))
        if not self._started:
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._pace.answer)
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on, unless the body was refused meanwhile: then the app knows less than we."""
        if message["type"] == "http.response.start":
            if self._refusal is not None:
                return
            self._started = True
            self._deadline.reschedule(None)
        elif not self._started:
            return
        async with asyncio.timeout(self._pace.reading):
            await self._send(message)

    async def refuse(self, refusal: ApiError) -> None:
        """Answer, then throw away what is still coming for a moment, then close."""
        answer = refusal.response()
        headers = [*answer.raw_headers, (b"connection", b"close")]
        await self._send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": answer.body, "more_body": True})
        if not self._whole:
            await _within(self._pace.linger, self._discard)
        await self._send({"type": "http.response.body", "body": b""})

    def _stop(self, refusal: ApiError) -> Message:
        self._refusal = refusal
        return {"type": "http.disconnect"}

    async def _discard(self) -> None:
        while (message := await self._receive())["type"] == "http.request" and message.get("more_body", False):
            pass


async def _within(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await work()
    except TimeoutError:
        pass  # the client has had its time to read


def too_large(limit: int) -> ApiError:
    """413."""
    return ApiError(413, f"The body is larger than {limit:,} bytes, the most this server takes.")


def coded(coding: bytes) -> ApiError:
    """415. Nothing is unpacked here, so that nothing can be packed to burst."""
    shown = coding.decode("latin-1")[:20]
    return ApiError(415, f"The body is coded as {shown!r}; send it as it is.", code="unsupported_content_encoding")


def too_slow(pace: Pace) -> ApiError:
    """408. OpenAI's clients would send it again, as slowly."""
    message = f"The body came slower than {pace.rate:,} bytes a second, or stopped for {pace.idle:g} seconds."
    return ApiError(408, message, code="request_timeout", headers={"x-should-retry": "false"})


def too_long(pace: Pace) -> ApiError:
    """503."""
    return ApiError(503, f"The answer took longer than {pace.answer:g} seconds.", code="timeout")
