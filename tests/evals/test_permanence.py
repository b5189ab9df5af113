"""Cases hide what they say they hide, for as long as they say, and the table counts what came back."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from kinora.evals.permanence import ATTRIBUTES, Returned, hiding, judge, table

pytest.importorskip("moderngl")


@pytest.fixture(scope="module")
def case():
    return hiding(1, 1.0)


def subject_pixels(case, frame):
    """How much of a frame differs from the emptiest one."""
    empty = case.seen[-1].astype(int)
    return int((np.abs(frame.astype(int) - empty).max(-1) > 40).sum())


def test_the_subject_is_there_then_hidden_for_so_long_then_there_again(case):
    assert case.hidden == 8
    assert subject_pixels(case, case.seen[0]) > 500
    assert max(subject_pixels(case, frame) for frame in case.seen[-case.hidden :]) < 250
    assert subject_pixels(case, case.ending[-1]) > 500
    assert len(case.ending) == 32


def test_the_end_of_a_continuation_is_read_and_so_is_the_renderers(case):
    shot = case.scene.shots[0]
    true = {"subject": shot.subject.kind, "colour": shot.subject.colour}
    asked = []

    def read(frames):
        asked.append(frames)
        return SimpleNamespace(words=true if len(asked) == 2 else {**true, "colour": "none"})

    found = judge(case, case.ending[:20], SimpleNamespace(read=read))
    assert found.right == {"subject": True, "colour": False}
    assert found.rendered == dict.fromkeys(ATTRIBUTES, True)
    assert np.array_equal(asked[0], case.ending[4:20])


def test_the_table_has_a_row_for_each_time_out_of_sight():
    good = Returned(hidden=8, right=dict.fromkeys(ATTRIBUTES, True), rendered=dict.fromkeys(ATTRIBUTES, True))
    bad = replace(good, right={"subject": False, "colour": True})
    rows = table([good, bad, replace(bad, hidden=24)]).splitlines()
    assert rows[2] == "| 1 s (8 frames) | 50 % | 100 % | 100 % | 100 % | 2 |"
    assert rows[3].startswith("| 3 s (24 frames) | 0 % | 100 %")
