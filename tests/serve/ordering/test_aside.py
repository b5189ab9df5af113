"""The process beside the server survives nothing that is done to it, and the server survives all of it."""

import os
import time

import pytest

from kinora.errors import BadInputFile
from kinora.serve.ordering.aside import Aside


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
