"""Reading requests off the wire with patience that ends: uvicorn's protocol, with limits on headers.

uvicorn waits for ever for the first line of a request, and httptools takes headers of any length. Here headers are
whole within `HEADER_SECONDS` and `HEADER_BYTES`, or the connection ends; and so it does when an answer was given but
the body it did not wait for is still trickling in. And what comes again byte for byte is not parsed again if somebody
knows the answer (`repeats`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kinora.serve.errors import ApiError
from kinora.serve.guarding.requests import POLICY, SECURITY, logger, request_id

HEADER_BYTES = 32 * 2**10
HEADER_SECONDS = 10.0
LINGER_SECONDS = 5.0
END = b"\r\n\r\n"

FOR_GOOD = {"x-should-retry": "false"}
MALFORMED = ApiError(400, "This is not a request of HTTP/1.1.", code="malformed_request", headers=FOR_GOOD)
TOO_SLOW = ApiError(
    408,
    f"The request's line and headers took longer than {HEADER_SECONDS:g} seconds.",
    code="request_timeout",
    headers=FOR_GOOD,
)
TOO_LONG = ApiError(
    431,
    f"The request's line and headers are longer than {HEADER_BYTES:,} bytes.",
    code="headers_too_large",
    headers=FOR_GOOD,
)
CROWDED = ApiError(503, "Too many are connected to this server.", headers={"Retry-After": "2"})


Again = Callable[[str, bytes], bytes | None]
"""(address, request) to headers and body of what is answered with 200, or None where that isn't known."""


class Impatient(HttpToolsProtocol):
    """Gives up on who does not get to the point, and on parsing what it has parsed before."""

    header_seconds = HEADER_SECONDS
    again: Again = staticmethod(lambda address, request: None)  # noqa: ARG005 - a server has one

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0  # bytes since the last request's end that are no body
        self._in_body = False
        self._between = True  # the parser is between two requests
        self._refused = False
        self._answered = 0.0  # when, by the loop, something was last said again

    def connection_made(self, transport: Any) -> None:
        """Start the clock with the connection: who says nothing is as slow as who says little."""
        super().connection_made(transport)
        self._wait(self.header_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before a body, then parse."""
        if self._refused:
            return
        rests = self._between and (self.cycle is None or (self.cycle.response_complete and self.cycle.keep_alive))
        if rests and self._say_again(data):
            return
        in_body = self._in_body
        if not in_body:
            self._head += len(data)
            if self._timer is None:
                self._wait(self.header_seconds, self._too_slow)
        super().data_received(data)
        if not in_body and not self._in_body and self._head > HEADER_BYTES:
            self._refuse(TOO_LONG)
        elif rests and self._between and self.client and self.cycle.keep_alive and data.find(END) == len(data) - 4:
            self.scope["state"]["wire"] = data  # one request, whole and without a body: it may come again

    def on_message_begin(self) -> None:
        """A request begins."""
        self._between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The headers are whole: the rest is for `Bodies` to time."""
        self._stop()
        self._in_body = True
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEADER_BYTES:
            self._refuse(TOO_LONG)
        elif self._crowded:
            self._refuse(CROWDED)
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body; none is heard of a request that was refused."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._in_body, self._head, self._between = False, 0, True
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out. A body that goes on coming has a moment more."""
        super().on_response_complete()
        if self._in_body and not self.transport.is_closing():
            self._wait(LINGER_SECONDS, self.transport.close)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was parsed for a while: hang up, unless something was said again meanwhile."""
        left = self._answered + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours
        """Answer what can't be parsed, in OpenAI's envelope."""
        self._refuse(MALFORMED)

    @property
    def _crowded(self) -> bool:
        """Whether as many are connected as may be."""
        return self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency

    def _say_again(self, data: bytes) -> bool:
        """Answer what was answered before; False if it has to be parsed, as it has when too many are connected."""
        if self._crowded or self.flow.write_paused or self.client is None:
            return False
        told = self.again(self.client[0], data)
        if told is None:
            return False
        own = b"".join(b"%s: %s\r\n" % one for one in self.server_state.default_headers)
        self.transport.write(b"HTTP/1.1 200 OK\r\n" + own + told)
        self._stop()
        self._answered = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_handler()
        self.server_state.total_requests += 1
        return True

    def _refuse(self, refusal: ApiError) -> None:
        """Answer, and hear nothing more. The client has a moment to read before the connection is closed."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        answer, name = refusal.response(), request_id()
        own = (*SECURITY, POLICY, (b"x-request-id", name.encode()), (b"connection", b"close"))
        head = b"".join(b"%s: %s\r\n" % one for one in (*answer.raw_headers, *own))
        phrase = HTTPStatus(refusal.status).phrase.encode()
        self.transport.write(b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (refusal.status, phrase, head, answer.body))
        told = {"request": name, "status": refusal.status, "client": self.client[0] if self.client else None}
        logger.info("no request", extra={"told": told})
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._wait(LINGER_SECONDS, self.transport.close)

    def _too_slow(self) -> None:
        if self._head:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, then)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
