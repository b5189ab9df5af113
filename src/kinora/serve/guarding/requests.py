"""The outermost layer: an id for each request, its line in the log, its time in the metrics, headers, no traces."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable

from sqlalchemy.exc import OperationalError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinora.serve import logs
from kinora.serve.errors import failed, unheard

Header = tuple[bytes, bytes]

logger = logging.getLogger("kinora.serve.requests")

SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),  # prompts, keys and secrets, unless the answer says otherwise of itself
)

POLICY: Header = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""For whatever brings no policy of its own, as the studio's pages and /docs do: an answer of the API is no page."""

POLLED = "/v1/videos/{video_id}"

CLIENT_ID = re.compile(rb"[\w.:-]{1,128}")

Observe = Callable[[str, str, int, float], None]
"""(method, route, status, seconds)."""


class Requests:
    """Wraps everything else."""

    def __init__(self, app: ASGIApp, *, observe: Observe, secure: bool) -> None:
        self._app = app
        self._observe = observe
        transport = ((b"strict-transport-security", b"max-age=31536000"),) if secure else ()
        self._headers = (*SECURITY, *transport)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0
        scope.setdefault("state", {})["request_id"] = name = request_id()
        token = logs.REQUEST.set(name)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                spent = (time.perf_counter() - start) * 1000
                own = [*self._headers, (b"x-request-id", name.encode()), (b"openai-processing-ms", b"%d" % spent)]
                theirs = message.get("headers", ())
                set_already = {key.lower() for key, _ in theirs}
                if POLICY[0] not in set_already:
                    own.append(POLICY)
                message = {**message, "headers": [*theirs, *(one for one in own if one[0] not in set_already)]}
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if status == 0:
                told = unheard() if isinstance(error, OperationalError) else failed()
                await told.response()(scope, receive, sending)
            raise  # uvicorn writes the trace to the log
        finally:
            spent = time.perf_counter() - start
            self._observe(scope["method"], route_of(scope), status, spent)
            # Polls that went well are most of the traffic and say nothing: they are logged at debug level.
            level = logging.DEBUG if status == 200 and route_of(scope) == POLLED else logging.INFO
            if logger.isEnabledFor(level):
                logger.log(level, "request", extra={"told": self._line(scope, status, spent)})
            logs.REQUEST.reset(token)

    def _line(self, scope: Scope, status: int, spent: float) -> dict[str, object]:
        caller = scope["state"].get("caller")
        theirs = next((value for key, value in scope["headers"] if key == b"x-client-request-id"), b"")
        return {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,  # 0: the client was gone before there was an answer
            "ms": round(spent * 1000, 1),
            "key": caller.id if caller else None,
            "client": scope["client"][0] if scope.get("client") else None,
            **({"client_request_id": theirs.decode()} if CLIENT_ID.fullmatch(theirs) else {}),
        }


def request_id() -> str:
    """A name for a request that nobody had before."""
    return f"req_{secrets.token_hex(16)}"


def route_of(scope: Scope) -> str:
    """The route's template, as /v1/videos/{video_id}: metrics must not get a series for every id and every probe."""
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "none"
