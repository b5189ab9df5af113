import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinora.errors import InvalidRequest, Unavailable
from kinora.safety.frames import BuiltIn, Finding, FrameReview, Showing
from kinora.safety.policy import FrameBook

MINUTE = 480
"""Frames of 60 s at 8 frames a second."""


class Beacon:
    """A reviewer for tests: a frame is as bad as the value of its first pixel says."""

    name = "beacon"

    def __init__(self, category: str = "sexual") -> None:
        self.category = category
        self.clips: list[Showing] = []
        self.shown = 0

    def begin(self, clip: Showing):
        self.clips.append(clip)
        return self.look

    def look(self, frames: np.ndarray) -> list[Finding]:
        self.shown += len(frames)
        scores = frames[:, 0, 0, 0] / 255
        return [Finding(index, self.category, float(score), "a beacon") for index, score in enumerate(scores)]


def minute() -> np.ndarray:
    frames = np.full((MINUTE, 8, 8, 3), 90, np.uint8)
    frames[np.arange(MINUTE), 4, np.arange(MINUTE) % 8] = 200
    frames[:, 0, 0] = 0
    return frames


def reviewed(review: FrameReview, frames: np.ndarray, sizes: list[int]):
    """Review in chunks of these sizes, then the rest, until a refusal."""
    book = FrameBook(prompt="a dot")
    for chunk in np.split(frames, np.minimum(np.cumsum(sizes), len(frames))):
        if len(chunk):
            verdict = review(chunk, book)
            if not verdict.allowed:
                break
    return verdict, book


@given(
    place=st.integers(0, MINUTE - 1),
    sizes=st.lists(st.integers(1, 100), max_size=12),
)
def test_one_bad_frame_anywhere_in_a_minute_is_caught(place, sizes):
    frames = minute()
    frames[place, 0, 0] = 255
    verdict, _ = reviewed(FrameReview(reviewers=(BuiltIn(), Beacon())), frames, sizes)
    assert not verdict.allowed
    assert verdict.categories == ("sexual",)
    assert f"frame {place}: a beacon" in verdict.reason


@given(sizes=st.lists(st.integers(1, 100), max_size=12))
def test_every_frame_is_shown_to_every_reviewer_once(sizes):
    first, second = Beacon(), Beacon("graphic")
    verdict, book = reviewed(FrameReview(reviewers=(first, second)), minute(), sizes)
    assert verdict.allowed
    assert book.reviewed == first.shown == second.shown == MINUTE
    assert first.clips == [Showing(fps=8, prompt="a dot")], "begun once a clip"


@pytest.mark.parametrize(
    ("block", "warn", "score", "allowed", "warned"),
    [
        ({"sexual": 0.6}, {"sexual": 0.3}, 0.7, False, False),
        ({"sexual": 0.6}, {"sexual": 0.3}, 0.5, True, True),
        ({"sexual": 0.6}, {"sexual": 0.3}, 0.2, True, False),
        ({}, {"sexual": 0.3}, 0.9, True, True),
        ({}, {}, 0.6, False, False),  # nothing is said of it: it ends the clip from 0.5
        ({}, {}, 0.4, True, False),
    ],
)
def test_the_policy_says_what_a_score_means(block, warn, score, allowed, warned):
    frames = minute()[:16]
    frames[5, 0, 0] = round(score * 255)
    verdict, book = reviewed(FrameReview(reviewers=(Beacon(),), block=block, warn=warn), frames, [])
    assert verdict.allowed == allowed
    assert bool(book.warnings) == warned
    assert book.reviewed == 16


def test_findings_of_several_reviewers_add_up():
    frames = minute()[:8]
    frames[3, 0, 0] = 255
    verdict, _ = reviewed(FrameReview(reviewers=(Beacon("sexual"), Beacon("graphic"))), frames, [])
    assert verdict.categories == ("sexual", "graphic")


def test_by_default_flashing_ends_a_clip_and_faults_are_mentioned_once():
    frames = np.zeros((32, 8, 8, 3), np.uint8)
    verdict, book = reviewed(FrameReview(), frames, [5, 9])
    assert verdict.allowed
    assert book.warnings == ["some frames are black"]
    frames[::2] = 255
    verdict, book = reviewed(FrameReview(), frames, [5, 9])
    assert verdict.categories == ("flashing",)
    assert "more than three times a second over 100% of the picture" in verdict.reason


def test_two_clips_do_not_share_what_was_seen():
    frames = np.zeros((12, 8, 8, 3), np.uint8)
    frames[::2] = 255
    review = FrameReview()
    for half in np.split(frames, 2):
        assert review(half, FrameBook()).allowed


def test_a_policy_names_its_reviewers_and_scores():
    review = FrameReview.of({"reviewers": ["built-in"], "block": {"flashing": 1.0}, "warn": {"frozen": 1.0}})
    assert [one.name for one in review.reviewers] == ["built-in"]
    assert (review.block, review.warn) == ({"flashing": 1.0}, {"frozen": 1.0})
    bare = FrameReview.of({})
    assert [one.name for one in bare.reviewers] == ["built-in"]
    assert (bare.block, bare.warn) == (FrameReview().block, FrameReview().warn)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"reviewers": []}, 'frames are reviewed; name at least "built-in"'),
        ({"reviewers": ["nobody"]}, "there are built-in, nudenet, classifier, zero-shot, moderation"),
        ({"reviewers": [{"kind": "built-in", "colour": "red"}]}, "its settings don't fit"),
        ({"threshold": 1}, "has reviewers, block and warn"),
        ({"block": {"sexual": float("nan")}}, "block = .* is a table of categories and scores from 0"),
        ({"warn": {"sexual": "0.5"}}, "warn = .* is a table of categories and scores from 0"),
        ({"block": {"sexual/minors": 0.9}}, "blocked under every policy; set its block to 0.5"),
        ({"warn": {"sexual/minors": 0.5}}, "sexual/minors: is blocked under every policy"),
        ({"block": 1.0}, "block = 1.0: is a table of categories and scores from 0"),
    ],
)
def test_a_mistake_in_the_policy_is_named(table, message):
    with pytest.raises(InvalidRequest, match=message):
        FrameReview.of(table)


@pytest.mark.parametrize(
    ("asked", "package", "extra"),
    [
        ("nudenet", "nudenet", "nudenet"),
        ({"kind": "classifier", "model": "m", "labels": {"a": "b"}}, "transformers", "review"),
        ({"kind": "zero-shot", "model": "m", "categories": {"a": ["b"]}}, "transformers", "review"),
    ],
)
def test_a_missing_extra_is_an_error_and_not_one_reviewer_fewer(monkeypatch, asked, package, extra):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(Unavailable, match=rf"needs the package {package}; pip install 'kinora\[{extra}\]'"):
        FrameReview.of({"reviewers": ["built-in", asked]})
