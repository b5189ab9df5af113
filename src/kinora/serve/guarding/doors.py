"""A server that is about to stop takes no new work, and goes on answering about what it has."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from kinora.serve.errors import ApiError
from kinora.serve.health import Health


class Doors:
    """Refuses whatever would begin something once `health.draining`."""

    def __init__(self, app: ASGIApp, *, health: Health) -> None:
        self._app = app
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if self._health.draining and scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            error = ApiError(503, "The server is about to stop; another one takes over.", headers={"Retry-After": "5"})
            await error.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)
