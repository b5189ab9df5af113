"""The closed forms against the laws that they solve."""

import itertools

import numpy as np
import pytest

from kinora.world import physics
from kinora.world.motion import animate, medium
from kinora.world.scene import Action, Scene, Shot, Subject
from kinora.world.vocabulary import EXTENTS

TIME = np.linspace(0, 4, 4001)
STEP = TIME[1] - TIME[0]


def clip(kind, verb, fps=240, **shot):
    given = {"setting": "meadow", "light": "day", "weather": "clear", "camera": "static", "seconds": 4.0, **shot}
    return Scene(
        shots=(
            Shot(subject=Subject(kind=kind, colour="red"), actions=(Action(verb=verb, start=0.0, end=4.0),), **given),
        ),
        fps=fps,
    )


def test_free_fall_accelerates_by_gravity_until_the_ground():
    height = physics.fall_height(2.0, TIME)
    falling = np.sqrt(2 * 2.0 / physics.GRAVITY) - STEP > TIME
    assert np.allclose(np.diff(height[falling], 2) / STEP**2, -physics.GRAVITY, atol=1e-4)
    assert np.all(height[TIME > 1.01] == 0)


def test_bounce_keeps_the_named_share_of_speed():
    impacts = physics.impact_times(0.5, 0.8, 100.0)
    flights = np.diff(impacts)
    assert np.allclose(flights[1:] / flights[:-1], 0.8)
    height = physics.bounce_height(0.5, 0.8, TIME)
    first = height[(impacts[0] < TIME) & (impacts[1] > TIME)].max()
    assert first == pytest.approx(0.5 * 0.8**2, abs=1e-4)
    assert height.min() >= 0


def test_bouncing_clip_follows_the_closed_form():
    track = animate(clip("ball", "bounce"))
    height = track.position[:, 0, 1]
    impacts = physics.impact_times(height[0], physics.RESTITUTION, 4.0)
    peaks = [height[(track.time > a) & (track.time < b)].max() for a, b in itertools.pairwise(impacts)]
    assert np.allclose(np.sqrt(np.array(peaks[1:]) / peaks[:-1]), physics.RESTITUTION, atol=2e-3)


def test_falling_clip_comes_to_rest():
    height = animate(clip("cube", "fall")).position[:, 0, 1]
    assert height[0] == pytest.approx(0.9)
    assert height[-1] < 1e-3


def test_moon_has_a_sixth_of_the_gravity():
    height = animate(clip("cube", "fall", setting="moon", light="night")).position[:60, 0, 1]
    assert np.allclose(np.diff(height, 2) * 240**2, -physics.GRAVITY / 6, rtol=1e-6)


@pytest.mark.parametrize("verb", ["move_left", "move_right"])
def test_ball_rolls_without_slipping(verb):
    track = animate(clip("ball", verb))
    radius = EXTENTS["ball"].height / 2 * medium(Subject(kind="ball", colour="red"))
    assert np.allclose(np.diff(track.position[:, 0, 0]), -np.diff(track.roll[:, 0]) * radius)
    assert abs(track.roll[-1, 0] - track.roll[0, 0]) > 2.0


@pytest.mark.parametrize(("mass", "other"), [(1.0, 1.0), (2.0, 0.5), (0.216, 2.46)])
def test_collision_keeps_momentum_and_energy(mass, other):
    after, other_after = physics.elastic_collision(mass, 1.5, other, -0.5)
    assert mass * after + other * other_after == pytest.approx(mass * 1.5 - other * 0.5)
    assert mass * after**2 + other * other_after**2 == pytest.approx(mass * 1.5**2 + other * 0.5**2)


def test_colliding_things_meet_at_contact_and_swap_speeds():
    one, two = physics.collision_positions(-1.5, 0.8, 0.1, 0.9, TIME)
    assert (two - one).min() == pytest.approx(0.9, abs=1e-3)
    assert one[-1] == pytest.approx(-0.8)
    assert two[-1] - two[-2] == pytest.approx(0.8 * STEP)


def test_collision_needs_an_approach():
    with pytest.raises(AssertionError, match="head for"):
        physics.collision_positions(-1.0, -0.5, 1.0, 0.5, TIME)


def test_pendulum_obeys_its_equation():
    angle = physics.pendulum_angle(0.2, 0.9, TIME)
    assert np.allclose(np.diff(angle, 2) / STEP**2, -physics.GRAVITY / 0.9 * angle[1:-1], atol=1e-4)
    assert angle[0] == 0.2


def test_hop_is_ballistic():
    height = physics.hop_height(0.8, TIME)
    assert height.max() == pytest.approx(physics.GRAVITY * 0.8**2 / 8)
    assert np.all(height[TIME >= 0.8] == 0)
