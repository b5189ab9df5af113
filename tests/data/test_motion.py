"""Motion targets say what the renderer's own answer key says."""

from dataclasses import replace

import numpy as np
import pytest

from kinora.data.motion import CHANNELS, motion_targets
from kinora.world import scene as scenes
from kinora.world.sample import sample_scene

SIZE = (8, 8)


def filmed(verb: str, camera: str = "static") -> scenes.Scene:
    scene = sample_scene(5)
    shot = scene.shots[0]
    action = scenes.Action(verb=verb, start=0.0, end=shot.seconds)
    return replace(scene, shots=(replace(shot, actions=(action,), camera=camera, setting="meadow", light="day"),))


def channel(targets, name):
    return targets[CHANNELS.index(name)]


def centre(targets):
    """Column of the subject's middle in each latent frame."""
    occupied = channel(targets, "occupied").sum(1)
    return (occupied * np.arange(SIZE[1])).sum(1) / occupied.sum(1)


@pytest.mark.parametrize(("verb", "sign"), [("move_left", -1), ("move_right", 1)])
def test_the_subject_goes_where_it_is_sent(verb, sign):
    targets = motion_targets(filmed(verb).to_dict(), SIZE)
    assert targets.shape == (len(CHANNELS), 9, *SIZE)
    assert (np.sign(np.diff(centre(targets))) == sign).all()
    on_subject = channel(targets, "occupied") > 1.5
    assert sign * channel(targets, "flow_x")[on_subject].mean() > 0.3
    assert np.abs(channel(targets, "flow_x")[~on_subject]).mean() < 0.2


@pytest.mark.parametrize(("camera", "sign"), [("pan_left", 1), ("pan_right", -1)])
def test_a_pan_moves_the_picture_the_other_way(camera, sign):
    flow = channel(motion_targets(filmed("stand", camera).to_dict(), SIZE), "flow_x")
    assert (np.sign(flow[1:, 0]) == sign).all()


@pytest.mark.parametrize(("camera", "sign"), [("zoom_in", -1), ("zoom_out", 1)])
def test_a_zoom_changes_the_angle_and_nothing_else_does(camera, sign):
    zoom = channel(motion_targets(filmed("stand", camera).to_dict(), SIZE), "zoom")
    assert (np.sign(np.diff(zoom[:, 0, 0])) == sign).all()
    assert np.ptp(channel(motion_targets(filmed("hop").to_dict(), SIZE), "zoom")) == 0


def test_hops_and_turns_are_told_apart_from_standing():
    standing, hopping, turning = (motion_targets(filmed(verb).to_dict(), SIZE) for verb in ("stand", "hop", "spin"))

    def rises(targets):
        return np.ptp([channel(targets, f"rise_{k}") for k in range(4)])

    assert rises(hopping) > 1 > 5 * rises(standing)
    facing = channel(turning, "facing_x")
    assert facing.max() > 1
    assert facing.min() < -1
    assert np.ptp(channel(standing, "facing_x")[:, 4, 4]) < 0.3


def test_positions_are_those_of_the_rendered_truth():
    render = pytest.importorskip("kinora.world.render")
    scene = filmed("move_right", "orbit")
    with render.Renderer(64, 64) as renderer:
        truth = renderer.truth(replace(scene, height=64, width=64))
    position = truth.position[::4, 0, 0] / 64 * SIZE[1] - 0.5
    assert np.abs(centre(motion_targets(scene.to_dict(), SIZE)) - position).max() < 0.5
