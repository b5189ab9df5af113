import numpy as np
import pytest

from kinora.evals.motion import camera_motion, movement, resized, sampled, subject_track

T = np.linspace(0, 1, 33)
REST = np.full(33, 0.6)


def path(x, y):
    return np.stack([x, y], axis=1)


@pytest.mark.parametrize(
    ("known", "move"),
    [
        ({}, "static"),
        ({"drift": 0.8}, "pan_left"),
        ({"drift": -0.8}, "pan_right"),
        ({"zoom": 1.6}, "zoom_in"),
        ({"zoom": 1 / 1.6}, "zoom_out"),
        ({"shear": 0.3, "drift": 0.1}, "orbit"),
        ({"shear": -0.3, "drift": 0.1}, "orbit"),
    ],
)
def test_the_camera_move_is_measured_and_named(stage, known, move):
    frames, subject = stage.clip(**known)
    camera = camera_motion(frames, subject)
    assert camera.move == move
    assert camera.drift.sum() == pytest.approx(known.get("drift", 0), abs=0.02)
    assert camera.shear.sum() == pytest.approx(known.get("shear", 0), abs=0.02)
    assert 2 * camera.growth.sum() == pytest.approx(np.log(known.get("zoom", 1)), abs=0.05)
    assert camera.lift.sum() == pytest.approx(0, abs=0.02)


def test_falling_flakes_and_a_moving_subject_do_not_pass_for_a_camera_move(stage):
    frames, subject = stage.clip(path=path(0.75 - 0.5 * T, REST))
    flakes = np.random.default_rng(0)
    for frame in frames:
        for y, x in flakes.integers(0, 125, (25, 2)):
            frame[y : y + 3, x : x + 3] = 255
    camera = camera_motion(frames, subject)
    assert camera.move == "static"
    assert abs(camera.drift.sum()) < 0.05


@pytest.mark.parametrize(
    ("verb", "known"),
    [
        ("stand", {}),
        ("move_left", {"path": path(0.75 - 0.5 * T, REST)}),
        ("move_right", {"path": path(0.25 + 0.5 * T, REST)}),
        ("hop", {"path": path(0.5 + 0 * T, 0.6 - 0.12 * np.abs(np.sin(4 * np.pi * T)))}),
        ("grow", {"radius": 0.08 + 0.12 * T}),
    ],
)
def test_the_subjects_movement_is_what_it_was_told_and_nothing_else(stage, verb, known):
    frames, subject = stage.clip(**known)
    found = movement(subject_track(subject), camera_motion(frames, subject))
    agreed = {v for v in ("stand", "move_left", "move_right", "hop", "grow") if found.agrees(v)}
    assert agreed == {verb}
    assert found.agrees("spin") is None


def test_the_cameras_part_is_taken_from_the_subjects_movement(stage):
    # The camera pans so that the picture drifts right; the subject stays where it is in the picture, so it walks left.
    frames, subject = stage.clip(drift=0.5)
    found = movement(subject_track(subject), camera_motion(frames, subject))
    assert found.across == pytest.approx(-0.45, abs=0.04)
    # A zoom that carries the subject along is no growth.
    frames, subject = stage.clip(zoom=1.6, radius=0.12 * 1.6**T)
    assert movement(subject_track(subject), camera_motion(frames, subject)).grown == pytest.approx(1, abs=0.15)


def test_the_track_follows_the_mask(stage):
    _, subject = stage.clip(path=path(0.3 + 0.4 * T, REST), radius=np.full(33, 0.15))
    track = subject_track(subject)
    assert track.found
    np.testing.assert_allclose(track.x, 0.3 + 0.4 * T, atol=0.01)
    np.testing.assert_allclose(track.y, 0.6, atol=0.01)
    np.testing.assert_allclose(track.foot, 0.75, atol=0.03)
    np.testing.assert_allclose(track.area, np.pi * 0.15**2, rtol=0.06)
    assert not subject_track(np.zeros((33, 32, 32), np.float32)).found


def test_resizing_keeps_the_mean_and_takes_any_size():
    stack = np.random.default_rng(0).random((3, 128, 128)).astype(np.float32)
    np.testing.assert_allclose(resized(stack, 64).mean(), stack.mean(), rtol=1e-5)
    assert resized(stack[:, :96, :80], 64).shape == (3, 64, 64)
    assert resized(np.ones((2, 32, 32), np.float32), 64).shape == (2, 64, 64)


def test_sampling_between_pixels_is_linear():
    y, x = np.mgrid[0:8, 0:8].astype(np.float32)
    np.testing.assert_allclose(sampled(2 * x + y, np.array([2.25]), np.array([3.5])), [9.25], rtol=1e-5)
