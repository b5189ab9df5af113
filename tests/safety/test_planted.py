"""One bad frame anywhere in a minute, on every road that frames take: it is caught, and there is no file.

The frames are bars and clips of bars, the guard is the real one with a reviewer that knows a bad frame.
That the real engines show every frame to their guard, and that nothing else is encoded, is held by tests of theirs.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from kinora.clip import Clip
from kinora.engine import fake
from kinora.engine.edits import Animate, Blend, Cast, Character, Edit, Extend, Join, Loop, Options, Remix
from kinora.engine.events import Event, collect
from kinora.engine.fake import LIMITS, FakeEngine
from kinora.engine.frames.record import record
from kinora.engine.stories.story import Card, Story
from kinora.errors import Refused
from kinora.media import write_clip
from kinora.request import Shot
from kinora.safety import PolicyGuard, Verdict, release
from kinora.safety.frames import BuiltIn, Finding, FrameReview
from kinora.safety.lists import TermList
from kinora.safety.policy import Policy
from kinora.safety.prompts import Screener
from kinora.safety.watermark_code import Payload

SMALL = replace(LIMITS, size=(64, 64), steps=1)
OPTIONS = Options(size=(64, 64), seed=1)
SHOWN = Payload.of("fake", "1", "a minute")

BAD = np.array([13, 200, 77])
"""The colour of a bad frame's corner: no bar has it, and a codec leaves it nearly as it is."""


class Spotter:
    """Knows a bad frame by its corner."""

    name = "spotter"

    def begin(self, clip: object) -> Callable[[np.ndarray], list[Finding]]:
        def look(frames: np.ndarray) -> list[Finding]:
            corner = frames[:, :8, :8].mean(axis=(1, 2))
            bad = np.flatnonzero(np.abs(corner - BAD).max(axis=1) < 12)
            return [Finding(int(index), "planted", 1.0, "a planted frame") for index in bad]

        return look


class Guard(PolicyGuard):
    """The real one, with the spotter among its reviewers and words let pass: they are not what is tried here."""

    def __init__(self) -> None:
        screener = Screener(TermList.shipped(), None)
        super().__init__(Policy.named("standard"), screener, FrameReview(reviewers=(BuiltIn(), Spotter())))

    def screen(self, prompt: str) -> Verdict:
        return Verdict(True)

    def screen_chain(self, prompts) -> Verdict:
        return Verdict(True)

    def screen_negative(self, prompt: str, negative: str) -> Verdict:
        return Verdict(True)


def bars(count: int) -> np.ndarray:
    return fake._bars(SMALL.plan(Shot("bars", seed=1)), 0, count)


def planted(frames: np.ndarray, place: int | None) -> np.ndarray:
    if place is not None:
        frames[place, :8, :8] = BAD
    return frames


LONG, BRIEF = 464, 32
"""Frames of 58 s and of 4 s."""

Given = Callable[[int | None], Edit]

GIVEN: dict[str, tuple[int, Given]] = {
    # Works on what a user brings: how long that is, and the work when one of its frames is bad.
    "animate": (1, lambda at: Animate(image=planted(bars(1), at)[0], prompt="on", seconds=1, options=OPTIONS)),
    "extend": (LONG, lambda at: Extend(video=planted(bars(LONG), at), seconds=2, options=OPTIONS)),
    "extend backward": (
        LONG,
        lambda at: Extend(video=planted(bars(LONG), at), seconds=2, direction="backward", options=OPTIONS),
    ),
    "join, the first": (
        LONG - BRIEF,
        lambda at: Join(first=planted(bars(LONG - BRIEF), at), second=bars(BRIEF), seconds=2, options=OPTIONS),
    ),
    "join, the second": (
        LONG - BRIEF,
        lambda at: Join(first=bars(BRIEF), second=planted(bars(LONG - BRIEF), at), seconds=2, options=OPTIONS),
    ),
    "blend, the first": (
        LONG,
        lambda at: Blend(first=planted(bars(LONG), at), second=bars(BRIEF), seconds=2, options=OPTIONS),
    ),
    "blend, the second": (
        LONG,
        lambda at: Blend(first=bars(BRIEF), second=planted(bars(LONG), at), seconds=2, options=OPTIONS),
    ),
    "loop": (LONG, lambda at: Loop(video=planted(bars(LONG), at), seconds=2, options=OPTIONS)),
    "remix": (LONG, lambda at: Remix(video=planted(bars(LONG), at), prompt="blue", options=OPTIONS)),
    "cast": (
        BRIEF,
        lambda at: Cast(
            prompt="Bobo walks",
            characters=(Character("Bobo", planted(bars(BRIEF), at), "a blue creature"),),
            seconds=2,
            options=OPTIONS,
        ),
    ),
}

MADE: dict[str, tuple[int, Callable[[FakeEngine], Iterator[Event]]]] = {
    # Works whose frames a model makes: how many, and the work.
    "shot": (480, lambda engine: engine.generate(Shot("a ball", seconds=60, seed=1))),
    "story": (
        240,
        lambda engine: engine.tell(
            Story(cards=(Card(prompt="a ball", seconds=30), Card(prompt="a box", seconds=30)), size=(64, 64), seed=1)
        ),
    ),
    "loop of words": (
        480,
        lambda engine: engine.edit(Loop(prompt="it turns", seconds=60, options=OPTIONS).draft(SMALL)),
    ),
    "join": (
        416,
        lambda engine: engine.edit(
            Join(first=bars(BRIEF), second=bars(BRIEF), prompt="on", seconds=52, options=OPTIONS).draft(SMALL)
        ),
    ),
    "extend": (
        448,
        lambda engine: engine.edit(Extend(video=bars(BRIEF), prompt="on", seconds=56, options=OPTIONS).draft(SMALL)),
    ),
}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(Guard(), limits=SMALL)


@pytest.fixture
def plant(monkeypatch):
    """Have frame `place` of all that the fake engine makes come out bad."""

    def at(place: int) -> None:
        draw = fake._bars

        def drawn(plan, start, count):
            frames = draw(plan, start, count).copy()
            return planted(frames, place - start) if start <= place < start + count else frames

        monkeypatch.setattr(fake, "_bars", drawn)

    return at


def places(count: int) -> list[int]:
    """The first, the last, and one between, another for each length."""
    return sorted({0, int(np.random.default_rng(count).integers(count)), count - 1})


@pytest.mark.parametrize(
    ("road", "place"), [(road, place) for road, (count, _) in GIVEN.items() for place in places(count)]
)
def test_in_what_is_brought(engine, tmp_path, road, place):
    work = GIVEN[road][1]
    with pytest.raises(Refused, match=f"frame {place}: a planted frame"):
        record(engine.edit(work(place).draft(SMALL)), tmp_path / "out.mp4", road, fps=8, payload=SHOWN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("road", GIVEN)
def test_what_is_brought_passes_without_it(engine, road):
    whole = collect(engine.edit(GIVEN[road][1](None).draft(SMALL)), road)
    assert whole.info["frames_reviewed"] == len(whole.frames) >= 8


@pytest.mark.parametrize(
    ("road", "place"), [(road, place) for road, (count, _) in MADE.items() for place in places(count)]
)
def test_in_what_is_made(engine, plant, road, place):
    plant(place)
    with pytest.raises(Refused, match="a planted frame"):
        collect(MADE[road][1](engine), road)


@pytest.mark.parametrize("suffix", ["mp4", "gif", "webp", "png", "jpg"])
def test_in_every_kind_of_file(engine, plant, tmp_path, suffix):
    plant(90)
    with pytest.raises(Refused, match="frame 90: a planted frame"):
        record(MADE["shot"][1](engine), tmp_path / f"out.{suffix}", "a ball", fps=8, payload=SHOWN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["mp4", "gif", "webp", "png", "jpg"])
def test_in_a_clip_that_no_engine_made(monkeypatch, tmp_path, suffix):
    monkeypatch.setattr(release, "default_guard", Guard)
    clip = Clip(frames=planted(bars(480), 479), fps=8, prompt="bars", seed=1, model="nobody")
    with pytest.raises(Refused, match="frame 479: a planted frame"):
        clip.save(tmp_path / f"out.{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_in_a_file_that_is_brought(engine, tmp_path):
    source = write_clip(tmp_path / "brought.mp4", planted(bars(LONG), 411), fps=8).path
    draft = Extend(video=source, seconds=2, options=OPTIONS).draft(SMALL)
    with pytest.raises(Refused, match="frame 411: a planted frame"):
        record(engine.edit(draft), tmp_path / "out.mp4", "on", fps=8, payload=SHOWN)
    assert [path.name for path in tmp_path.iterdir()] == ["brought.mp4"]
