"""What each action does to a thing, as a function of the seconds since it began.

An action starts from the `State` in which the one before left the thing, so "hops, then spins" needs nothing special.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from kinora.world import physics, tricks
from kinora.world.pose import FACING_KINDS, ROLLING_KINDS, SOFT_KINDS, Part, Pose, softness, squash
from kinora.world.vocabulary import EXTENTS, GAIT_OF

HOP_SECONDS = 1.0
HOP_FLIGHT = 0.76
TURN_SECONDS = 2.0
DROP = 0.45
GROWTH = (0.5, 1.25)
SIDE = 1.2


def act(verb: str, part: Part) -> Pose:
    """The pose of a thing during one action."""
    return ACTIONS[verb](part)


def stand(part: Part) -> Pose:
    """Still but alive: soft things breathe."""
    depth = 0.02 if part.kind in SOFT_KINDS else 0.0
    return replace(Pose.rest(part), stretch=squash(1 + depth * np.sin(2 * np.pi * part.time / 2 + 3 * part.vigour)))


def hop(part: Part) -> Pose:
    """About one leap a second on the spot: crouch, ballistic flight, soft landing; a whole number of leaps."""
    leaps = max(1, round(part.duration / HOP_SECONDS))
    period = part.duration / leaps if part.duration > 0 else HOP_SECONDS
    beat = np.where(part.progress < 1, (part.time / period) % 1.0, 0.0)
    ground = (1 - HOP_FLIGHT) / 2
    flight = HOP_FLIGHT * period
    height = physics.hop_height(flight, (beat - ground) * period) * (1 + 0.06 * part.vigour)
    crouch = np.exp(-(((beat - ground / 2) / ground) ** 2)) + np.exp(-(((beat - 1 + ground / 2) / ground) ** 2))
    airborne = np.clip((beat - ground) / HOP_FLIGHT, 0, 1)
    stretched = np.sin(2 * np.pi * airborne) ** 2 * (height > 0)
    return replace(
        Pose.rest(part), y=height, stretch=squash(1 + softness(part.kind) * (0.10 * stretched - 0.2 * crouch))
    )


def move(part: Part, side: int) -> Pose:
    """Across the picture at an even pace: wheels and balls roll without slipping, walkers bob and rock."""
    begin = part.travel[0] if part.opening else part.start.x
    x = begin + (part.travel[1] - begin) * part.progress
    pose = replace(Pose.rest(part), x=x)
    if part.kind in ROLLING_KINDS:
        radius = EXTENTS[part.kind].height / 2 * part.start.size * part.scale
        return replace(pose, roll=part.start.roll + physics.rolling_angle(x - begin, radius))
    if part.kind in FACING_KINDS:
        heading = side * SIDE + 0.1 * part.vigour
        turned = np.ones_like(x) if part.opening else np.clip(part.time / 0.3, 0, 1)
        pose = replace(pose, yaw=part.start.yaw + (heading - part.start.yaw) * turned)
    if GAIT_OF[part.kind] == "walk":
        step = np.pi * part.time / 0.5
        envelope = np.ones_like(x) if part.closing else np.clip((part.duration - part.time) / 0.2, 0, 1)
        pose = replace(
            pose,
            y=0.06 * np.abs(np.sin(step)) * envelope,
            roll=0.09 * np.sin(step) * envelope,
            stretch=squash(1 + 0.04 * np.cos(2 * step) * envelope),
        )
    return pose


def move_left(part: Part) -> Pose:
    """Move towards the left of the picture."""
    return move(part, -1)


def move_right(part: Part) -> Pose:
    """Move towards the right of the picture."""
    return move(part, 1)


def spin(part: Part) -> Pose:
    """Full turns about the vertical, one in about two seconds."""
    turns = max(1, round(part.duration / TURN_SECONDS))
    return replace(Pose.rest(part), yaw=part.start.yaw + 2 * np.pi * turns * part.progress)


def bounce(part: Part) -> Pose:
    """Let go in the air, bounce with `physics.RESTITUTION`; each impact flattens the thing a little."""
    drop = DROP + 0.02 * part.vigour
    height = physics.bounce_height(drop, physics.RESTITUTION, part.time, part.gravity)
    flat = np.zeros_like(part.time)
    for impact in physics.impact_times(drop, physics.RESTITUTION, part.duration, part.gravity):
        flat += np.exp(-(((part.time - impact) / 0.08) ** 2))
    if not part.closing:
        height = height * np.clip((part.duration - part.time) / 0.2, 0, 1)
    return replace(Pose.rest(part), y=height, stretch=squash(1 - 0.2 * softness(part.kind) * np.minimum(flat, 1.0)))


def grow(part: Part) -> Pose:
    """From half its size to a quarter above it, standing on the ground."""
    return _resize(part, *GROWTH)


def shrink(part: Part) -> Pose:
    """The reverse of growing."""
    return _resize(part, GROWTH[1], GROWTH[0])


def _resize(part: Part, first: float, last: float) -> Pose:
    begin = first if part.opening else part.start.size
    return replace(Pose.rest(part), size=begin + (last - begin) * part.progress)


ACTIONS: Mapping[str, Callable[[Part], Pose]] = {
    "stand": stand,
    "hop": hop,
    "move_left": move_left,
    "move_right": move_right,
    "spin": spin,
    "bounce": bounce,
    "grow": grow,
    "shrink": shrink,
    "jump": tricks.jump,
    "fly_circle": tricks.fly_circle,
    "sway": tricks.sway,
    "look_up": tricks.look_up,
    "nod": tricks.nod,
    "fall": tricks.fall,
    "melt": tricks.melt,
    "hide": tricks.hide,
    "approach": tricks.approach,
    "recede": tricks.recede,
}
