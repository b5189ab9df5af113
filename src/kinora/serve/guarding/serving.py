"""The uvicorn server: patient for so long, and leaving in order.

Told to stop (SIGTERM), it first says at /readyz that it is not to be sent requests and takes no new work, for `settle`
seconds, so that whoever spreads requests has noticed; then it closes, letting answers that have begun end. Ctrl+C, or a
second SIGTERM, skips the wait.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

from kinora.serve.guarding.protocol import Impatient
from kinora.serve.health import Health
from kinora.serve.settings import Settings

SETTLE = 3.0
"""Seconds: a readiness probe or two of a load balancer. On loopback nobody asks."""

ANSWERS_END = 10
"""Seconds that answers under way have, downloads and event streams too, before they are cut off."""

CONNECTIONS = 2_000


class DrainingServer(uvicorn.Server):
    """A uvicorn server that drains."""

    def __init__(self, config: uvicorn.Config, health: Health, settle: float) -> None:
        super().__init__(config)
        self._health = health
        self._settle = settle
        self._leaving: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to leave, or leave at once if we are at it already."""
        if sig != signal.SIGTERM or self._leaving is not None or self._settle <= 0:
            self._health.draining = True
            super().handle_exit(sig, frame)
            return
        self._captured_signals.append(sig)
        self._health.draining = True
        self._leaving = time.monotonic() + self._settle

    async def on_tick(self, counter: int) -> bool:
        """Leave once the time is over."""
        if self._leaving is not None and time.monotonic() >= self._leaving:
            self.should_exit = True
        return await super().on_tick(counter)


def server(app: FastAPI, settings: Settings, *, settle: float | None = None) -> DrainingServer:
    """A server for an app that `install` was called on. `run()` listens until a signal; `serve()` does so in a loop."""

    class Protocol(Impatient):
        again = staticmethod(app.state.repeats.answer)

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=ANSWERS_END,
        limit_concurrency=CONNECTIONS,
        backlog=1024,
    )
    health: Health = app.state.health
    return DrainingServer(config, health, (0.0 if settings.loopback else SETTLE) if settle is None else settle)
