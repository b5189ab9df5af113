"""One JSON object a line, each with the id of the request it belongs to. No prompt and no key is ever logged.

    {"at": "2026-11-22T13:05:24.120Z", "level": "info", "logger": "kinora.serve.requests", "message": "request",
     "request": "req_5f...", "method": "GET", "path": "/v1/videos/video_1c...", "status": 200, "ms": 1.9, ...}

Nothing is set up by importing: `kinora serve` and `kinora worker` call `configure`.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

REQUEST: ContextVar[str] = ContextVar("kinora_request", default="")
"""The id of the request being answered, "" outside of one."""

OURS = "kinora"
QUIET = ("uvicorn.access",)
"""Who repeats what our own line says better."""


class Lines(logging.Formatter):
    """A record as one line of JSON; `extra={"told": {...}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end. JSON escapes whatever would end it early."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := REQUEST.get():
            line["request"] = request
        line.update(getattr(record, "told", {}))
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(*, level: str = "INFO", stream: io.TextIOBase | None = None) -> None:
    """Send what Kinora and uvicorn log to `stream` (standard error) as lines of JSON, once however often called."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines())
    for name in (OURS, "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).disabled = True
