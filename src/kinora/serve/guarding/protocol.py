"""Reading requests off the wire with patience that ends: uvicorn's protocol, with limits on headers.

uvicorn waits for ever for the first line of a request, and httptools takes headers of any length. Here headers are
whole within `HEADER_SECONDS` and `HEADER_BYTES`, or the connection ends; and so it does when an answer was given but
the body it did not wait for is still trickling in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kinora.serve.errors import ApiError

HEADER_BYTES = 32 * 2**10
HEADER_SECONDS = 10.0
LINGER_SECONDS = 5.0

MALFORMED = ApiError(400, "This is not a request of HTTP/1.1.", code="malformed_request")
TOO_SLOW = ApiError(
    408, f"The request's line and headers took longer than {HEADER_SECONDS:g} seconds.", code="request_timeout"
)
TOO_LONG = ApiError(
    431, f"The request's line and headers are longer than {HEADER_BYTES:,} bytes.", code="headers_too_large"
)


class Impatient(HttpToolsProtocol):
    """Gives up on who does not get to the point."""

    header_seconds = HEADER_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0  # bytes since the last request's end that are no body
        self._in_body = False
        self._refused = False

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
        in_body = self._in_body
        if not in_body:
            self._head += len(data)
            if self._timer is None:
                self._wait(self.header_seconds, self._too_slow)
        super().data_received(data)
        if not in_body and not self._in_body and self._head > HEADER_BYTES:
            self._refuse(TOO_LONG)

    def on_headers_complete(self) -> None:
        """The headers are whole: the rest is for `Bodies` to time."""
        self._stop()
        self._in_body = True
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEADER_BYTES:
            self._refuse(TOO_LONG)
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body; none is heard of a request that was refused."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._in_body, self._head = False, 0
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out. A body that goes on coming has a moment more."""
        super().on_response_complete()
        if self._in_body and not self.transport.is_closing():
            self._wait(LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours
        """Answer what can't be parsed, in OpenAI's envelope."""
        self._refuse(MALFORMED)

    def _refuse(self, refusal: ApiError) -> None:
        """Answer, and hear nothing more. The client has a moment to read before the connection is closed."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        body = refusal.response().body
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
            b"x-content-type-options: nosniff\r\nx-should-retry: false\r\nconnection: close\r\n\r\n%s"
            % (refusal.status, HTTPStatus(refusal.status).phrase.encode(), len(body), body)
        )
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
