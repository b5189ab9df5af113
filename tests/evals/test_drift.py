"""A steady video keeps everything; one that fades, smears or flickers is told on."""

from types import SimpleNamespace

import numpy as np
import pytest

from kinora.evals.drift import LASTING, curve, perform, windows
from kinora.evals.recogniser import FPS
from kinora.evals.suites import world_cases

CASE = world_cases(1)[0]


class Answers:
    """Reads what it is told, window after window."""

    def __init__(self, *answers):
        self.answers = iter(answers)

    def read(self, frames):
        return SimpleNamespace(words={**CASE.commanded, **next(self.answers)}, masks=np.zeros((len(frames), 32, 32)))


def noise(seconds, strength=60, seed=0):
    picture = (
        np.random.default_rng(seed).integers(128 - strength, 128 + strength, (32, 32, 3)).repeat(2, 0).repeat(2, 1)
    )
    return np.repeat(picture[None].astype(np.uint8), seconds * FPS, axis=0)


def test_a_still_picture_keeps_all():
    found = curve([windows(CASE, noise(23), Answers(*[{}] * 4))])
    assert found.starts == (0.0, 5.0, 10.0, 15.0)
    assert all(found.kept(name) == pytest.approx(1) for name in found.values)


def test_lost_attributes_are_counted_where_they_are_lost():
    wrong = {"subject": "another"}
    found = curve(
        [windows(CASE, noise(20), Answers({}, {}, wrong, wrong)), windows(CASE, noise(20), Answers(*[{}] * 4))]
    )
    assert found.values["subject"] == (1, 1, 0.5, 0.5)
    assert found.kept("subject") == 0.5
    assert found.kept("colour") == 1
    assert "| 50 %" in found.markdown()


def test_fading_loses_edges_and_saturation_and_flicker_counts_the_other_way():
    fading = np.concatenate([noise(10), noise(10, strength=20)])
    found = curve([windows(CASE, fading, Answers(*[{}] * 4))])
    assert found.kept("saturation") < 0.7
    assert found.kept("edges") < 0.5
    restless = np.concatenate([noise(10), noise(10)])
    restless[10 * FPS :: 2] = np.clip(restless[10 * FPS :: 2].astype(int) + 12, 0, 255)
    found = curve([windows(CASE, restless, Answers(*[{}] * 4))])
    assert found.kept("flicker") < 0.5
    assert set(LASTING) < set(found.values)


def test_a_run_that_was_stopped_goes_on_and_films_nothing_twice(tmp_path):
    cases, path = world_cases(3), tmp_path / "drift.jsonl"
    filmed, stopped = [], []

    def film(number, case):
        if number == 2 and not stopped:
            stopped.append(number)
            raise KeyboardInterrupt
        filmed.append(number)
        return noise(20, seed=number)

    def run(count):
        return perform(cases[:count], film, Answers(*[{}] * 12), path)

    first = run(1)
    with pytest.raises(KeyboardInterrupt):
        run(3)
    videos = run(3)
    assert filmed == [0, 1, 2]
    assert videos[:1] == first
    assert curve(videos).values["saturation"] == curve(run(3)).values["saturation"]
