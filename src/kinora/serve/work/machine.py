"""This machine, as the store and the supervisor need to know it: its name, its processes, its memory."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from kinora.serve.settings import Settings
from kinora.serve.store.values import Hand

SLACK = 1.0
"""Seconds by which two readings of when a process was started may differ."""

NAMESPACE = Path("/proc/self/ns/pid")
EVENTS = Path("/sys/fs/cgroup/memory.events")

ADJUSTMENT = Path("/proc/self/oom_score_adj")
"""Who is killed first when a machine runs out of memory (Linux): from -1000, never, to 1000, first."""


@cache
def host() -> str:
    """The machine's name and the namespace of its process ids: containers of one name have different processes."""
    try:
        space = NAMESPACE.readlink().name
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}/{space}"


def this_hand(worker: str, settings: Settings) -> Hand:
    """This process as a worker."""
    pid = os.getpid()
    born = psutil.Process(pid).create_time()
    return Hand(id=worker, host=host(), pid=pid, born=born, device=settings.device, budget=settings.budget)


def is_dead(hand: Hand) -> bool:
    """Whether a worker of this machine is certainly gone; of another machine nobody here can say."""
    if hand.host != host():
        return False
    try:
        process = psutil.Process(hand.pid)
        return abs(process.create_time() - hand.born) > SLACK or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def memory_of(pid: int) -> int:
    """Bytes that a process holds now; 0 if it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def die_first() -> None:
    """Have this process killed before others when the machine runs out of memory: rather it than the server."""
    with suppress(OSError):
        ADJUSTMENT.write_text("1000")


def killed_for_memory() -> int:
    """How often the kernel has killed a process of this container for want of memory; 0 where nobody counts."""
    try:
        lines = EVENTS.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
