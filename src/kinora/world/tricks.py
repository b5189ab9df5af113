"""The actions of the full tier: leaps, gestures, falls, and going out of sight and coming back."""

from dataclasses import replace

import numpy as np

from kinora.world import physics
from kinora.world.pose import SOFT_KINDS, Array, Part, Pose, softness, squash
from kinora.world.vocabulary import EXTENTS

LEAP_SECONDS = 0.95
FALL_FROM = 0.9
CIRCLE = 0.45
SWAY = 0.25
NEAR, FAR = 0.9, -2.5
WALL = (0.95, -0.75)
"""x and z, in metres, of the wall (1.2 m wide, 1.5 m high) behind which things hide; the renderer draws it."""
BEHIND = -1.5


def jump(part: Part) -> Pose:
    """One high ballistic leap in the middle of the action, crouching before and after."""
    flight = min(LEAP_SECONDS, 0.6 * part.duration)
    since = part.time - (part.duration - flight) / 2
    height = physics.hop_height(flight, since, part.gravity)
    crouch = np.exp(-(((since + 0.12) / 0.12) ** 2)) + np.exp(-(((since - flight - 0.1) / 0.1) ** 2))
    return replace(Pose.rest(part), y=height, stretch=squash(1 - 0.25 * softness(part.kind) * crouch))


def fly_circle(part: Part) -> Pose:
    """Up from the ground, full circles in the air facing ahead, and down again."""
    turns = max(1, round(part.duration / 4.0))
    angle = 2 * np.pi * turns * part.progress
    aloft = np.clip(np.minimum(part.time, part.duration - part.time) / 0.5, 0, 1)
    return replace(
        Pose.rest(part),
        x=part.start.x + CIRCLE * np.sin(angle),
        z=part.start.z + CIRCLE * (np.cos(angle) - 1),
        y=0.3 * aloft**2 * (3 - 2 * aloft),
        yaw=part.start.yaw + angle,
    )


def sway(part: Part) -> Pose:
    """A pendulum on its head: the small-angle swing of one as long as the thing is high."""
    length = EXTENTS[part.kind].height * part.scale
    swing = physics.pendulum_angle(SWAY, length, part.time, part.gravity)
    return replace(Pose.rest(part), roll=part.start.roll + swing * _until_next(part))


def look_up(part: Part) -> Pose:
    """Lean back to face the sky and stay so."""
    lean = np.clip(part.time / 0.8, 0, 1)
    return replace(Pose.rest(part), pitch=-0.4 * lean**2 * (3 - 2 * lean) * _until_next(part))


def nod(part: Part) -> Pose:
    """Bow and rise again, about once a second."""
    nods = max(1, round(part.duration))
    return replace(Pose.rest(part), pitch=0.18 * (1 - np.cos(2 * np.pi * nods * part.progress)))


def fall(part: Part) -> Pose:
    """Free fall, a small dull rebound, rest."""
    height = physics.bounce_height(FALL_FROM, physics.DULL_RESTITUTION, part.time, part.gravity)
    impact = physics.impact_times(FALL_FROM, physics.DULL_RESTITUTION, np.inf, part.gravity)[0]
    flat = np.exp(-(((part.time - impact) / 0.1) ** 2))
    return replace(Pose.rest(part), y=height, stretch=squash(1 - 0.25 * softness(part.kind) * flat))


def melt(part: Part) -> Pose:
    """Sink into a wide puddle."""
    done = part.progress
    wide = 1 + 0.35 * done
    return replace(Pose.rest(part), stretch=np.stack([wide, 1 - 0.85 * done, wide], axis=-1))


def hide(part: Part) -> Pose:
    """Go behind the wall, stay out of sight for a third of the time, come back to the same place."""
    there = np.clip(np.minimum(part.progress, 1 - part.progress) * 3, 0, 1)
    back, across = np.clip(there * 2, 0, 1), np.clip(there * 2 - 1, 0, 1)
    bob = 0.05 * np.abs(np.sin(2 * np.pi * part.time)) * (there < 1) if part.kind in SOFT_KINDS else 0.0
    pose = Pose.rest(part)
    return replace(
        pose,
        x=pose.x + (WALL[0] - part.start.x) * across,
        z=pose.z + (BEHIND - part.start.z) * back,
        y=pose.y + bob,
    )


def approach(part: Part) -> Pose:
    """From the distance to near the camera."""
    return _along(part, FAR, NEAR)


def recede(part: Part) -> Pose:
    """From near the camera into the distance, turned away."""
    pose = _along(part, NEAR, FAR)
    return replace(pose, yaw=pose.yaw + np.pi)


def _along(part: Part, first: float, last: float) -> Pose:
    begin = first if part.opening else part.start.z
    bob = 0.05 * np.abs(np.sin(2 * np.pi * part.time)) if part.kind in SOFT_KINDS else np.zeros_like(part.time)
    return replace(Pose.rest(part), z=begin + (last - begin) * part.progress, y=bob * _until_next(part))


def _until_next(part: Part) -> Array:
    """1, falling to 0 before another action takes over."""
    return np.ones_like(part.time) if part.closing else np.clip((part.duration - part.time) / 0.3, 0, 1)
