"""Worker processes as a supervisor handles them: begun, looked at, killed. `ray` has the same for a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol, runtime_checkable

from kinora.serve.settings import Settings
from kinora.serve.work.child import letter
from kinora.serve.work.machine import memory_of

COMMAND = (sys.executable, "-m", "kinora.serve.work.child")

DYING = 10.0
"""Seconds that the kernel may take over a killed process; more means that it hangs in a driver."""


@runtime_checkable
class Member(Protocol):
    """One worker, seen from outside."""

    @property
    def id(self) -> str:
        """Its id in the store."""

    def exit_code(self) -> int | None:
        """How it ended (negative: by which signal), or None while it lives."""

    def memory(self) -> int:
        """Bytes it holds; 0 if nobody can say."""

    def finish(self) -> None:
        """Ask it to leave after the job at hand."""

    def kill(self) -> None:
        """End it, and return once it has ended."""


@runtime_checkable
class Crew(Protocol):
    """Where workers come from."""

    def begin(self, worker: str, index: int) -> Member:
        """Start the worker of place `index` under an id that nobody had before."""


class Process:
    """A worker in a process of this machine, which ends when its standard input is closed."""

    def __init__(self, id: str, process: subprocess.Popen[bytes]) -> None:
        self.id, self._process = id, process

    def exit_code(self) -> int | None:
        """How it ended, or None while it lives."""
        code = self._process.poll()
        if code is not None:
            self._close()
        return code

    def memory(self) -> int:
        """Bytes it holds."""
        return memory_of(self._process.pid)

    def finish(self) -> None:
        """Send SIGTERM, which a worker takes as a request."""
        self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL, which nobody can refuse."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(DYING)
        self._close()

    def _close(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # a letter that was never read
            self._process.stdin.close()


class Processes:
    """Workers on this machine, on the devices of the settings in turn, each with its share of the cores."""

    def __init__(
        self, settings: Settings, *, server: str = "", key: str = "", command: Sequence[str] = COMMAND
    ) -> None:
        share = max(1, (os.cpu_count() or 1) // max(1, settings.workers))
        self._settings = replace(settings, threads=settings.threads or share)
        self._server, self._key, self._command = server, key, tuple(command)

    def begin(self, worker: str, index: int) -> Process:
        """Start a process and hand it its letter."""
        devices = self._settings.device.split(",")
        told = letter(self._settings, worker, devices[index % len(devices)], server=self._server, key=self._key)
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it died at once, which its supervisor will see
            process.stdin.write(told)
            process.stdin.flush()
        return Process(worker, process)
