import numpy as np
import pytest

from kinora.evals.edits_measures import (
    Finding,
    around,
    change,
    closing,
    flow,
    likeness,
    psnr,
    roughness,
    seam,
    summary,
)


def drifting(positions, *, side=64):
    """A smooth picture at the given horizontal places."""
    y, x = np.mgrid[:side, :side]
    shown = [127 + 60 * np.sin((x - at) / 5) + 60 * np.sin((y + x - at) / 7) for at in positions]
    return np.stack(shown).round().clip(0, 255).astype(np.uint8)[..., None].repeat(3, axis=-1)


def test_equal_pictures_and_a_known_error():
    black = np.zeros((8, 8, 3), np.uint8)
    assert psnr(black, black) == 99
    assert psnr(black, black + 1) == pytest.approx(48.13, abs=0.01)
    assert (change(black, black), change(black, black + 3)) == (0, 3)


def test_flow_finds_how_far_the_picture_moves():
    moved = flow(drifting(np.arange(6) * 0.5))
    assert moved.shape == (5, 16, 2)
    assert np.median(moved[..., 0]) == pytest.approx(0.5, abs=0.1)
    assert abs(np.median(moved[..., 1])) < 0.05


def test_a_seam_shows_where_the_motion_changes_and_only_there():
    rng = np.random.default_rng(0)
    steady = np.cumsum(0.5 + 0.05 * rng.standard_normal(24))
    turning = np.concatenate([steady[:12], steady[11] - (steady[12:] - steady[11])])
    assert seam(drifting(steady), [12]) < 1.5
    assert seam(drifting(turning), [12]) > 3
    assert seam(drifting(turning), [6]) < 1  # the turn is elsewhere


def test_a_loop_closes_when_the_way_back_is_one_step():
    picture = drifting([0.0])[0]
    around = np.stack([np.roll(picture, 4 * index, axis=1) for index in range(16)])
    assert closing(around) == pytest.approx(1, abs=0.01)
    assert closing(drifting(np.arange(24) * 0.5)) > 5


def test_a_loop_that_turns_at_its_start_shows_there():
    """Both close, but one comes back the way it went."""
    picture = drifting([0.0], side=128)[0]
    on = np.stack([np.roll(picture, 8 * index, axis=1) for index in range(16)])
    forth = on[[*range(8), *range(8, 0, -1)]]
    assert around(on) < 1.5
    assert around(forth) > around(on)
    assert seam(np.roll(forth, 4, axis=0), [8]) < around(forth)


def test_a_cut_is_a_step_far_larger_than_the_others():
    slow = drifting(np.arange(12) * 0.5)
    assert roughness(slow, 4, 8) == pytest.approx(1, abs=0.3)
    assert roughness(np.concatenate([slow[:6], 255 - slow[6:]]), 4, 8) > 5


def test_the_summary_has_a_row_for_each_measure():
    found = [Finding("loop", "x", value, 1) for value in (0.5, 0.9, 1.4)] + [Finding("join", "y", 2.0)]
    assert summary(found).splitlines()[2:] == [
        "| loop | x | 0.5 | 0.9 | 1.4 | at most 1 | 2 of 3 |",
        "| join | y | 2 | 2 | 2 |  |  |",
    ]


def test_likeness_falls_as_pictures_part():
    frames = drifting([0.0, 1.0])
    noise = np.random.default_rng(0).integers(0, 256, frames.shape, np.uint8)
    half = (frames // 2 + noise // 2).astype(np.uint8)
    assert likeness(frames, frames) == pytest.approx(1, abs=1e-3)
    assert 1 > likeness(half, frames) > likeness(noise, frames)


def test_findings_say_whether_the_goal_is_met():
    assert Finding("loop", "x", 0.9, 1).met
    assert Finding("animate", "x", 29, 30, at_least=True).met is False
    assert Finding("remix", "x", 0.5).met is None
    assert "MISSED: >= 30" in str(Finding("animate", "x", 29, 30, at_least=True))
