"""Where the things of a shot stand, and what a relation between two of them makes them do."""

from dataclasses import dataclass, replace

import numpy as np

from kinora.world import physics
from kinora.world.pose import FACING_KINDS, ROLLING_KINDS, Array, Pose
from kinora.world.scene import Shot, Subject
from kinora.world.vocabulary import EXTENTS, SIZE_SCALE

SIDE = 1.2
"""Heading, in radians, of a thing that faces sideways and still shows its face."""
APART = 1.3
ORBIT = 1.15
LONE = 1.15
"""Half the width, in metres at the origin, of the default picture."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a thing stands; `yaw` if the relation decides where it faces."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float | None = None


def spots(shot: Shot) -> tuple[Spot, ...]:
    """The place of each thing in the cast, side by side within its group."""
    if shot.second is None or shot.relation is None:
        return _row(shot.subject, Spot())
    own, other = _pair(shot.relation, shot.second)
    return (*_row(shot.subject, own), *_row(shot.second, other))


def _pair(relation: str, second: Subject) -> tuple[Spot, Spot]:
    half = APART / 2
    match relation:
        case "right_of":
            return Spot(x=half), Spot(x=-half)
        case "behind":
            return Spot(x=-0.3, z=-1.1), Spot(x=0.25, z=0.4)
        case "in_front_of":
            return Spot(x=0.25, z=0.4), Spot(x=-0.3, z=-1.1)
        case "on_top_of":
            return Spot(y=EXTENTS[second.kind].height * SIZE_SCALE[second.size]), Spot()
        case "gazes_at":
            return Spot(x=-half, yaw=SIDE), Spot(x=half)
        case _:
            return Spot(x=-half), Spot(x=half)


def _row(subject: Subject, middle: Spot) -> tuple[Spot, ...]:
    gap = 1.15 * SIZE_SCALE[subject.size]
    return tuple(
        replace(middle, x=middle.x + gap * (index - (subject.count - 1) / 2), z=middle.z + 0.1 * (index % 2))
        for index in range(subject.count)
    )


def widen(shot: Shot) -> float:
    """How much more than one medium thing the picture must span."""
    placed = spots(shot)
    reach = max(abs(spot.x) + 0.5 * SIZE_SCALE[thing.size] for spot, thing in zip(placed, shot.cast, strict=True))
    top = max(spot.y + SIZE_SCALE[thing.size] for spot, thing in zip(placed, shot.cast, strict=True))
    if shot.relation in ("chases", "bumps_into", "circles"):
        reach += 0.55
    if len(placed) > 1 and any(action.verb.startswith("move_") for action in shot.actions):
        reach += 0.5
    return max(1.0, (reach + 0.15) / LONE if len(placed) > 1 else 0.0, 0.35 + 0.6 * top)


def relate(shot: Shot, index: int, pose: Pose, time: Array) -> Pose:
    """The pose of thing `index` at shot times `time` once the relation has its say; a static one has none."""
    if shot.second is None or shot.relation not in ("chases", "bumps_into", "circles"):
        return pose
    chaser = index < shot.subject.count
    progress = time / shot.seconds if shot.seconds > 0 else np.zeros_like(time)
    side = -1.0 if shot.actions[0].verb == "move_left" else 1.0
    if shot.relation == "chases":
        x = side * (1.4 * progress - (1.3 if chaser else 0.1))
        return _heading(replace(pose, x=x), shot.cast[index], side)
    if shot.relation == "bumps_into":
        x = side * _collide(shot, time)[0 if chaser else 1]
        return _heading(replace(pose, x=x), shot.cast[index], side if chaser else None)
    if not chaser:
        return replace(pose, x=np.zeros_like(time), z=np.zeros_like(time))
    angle = 2 * np.pi * progress * max(1, round(shot.seconds / 4.0))
    return replace(pose, x=ORBIT * np.sin(angle), z=ORBIT * np.cos(angle), yaw=np.pi / 2 + angle)


def _collide(shot: Shot, time: Array) -> tuple[Array, Array]:
    """Positions along the way of the one that comes and the one that is hit; they meet at 40 % of the shot."""
    assert shot.second is not None
    scales = SIZE_SCALE[shot.subject.size], SIZE_SCALE[shot.second.size]
    contact = EXTENTS[shot.subject.kind].radius * scales[0] + EXTENTS[shot.second.kind].radius * scales[1]
    start, rest = -1.5, 0.1
    speed = max(rest - start - contact, 0.2) / (0.4 * shot.seconds) if shot.seconds > 0 else 1.0
    return physics.collision_positions(start, speed, rest, contact, time, masses=(scales[0] ** 3, scales[1] ** 3))


def _heading(pose: Pose, thing: Subject, side: float | None) -> Pose:
    """Face the way, or roll along it."""
    if thing.kind in ROLLING_KINDS:
        radius = EXTENTS[thing.kind].height / 2 * SIZE_SCALE[thing.size]
        return replace(pose, roll=physics.rolling_angle(pose.x - pose.x[0], radius))
    if side is not None and thing.kind in FACING_KINDS:
        return replace(pose, yaw=np.full_like(pose.x, side * SIDE))
    return pose
