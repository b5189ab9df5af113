"""The process beside the server survives nothing that is done to it, and the server survives all of it."""

import asyncio
import os
import threading
import time
from multiprocessing.context import SpawnProcess

import pytest

from kinora.errors import BadInputFile
from kinora.serve.ordering.aside import Aside


def test_a_process_that_could_not_be_started_is_started_later(monkeypatch):
    def refuse(_process):
        raise BlockingIOError("no more processes")

    aside = Aside(timeout=20)
    with monkeypatch.context() as patch:
        patch.setattr(SpawnProcess, "start", refuse)
        for _ in range(2):
            with pytest.raises(BlockingIOError):
                aside.call(os.getpid)
        aside.close()
    assert aside.call(os.getpid) != os.getpid()
    aside.close()


def test_who_waits_for_the_process_holds_no_thread():
    """The threads for waiting are few: words are judged in them, too."""
    aside, begun = Aside(timeout=20), threading.Event()

    def slow():
        begun.set()
        time.sleep(0.5)

    async def ask():
        asked = [asyncio.create_task(aside.run(slow)) for _ in range(50)]
        await asyncio.to_thread(begun.wait, 10)
        return await asyncio.wait_for(asyncio.to_thread(lambda: "judged"), 10), asked[-1].done()

    aside.call = lambda function: function()
    assert asyncio.run(ask()) == ("judged", False)


def test_it_answers_raises_hangs_and_dies_apart_from_us():
    aside = Aside(timeout=20)
    try:
        first = aside.call(os.getpid)
        assert first != os.getpid()
        assert aside.call(os.getpid) == first
        with pytest.raises(ValueError, match="invalid literal"):
            aside.call(int, "x")
        assert aside.call(os.getpid) == first
        with pytest.raises(BadInputFile, match="it broke what tried to"):
            aside.call(os._exit, 1)
        second = aside.call(os.getpid)
        assert second != first
        aside._timeout = 0.5
        with pytest.raises(BadInputFile, match=r"takes longer than 0\.5 s to read"):
            aside.call(time.sleep, 60)
        aside._timeout = 20
        assert aside.call(os.getpid) not in (first, second)
    finally:
        aside.close()
