"""Walking and standing under a panning camera, turning and standing: what slides tells them apart."""

import pytest
import torch

from kinora.evals.attributes import CORE
from kinora.evals.course import COURSE_STEPS, WINDOW, Course
from kinora.evals.moves import REACH, SLIDES, Moves, correlation, slides

GROUND_HELD, BACK_HELD, SUBJECT_HELD, SUBJECT_ALONG, GROUND_ALONG = range(5)
CELL = 4


def filmed(*, subject: int, ground: int, pattern: int = 0, frames: int = 9):
    """A textured square and its ground, each going so many pixels a frame, what is drawn on it sliding; and masks."""
    generator = torch.Generator().manual_seed(0)
    wide, drawn = torch.rand(128, 512, generator=generator), torch.rand(32, 256, generator=generator)
    clip, masks = torch.zeros(1, frames, 3, 128, 128), torch.zeros(1, (frames + 1) // 2, 32, 32)
    for n in range(frames):
        clip[0, n] = wide[:, 192 - n * ground :][:, :128]
        left = 48 + n * subject
        clip[0, n, :, 48:80, left : left + 32] = drawn[:, 96 - n * pattern :][:, :32]
        if n % 2 == 0:
            masks[0, n // 2, 12:20, left // CELL : left // CELL + 8] = 1
    return clip, masks


def slid(**motion: int):
    """The shift in pixels of the window at which each region correlates best, in the middle of the clip."""
    clip, masks = filmed(**motion)
    course = Course.of(masks)
    found = slides(clip, masks, course)
    assert found.shape == (1, 5, SLIDES)
    scale = float(course.side[0, 2]) * 128 / WINDOW  # pixels of the picture to one of the window
    return (found[0, 2].reshape(5, -1).argmax(-1) - REACH) * scale


def test_what_stands_while_the_camera_pans_goes_with_its_ground():
    shifts = slid(subject=2, ground=2)
    assert shifts[GROUND_HELD] == pytest.approx(4, abs=1)
    assert shifts[SUBJECT_HELD] == pytest.approx(4, abs=1)
    assert shifts[GROUND_ALONG] == pytest.approx(0, abs=0.8)


def test_what_walks_leaves_its_ground_behind():
    shifts = slid(subject=2, ground=0)
    assert shifts[GROUND_HELD] == pytest.approx(0, abs=0.8)
    assert shifts[SUBJECT_HELD] == pytest.approx(4, abs=1)
    assert shifts[SUBJECT_ALONG] == pytest.approx(0, abs=0.8)
    assert shifts[GROUND_ALONG] == pytest.approx(-4, abs=1)


def test_what_turns_shows_another_side_inside_the_same_outline():
    shifts = slid(subject=0, ground=0, pattern=2)
    assert shifts[SUBJECT_HELD] == pytest.approx(4, abs=1)
    assert shifts[BACK_HELD] == pytest.approx(0, abs=0.8)


def test_the_correlation_is_the_plain_sum_over_each_shift():
    generator = torch.Generator().manual_seed(1)
    now, then, weight = torch.rand(3, 1, 1, 20, 20, generator=generator)
    found = correlation(now, then, weight)[0, 0]
    for n, shift in enumerate(range(-REACH, REACH + 1)):
        moved = torch.zeros_like(then)
        for x in range(20):
            if 0 <= x - shift < 20:
                moved[..., x] = then[..., x - shift]
        norm = ((weight * now**2).sum() * (weight * moved**2).sum()).sqrt() + 1e-4
        assert found[n] == pytest.approx(float((weight * now * moved).sum() / norm), abs=1e-5)


def test_an_empty_mask_gives_finite_numbers():
    assert (
        slides(torch.rand(1, 9, 3, 128, 128), torch.zeros(1, 5, 32, 32), Course.of(torch.zeros(1, 5, 32, 32)))
        .isfinite()
        .all()
    )


def test_moves_say_one_logit_for_each_action():
    moves = Moves(CORE).eval()
    said = moves(
        torch.rand(2, 5, 128),
        torch.rand(2, COURSE_STEPS, 5),
        torch.rand(2, 5, SLIDES),
        torch.rand(2, len(CORE["camera"])),
    )
    assert said.shape == (2, len(CORE["action"]))
