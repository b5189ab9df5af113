import itertools

import numpy as np
import pytest

from kinora.errors import BadInputFile
from kinora.evals import stories
from kinora.evals.recogniser import Reading

SHADES = itertools.cycle([(250, 250, 250), (10, 10, 10), (230, 60, 60)])


def flat(told):
    """A film of one colour a shot."""
    lengths = [round(card.seconds * 8) for card in told.cards]
    return np.concatenate([np.full((n, 64, 64, 3), next(SHADES), np.uint8) for n in lengths])


class Reader:
    """Reads each shot as the next of the words given."""

    def __init__(self, *subjects: str) -> None:
        self.subjects = itertools.cycle(subjects)

    def read(self, frames: np.ndarray) -> Reading:
        words = {"subject": next(self.subjects), "colour": "red"}
        return Reading(
            words=words, confidence={}, features=np.zeros(4, np.float32), masks=np.zeros((1, 2, 2), np.float32)
        )


def test_a_story_has_three_shots_of_one_character_in_changing_places():
    told, wanted = stories.story(3, steps=2)
    assert told == stories.story(3, steps=2)[0]
    assert told.steps == 2
    assert len(told.cards) == 3
    assert all(card.prompt.startswith("Mo ") for card in told.cards)
    assert wanted["colour"] in told.characters["Mo"]
    assert sorted(card.seconds for card in told.cards) == [2.0, 2.5, 3.0]


def test_cuts_are_found_where_they_are_and_a_change_that_is_none_is_not():
    told, _ = stories.story(0)
    frames = flat(told)
    edges = np.cumsum([card.seconds for card in told.cards])[:-1]
    assert stories.cuts(frames, 8) == pytest.approx(edges.tolist())
    slow = np.linspace(60, 200, 40)[:, None, None, None].repeat(64, 1).repeat(64, 2).repeat(3, 3).astype(np.uint8)
    assert stories.cuts(slow, 8) == []


def test_what_is_counted(tmp_path):
    cases = [stories.story(seed) for seed in range(2)]
    path = tmp_path / "stories.jsonl"
    trials = stories.perform(cases, flat, 8, Reader("ball", "ball", "ball", "ball", "cube", "ball"), path)
    found = stories.summary(trials)
    assert found["stories"] == 2
    assert found["cuts_right"] == 1.0
    assert (found["subject_equal"], found["colour_equal"], found["character_equal"]) == (0.5, 1.0, 0.5)
    again = stories.perform(cases, lambda _: pytest.fail("filmed again"), 8, Reader("ball"), path)
    assert again == trials
    with pytest.raises(BadInputFile, match="holds other stories"):
        stories.perform(cases[::-1], flat, 8, Reader("ball"), path)
