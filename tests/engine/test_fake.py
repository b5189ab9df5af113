import subprocess
import sys

import numpy as np
import pytest

from kinora import errors
from kinora.engine.events import Done, Frames, Progress, Refused, collect
from kinora.engine.fake import FakeEngine
from kinora.errors import InvalidRequest
from kinora.request import Shot
from kinora.safety import lists_only_guard


def test_it_tells_what_an_engine_tells_without_torch():
    code = (
        "import sys; from kinora.engine.fake import FakeEngine; from kinora.safety import lists_only_guard;"
        "from kinora.request import Shot; list(FakeEngine(lists_only_guard()).generate(Shot('x')));"
        "print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_its_clip_moves_and_is_reviewed():
    events = list(FakeEngine(lists_only_guard()).generate(Shot("a red ball", seconds=2, size=(96, 160), seed=5)))
    assert isinstance(events[0], Progress)
    assert sum(len(event.frames) for event in events if isinstance(event, Frames)) == 16
    assert isinstance(events[-1], Done)
    clip = events[-1].clip
    assert clip.frames.shape == (16, 96, 160, 3)
    assert len(np.unique(clip.frames[0].reshape(-1, 3), axis=0)) == 7
    assert all(not np.array_equal(a, b) for a, b in zip(clip.frames, clip.frames[1:], strict=False))
    assert clip.info["frames_reviewed"] == 16


def test_it_checks_screens_and_needs_a_guard():
    with pytest.raises(TypeError):
        FakeEngine(None)
    engine = FakeEngine(lists_only_guard())
    with pytest.raises(InvalidRequest, match="this model makes up to 60 seconds"):
        engine.generate(Shot("a red ball", seconds=61))
    (event,) = engine.generate(Shot("hardcore porn"))
    assert isinstance(event, Refused)


def test_collecting_turns_a_refusal_into_an_error_and_shows_events_on_the_way():
    engine, seen = FakeEngine(lists_only_guard()), []
    clip = collect(engine.generate(Shot("a red ball", steps=3)), "a red ball", seen.append)
    assert seen[-1] == Done(clip)
    with pytest.raises(errors.Refused, match="hardcore porn: Kinora makes no video of this kind") as caught:
        collect(engine.generate(Shot("hardcore porn")), "hardcore porn")
    assert caught.value.categories == ("sexual",)


def test_closing_cancels_between_steps():
    events = FakeEngine(lists_only_guard(), pause=0.001).generate(Shot("a red ball", steps=100))
    for _ in range(5):
        next(events)
    events.close()
    with pytest.raises(StopIteration):
        next(events)
