import colorsys

import numpy as np
import pytest

from kinora.evals.analytic import NAMED, analyse, mean_picture, picture, subject_colour
from kinora.evals.motion import camera_motion


@pytest.mark.parametrize("name", NAMED)
def test_a_subject_in_light_and_shade_has_its_colours_name(stage, name):
    frames, subject = stage.clip(colour=NAMED[name])
    assert subject_colour(frames, subject) == name
    assert subject_colour((frames * 0.5).astype(np.uint8), subject) == name


def test_white_eyes_and_stripes_do_not_make_a_subject_white(stage):
    frames, subject = stage.clip(colour=NAMED["purple"])
    frames[:, 70:82, 52:76] = 245
    assert subject_colour(frames, subject) == "purple"


def test_a_clip_agrees_with_what_it_shows_and_with_nothing_else(stage):
    walk = np.stack([np.linspace(0.25, 0.75, 33), np.full(33, 0.6)], axis=1)
    analysis = analyse(*stage.clip(colour=NAMED["blue"], path=walk))
    assert analysis.agrees({"colour": "blue", "camera": "static", "action": "move_right"}) == {
        "colour": True,
        "camera": True,
        "action": True,
    }
    assert analysis.agrees({"colour": "red", "camera": "orbit", "action": "move_left"}) == {
        "colour": False,
        "camera": False,
        "action": False,
    }
    assert "action" not in analysis.agrees({"colour": "red", "camera": "orbit", "action": "spin"})


def test_without_a_subject_nothing_is_said_to_be_right(stage):
    frames, _ = stage.clip(colour=NAMED["blue"])
    nothing = np.zeros((33, 32, 32), np.float32)
    found = analyse(frames, nothing).agrees({"colour": "red", "camera": "static", "action": "stand"})
    assert found == {"colour": False, "camera": True, "action": False}


def measured(frames, subject):
    return picture(frames, subject, camera_motion(frames, subject))


def test_flicker_is_what_changes_and_not_what_the_camera_or_the_subject_moves(stage):
    noise = np.random.default_rng(0).integers(-12, 13, (33, 1, 1, 1))
    frames, subject = stage.clip()
    calm, panned = measured(frames, subject).flicker, measured(*stage.clip(drift=0.5)).flicker
    shaken = measured((frames + noise).clip(0, 255).astype(np.uint8), subject).flicker
    assert calm < 0.01
    assert panned < 4
    assert shaken == pytest.approx(np.abs(np.diff(noise[:, 0, 0, 0])).mean(), rel=0.15)


def test_blur_lowers_edges_and_sharpness(stage):
    frames, subject = stage.clip()
    soft = frames.astype(np.float32)
    for _ in range(8):
        soft = (soft + np.roll(soft, 1, 1) + np.roll(soft, 1, 2) + np.roll(soft, (1, 1), (1, 2))) / 4
    sharp, blurred = measured(frames, subject), measured(soft.astype(np.uint8), subject)
    assert blurred.edges < 0.9 * sharp.edges
    assert blurred.sharpness < 0.9 * sharp.sharpness


def test_saturation_is_that_of_hsv(stage):
    frames = np.tile(np.array([200, 100, 50], np.uint8), (9, 128, 128, 1))
    found = measured(frames, np.zeros((9, 32, 32), np.float32)).saturation
    assert found == pytest.approx(colorsys.rgb_to_hsv(200, 100, 50)[1], abs=0.01)


def test_the_mean_picture_is_the_mean_of_each_figure(stage):
    one, other = measured(*stage.clip()), measured(*stage.clip(drift=0.5))
    assert mean_picture([one, other]).edges == pytest.approx((one.edges + other.edges) / 2)
