"""What moves must be seen to move, and stay in the picture."""

from dataclasses import fields, replace

import numpy as np
import pytest

from kinora.world import vocabulary as words
from kinora.world.motion import animate, travel
from kinora.world.sample import sample_scene
from kinora.world.scene import Action, Scene, Shot, Subject, flip
from kinora.world.view import Body, Camera

TIPS = {
    "creature": ((0.85, 0.5, -0.16), (0.25, 1.2, 0.0), (-0.25, 1.2, 0.0)),
    "monster": ((0.76, 0.69, 0.12), (-0.76, 0.69, 0.12), (0.4, 1.05, 0.0), (-0.4, 1.05, 0.0)),
    "snowman": ((0.7, 0.66, 0.1), (-0.7, 0.66, 0.1), (0.0, 1.1, 0.0)),
}
"""Ears, tails and arms that reach beyond the body's cylinder."""


def core_clip(
    kind="creature", verb="hop", camera="static", seed=0, seconds=4.0, size=(128, 128), fps=8, verbs=None, **shot
):
    actions = verbs or (Action(verb=verb, start=0.0, end=seconds),)
    given = {"setting": "meadow", "light": "day", "weather": "clear", "camera": camera, "seconds": seconds, **shot}
    return Scene(
        shots=(Shot(subject=Subject(kind=kind, colour="red"), actions=actions, **given),),
        seed=seed,
        height=size[0],
        width=size[1],
        fps=fps,
    )


def outline(kind):
    extent = words.EXTENTS[kind]
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rings = [
        (extent.radius * np.cos(a), h * extent.height, extent.radius * np.sin(a))
        for a in angles
        for h in (0.02, 0.5, 1.0)
    ]
    return np.array([*rings, *TIPS.get(kind, ())])


def screen(scene):
    """Pixel positions of the outline, (T, points, 2), through the pose and the camera that the renderer draws with."""
    track, subject = animate(scene), scene.shots[0].cast[0]
    points = [
        Camera.of(track, t, scene.width / scene.height).project(
            Body.of(subject, track, t, 0).place(outline(subject.kind))
        )
        for t in range(len(track.time))
    ]
    return (np.array(points)[..., :2] * (1, -1) + 1) * (scene.width / 2, scene.height / 2)


@pytest.mark.parametrize("verb", words.verbs("core"))
@pytest.mark.parametrize("camera", words.ids(words.CAMERAS, "core"))
def test_subject_stays_in_the_picture(verb, camera):
    for kind in words.ids(words.SUBJECTS, "core"):
        for seed in range(2):
            seen = screen(core_clip(kind, verb, camera, seed, fps=4))
            assert 0 <= seen.min() <= seen.max() <= 128, (kind, seed)


@pytest.mark.parametrize("size", [(96, 160), (160, 96)])
def test_other_aspects_keep_the_subject_too(size):
    for verb in ("move_left", "bounce"):
        seen = screen(core_clip("ball", verb, "pan_right", size=size))
        assert seen.min() >= 0
        assert seen[..., 0].max() <= size[1]
        assert seen[..., 1].max() <= size[0]


@pytest.mark.parametrize("kind", words.ids(words.SUBJECTS, "core"))
def test_subject_is_big(kind):
    seen = screen(core_clip(kind, "stand"))
    assert np.ptp(seen[0], axis=0).max() > 0.33 * 128


@pytest.mark.parametrize(("verb", "sign"), [("move_left", -1), ("move_right", 1)])
@pytest.mark.parametrize("camera", words.ids(words.CAMERAS, "core"))
def test_sideways_moves_are_plain(verb, sign, camera):
    start, end = travel(verb, camera)
    assert sign * (end - start) > 0.6
    middle = screen(core_clip("ball", verb, camera)).mean(axis=1)[:, 0]
    assert sign * (middle[-1] - middle[0]) > 15


def test_hop_bounce_spin_and_grow_are_plain():
    pixels = 128 / 2.45
    for kind in words.ids(words.SUBJECTS, "core"):
        assert np.ptp(animate(core_clip(kind, "hop")).position[:, 0, 1]) * pixels > 10
        assert np.ptp(animate(core_clip(kind, "bounce")).position[:, 0, 1]) * pixels > 20
        assert np.ptp(animate(core_clip(kind, "spin")).yaw[:, 0]) == pytest.approx(4 * np.pi)
        grown = animate(core_clip(kind, "grow")).scale[:, 0, 1]
        assert grown[-1] / grown[0] == pytest.approx(2.5)
        assert np.all(animate(core_clip(kind, "grow")).position[:, 0, 1] == 0)


def test_each_core_action_differs_from_standing():
    still = animate(core_clip("cube", "stand"))
    assert np.ptp(still.position, axis=0).max() == 0
    assert np.ptp(still.yaw) == 0


def test_pan_left_makes_the_picture_drift_right():
    for camera, sign in (("pan_left", 1), ("pan_right", -1)):
        middle = screen(core_clip("ball", "stand", camera)).mean(axis=1)[:, 0]
        assert sign * (middle[-1] - middle[0]) > 35
        assert np.all(sign * np.diff(middle) > 0)


def test_zoom_and_orbit_are_plain():
    for camera, factor in (("zoom_in", 1.6), ("zoom_out", 1 / 1.6)):
        seen = screen(core_clip("ball", "stand", camera))
        height = np.ptp(seen[..., 1], axis=1)
        assert height[-1] / height[0] == pytest.approx(factor, rel=0.06)
    track = animate(core_clip("ball", "stand", "orbit"))
    away = track.eye - track.target
    angles = np.degrees(np.arctan2(away[:, 0], away[:, 2]))
    assert abs(angles[-1] - angles[0]) == pytest.approx(50)
    assert np.allclose(np.linalg.norm(away, axis=1), np.linalg.norm(away[0]))


def test_seed_jitters_a_little_and_only_a_little():
    takes = [animate(core_clip("cube", "stand", seed=seed)) for seed in range(40)]
    starts = np.array([take.position[0, 0, 0] for take in takes])
    yaws = np.array([take.yaw[0, 0] for take in takes])
    assert 0.05 < np.abs(starts).max() <= 0.12
    assert 0.1 < np.ptp(yaws) <= 0.5


def test_same_scene_same_track():
    scene = sample_scene(11, tier="full")
    one, two = animate(scene), animate(Scene.from_dict(scene.to_dict()))
    assert all(np.array_equal(getattr(one, f.name), getattr(two, f.name)) for f in fields(one))


def test_mirrored_scene_moves_the_other_way():
    scene = core_clip("cube", "move_left", "pan_right")
    one, two = animate(scene), animate(flip(scene))
    drift = one.position[0, 0, 0] + two.position[0, 0, 0]
    assert np.allclose(one.position[:, 0, 0] + two.position[:, 0, 0], drift)
    assert abs(drift) < 0.1
    assert np.allclose(one.target[:, 0], -two.target[:, 0])


def test_second_action_takes_over_where_the_first_ended():
    verbs = (Action(verb="move_left", start=0.0, end=2.0), Action(verb="hop", start=2.0, end=4.0))
    track = animate(core_clip("creature", verbs=verbs, fps=60))
    x = track.position[:, 0, 0]
    assert x[120] < x[0] - 0.5
    assert np.all(x[120:] == x[120])
    assert track.position[120:, 0, 1].max() > 0.2
    assert np.abs(np.diff(track.position[:, 0], axis=0)).max() < 0.05
    assert track.phase[60, 0] == pytest.approx(0.5)
    assert track.phase[180, 0] == pytest.approx(0.5)


def test_cuts_start_each_shot_anew():
    one = core_clip("ball", "stand", seconds=2.0).shots[0]
    two = replace(one, camera="zoom_in", setting="beach")
    track = animate(Scene(shots=(one, two)))
    assert track.shot.tolist() == [0] * 16 + [1] * 17
    assert track.fov[15] == pytest.approx(34)
    assert track.fov[16] > 40 > 34 > track.fov[32]


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_full_tier_moves_are_finite_smooth_and_above_ground(seed):
    scene = replace(sample_scene(seed, tier="full", seconds=4.0), fps=60)
    track = animate(scene)
    assert all(np.isfinite(getattr(track, f.name)).all() for f in fields(track))
    assert track.position[..., 1].min() >= 0
    assert track.scale.min() > 0
    assert track.phase.min() >= 0
    assert track.phase.max() <= 1
    steps = np.linalg.norm(np.diff(track.position, axis=0), axis=-1)[np.diff(track.shot) == 0]
    assert steps.max() < 0.12


def related(relation, verb="stand", **other):
    pair = {"second": Subject(kind="cube", colour="blue", **other), "relation": relation}
    return animate(core_clip("ball", verb, fps=30, **pair)).position


def test_relations_place_things_as_they_say():
    for relation, axis, sign in (("left_of", 0, -1), ("right_of", 0, 1), ("behind", 2, -1), ("in_front_of", 2, 1)):
        position = related(relation)
        assert np.all(sign * (position[:, 0, axis] - position[:, 1, axis]) > 0.8), relation
    assert np.all(related("on_top_of")[:, 0, 1] == words.EXTENTS["cube"].height)


def test_relations_that_move():
    gap = related("chases", "move_right")[:, 1, 0] - related("chases", "move_right")[:, 0, 0]
    assert np.allclose(gap, 1.2)
    hit = related("bumps_into", "move_right")
    contact = words.EXTENTS["ball"].radius + words.EXTENTS["cube"].radius
    assert np.min(hit[:, 1, 0] - hit[:, 0, 0]) == pytest.approx(contact, abs=0.03)
    assert hit[-1, 1, 0] > hit[0, 1, 0] + 0.3
    round_ = related("circles")
    assert np.allclose(np.linalg.norm(round_[:, 0] - round_[:, 1], axis=-1), 1.15)


def test_missing_things_are_not_visible():
    lone = core_clip("ball", "stand", seconds=2.0).shots[0]
    three = replace(lone, subject=Subject(kind="ball", colour="red", count=3))
    track = animate(Scene(shots=(lone, three)))
    assert track.visible[0].tolist() == [True, False, False]
    assert track.visible[-1].all()
