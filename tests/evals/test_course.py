import pytest
import torch

from kinora.evals.course import COURSE_STEPS, SMALLEST, WINDOW, Course, windows


def box(left, top, right, bottom, side=32):
    """A mask of one frame that covers a rectangle, given in cells."""
    mask = torch.zeros(1, 1, side, side)
    mask[..., top:bottom, left:right] = 1
    return mask


def test_a_course_is_the_middle_and_the_size_of_the_mask():
    course = Course.of(box(4, 8, 12, 24))
    assert course.x.item() == pytest.approx(8 / 32, abs=1e-3)
    assert course.y.item() == pytest.approx(16 / 32, abs=1e-3)
    assert course.width.item() == pytest.approx(8 / 32 / 12**0.5, rel=0.02)
    assert course.height.item() == pytest.approx(16 / 32 / 12**0.5, rel=0.02)
    assert 1 < course.side.item() / (16 / 32) < 1.6


def test_a_mask_of_nothing_gives_a_small_window_in_the_middle():
    course = Course.of(torch.full((1, 3, 32, 32), 0.1))
    assert course.x.tolist() == course.y.tolist() == [[0.5] * 3]
    assert torch.allclose(course.side, torch.tensor(SMALLEST))
    assert course.steps().isfinite().all()


def test_steps_tell_which_way_it_goes():
    right = Course.of(torch.cat([box(2 * n, 8, 2 * n + 8, 16) for n in range(5)], dim=1)).steps()
    assert right.shape == (1, COURSE_STEPS, 5)
    assert (right[0, 0].diff() > 0).all()
    assert right[0, 1].diff().abs().max() < 1e-3
    assert (right[0, 5, 1:] > 0).all()


def test_the_window_shows_the_same_wherever_the_thing_is():
    pictures = torch.zeros(1, 2, 3, 128, 128)
    pattern = torch.rand(3, 32, 32)
    pictures[0, 0, :, 8:40, 16:48] = pattern
    pictures[0, 1, :, 72:104, 64:96] = pattern
    masks = torch.cat([box(4, 2, 12, 10), box(16, 18, 24, 26)], dim=1)
    first, second = windows(pictures, Course.of(masks))[0]
    assert first.shape == (3, WINDOW, WINDOW)
    torch.testing.assert_close(first, second, atol=1e-3, rtol=0)
    assert first[:, WINDOW // 2, WINDOW // 2].min() > 0
    assert first[:, 0].abs().max() == 0
