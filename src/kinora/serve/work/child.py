"""The process of a worker: `python -m kinora.serve.work.child`, told on its standard input what it is.

The first line is JSON: {"worker": id, "device": ..., "settings": {...}, "server": URL or "", "key": ...}. The pipe then
stays open, and when it closes, because whoever started the process is gone in whatever way, the process ends at once:
no worker outlives its supervisor, not even one that was killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import asdict, fields, replace
from typing import Any

from kinora.serve.settings import Settings
from kinora.serve.work.machine import die_first

ORPHANED = 3


def letter(settings: Settings, worker: str, device: str, *, server: str = "", key: str = "") -> bytes:
    """The first line of a worker's standard input."""
    told = {"worker": worker, "device": device, "server": server, "key": key, "settings": asdict(settings)}
    return json.dumps(told).encode() + b"\n"


def settings_of(values: dict[str, Any]) -> Settings:
    """Settings that came as JSON."""
    lists = {one.name for one in fields(Settings) if str(one.type).startswith("tuple")}
    fitting: dict[str, Any] = {name: tuple(value) if name in lists else value for name, value in values.items()}
    return Settings(**fitting)


def main() -> None:
    """Be a worker until told to stop, or orphaned."""
    told = json.loads(_first_line(sys.stdin.fileno()))
    threading.Thread(target=_outlive_nobody, args=(sys.stdin.fileno(),), name="parent", daemon=True).start()
    settings = replace(settings_of(told["settings"]), device=told["device"])
    if settings.threads:
        # Read by torch and its libraries when they are loaded, which has not happened yet.
        os.environ["OMP_NUM_THREADS"] = str(settings.threads)
    die_first()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the server, which then tells its workers
    work(settings, told["worker"], server=told["server"], key=told["key"], stop=stop)


def work(settings: Settings, worker: str, *, server: str = "", key: str = "", stop: threading.Event) -> None:
    """Run a worker in this process, at the store or at a server."""
    from kinora.serve.logs import configure
    from kinora.serve.work.desk import Desk, open_desk
    from kinora.serve.work.machine import this_hand
    from kinora.serve.work.worker import Worker, log, summary

    configure()
    hand = this_hand(worker, settings)
    desk: Desk
    if server:
        from kinora.serve.work.remote import ServerDesk

        desk = ServerDesk(server, key)
    else:
        desk = open_desk(settings)
    log.info("worker", extra={"told": summary(hand)})
    Worker(desk, hand, settings, stop).run()


def _first_line(pipe: int) -> bytes:
    """What comes before the first end of a line, read by hand: a buffer's lock would be held by the waiting thread."""
    line = b""
    while not line.endswith(b"\n") and (block := os.read(pipe, 1 << 16)):
        line += block
    return line


def _outlive_nobody(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
