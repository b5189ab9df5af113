"""A process beside the server, where other people's files are opened: whatever they do to it, the server goes on.

    aside = Aside(timeout=30)
    seen = await aside.run(look, path, "image")     # a function of a module, with values that can be pickled
    aside.close()

One call at a time. A call that takes too long is killed with its process; so is one that crashes it, in the end; the
next call gets a new one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar, cast

from kinora.errors import BadInputFile
from kinora.request import Real
from kinora.serve.work.machine import die_first

Value = TypeVar("Value")


class Aside:
    """Runs functions elsewhere."""

    def __init__(self, *, timeout: Real) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._turn = asyncio.Lock()  # who waits here holds no thread: these are few, and words are judged in them too
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    async def run(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """The function's value. Raises what it raises, or BadInputFile when it takes too long or kills the process."""
        async with self._turn:
            return await asyncio.to_thread(self.call, function, *arguments)

    def call(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """The same, waiting."""
        with self._lock:
            pipe = self._ready()
            try:
                pipe.send((function, arguments))
                if not pipe.poll(self._timeout):
                    raise BadInputFile("the file", rule=f"takes longer than {self._timeout:g} s to read")
                failed, value = pipe.recv()
            except (EOFError, OSError) as error:
                self._end()
                raise BadInputFile("the file", rule="can't be read: it broke what tried to") from error
            except BadInputFile:
                self._end()
                raise
        if failed:
            raise value
        return cast(Value, value)

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _ready(self) -> Connection:
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self._end()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True, name="kinora-aside")
        with theirs:
            process.start()  # which may fail, where there is no room for another process
        self._pipe, self._process = ours, process
        return ours

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _serve(pipe: Connection) -> None:
    """What the other process does, until the server closes the pipe. When memory runs out it is killed first."""
    die_first()
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            function, arguments = pipe.recv()
            try:
                answer = (False, function(*arguments))
            except Exception as error:  # noqa: BLE001 - raised again on the other side
                answer = (True, error)
            pipe.send(answer)
