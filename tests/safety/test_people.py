"""People are seen where there is a detector that sees them, and nothing is claimed where there is none."""

import numpy as np
import pytest

from kinora.safety import people


class Detector:
    """Sees in a picture what is told of its blue."""

    def __init__(self, told):
        self.told = told
        self.seen = []

    def detect(self, picture):
        self.seen.append(int(picture[0, 0, 0]))
        return self.told.get(self.seen[-1], [])


def frames(count):
    """Frame i is blue by i, and its red is 255: where red and blue were exchanged, it shows."""
    made = np.zeros((count, 8, 8, 3), np.uint8)
    made[..., 0], made[..., 2] = 255, np.arange(count)[:, None, None]
    return made


@pytest.fixture
def detector(monkeypatch):
    found = Detector({})
    monkeypatch.setattr(people, "find_spec", lambda name: object())
    monkeypatch.setattr(people, "_detector", lambda: found)
    return found


def test_where_there_is_no_detector_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(people, "find_spec", lambda name: None)
    assert people.shows_people(frames(3)) is None


def test_the_first_and_the_last_frame_are_looked_at_and_some_between(detector):
    assert people.shows_people(frames(100)) is False
    assert detector.seen == [0, 33, 66, 99]
    detector.seen.clear()
    people.shows_people(frames(1))
    assert detector.seen == [0]


@pytest.mark.parametrize(
    ("label", "score", "shown"),
    [
        ("FACE_FEMALE", 0.9, True),
        ("FACE_MALE", 0.39, False),
        ("BELLY_COVERED", 0.9, False),
        ("FEET_EXPOSED", 0.5, True),
    ],
)
def test_what_counts_as_a_person(detector, label, score, shown):
    detector.told[99] = [{"class": label, "score": score}]
    assert people.shows_people(frames(100)) is shown


def test_the_real_detector_sees_nobody_in_a_grey_picture():
    pytest.importorskip("nudenet", reason="the extra nudenet is not installed")
    assert people.shows_people(np.full((2, 128, 128, 3), 128, np.uint8)) is False
