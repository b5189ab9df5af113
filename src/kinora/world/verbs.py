"""What each action does to a thing, as a function of the seconds since it began.

An action starts from the `State` in which the one before left the thing, so "hops, then spins" needs nothing special.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kinora.world import physics
from kinora.world.vocabulary import EXTENTS, GAIT_OF

Array = NDArray[np.float64]

HOP_SECONDS = 1.0
HOP_FLIGHT = 0.76
TURN_SECONDS = 2.0
DROP = 0.45
FALL_FROM = 1.0
GROWTH = (0.5, 1.25)
SIDE = 1.2
SOFT_KINDS = frozenset({"creature", "monster"})
FACING_KINDS = frozenset({"creature", "monster", "snowman", "car", "robot", "bird", "fish", "boat"})
ROLLING_KINDS = frozenset(kind for kind, gait in GAIT_OF.items() if gait == "roll")


@dataclass(frozen=True, slots=True)
class State:
    """How a thing stands when an action begins: ground position, heading, how far it rolled, size against its own."""

    x: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    size: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One action of one thing: `time` (n,) seconds since its start, never beyond `duration`.

    `travel` is where a sideways move begins and ends; `opening`: nothing came before; `closing`: nothing follows;
    `vigour` in [-1, 1] is the seeded small difference between two takes.
    """

    kind: str
    time: Array
    duration: float
    start: State
    travel: tuple[float, float]
    scale: float = 1.0
    gravity: float = physics.GRAVITY
    opening: bool = True
    closing: bool = True
    vigour: float = 0.0

    @property
    def progress(self) -> Array:
        """Share of the action that is done, 0-1."""
        return self.time / self.duration if self.duration > 0 else np.zeros_like(self.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A thing at n instants; arrays are (n,), `stretch` is (n, 3) about the ground contact, volume roughly kept."""

    x: Array
    y: Array
    z: Array
    yaw: Array
    roll: Array
    pitch: Array
    size: Array
    stretch: Array
    visible: NDArray[np.bool_] = field()

    @classmethod
    def rest(cls, part: Part) -> "Pose":
        """Standing where the action begins."""
        zero = np.zeros_like(part.time)
        start = part.start
        return cls(
            x=zero + start.x,
            y=zero,
            z=zero + start.z,
            yaw=zero + start.yaw,
            roll=zero + start.roll,
            pitch=zero,
            size=zero + start.size,
            stretch=np.ones((len(zero), 3)),
            visible=np.ones(len(zero), dtype=bool),
        )

    def last(self) -> State:
        """The state in which the action leaves the thing: back on the ground, upright unless it rolls."""
        return State(
            x=float(self.x[-1]),
            z=float(self.z[-1]),
            yaw=float(self.yaw[-1]),
            roll=float(self.roll[-1]),
            size=float(self.size[-1]),
        )


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
    return replace(Pose.rest(part), y=height, stretch=squash(1 + _softness(part) * (0.10 * stretched - 0.2 * crouch)))


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
    return replace(Pose.rest(part), y=height, stretch=squash(1 - 0.2 * _softness(part) * np.minimum(flat, 1.0)))


def grow(part: Part) -> Pose:
    """From half its size to a quarter above it, standing on the ground."""
    return _resize(part, *GROWTH)


def _resize(part: Part, first: float, last: float) -> Pose:
    begin = first if part.opening else part.start.size
    return replace(Pose.rest(part), size=begin + (last - begin) * part.progress)


def squash(height: Array) -> Array:
    """Stretch factors (n, 3) for a change of height that keeps the volume."""
    side = 1 / np.sqrt(height)
    return np.stack([side, height, side], axis=-1)


def _softness(part: Part) -> float:
    return 1.0 if part.kind in SOFT_KINDS else 0.4


ACTIONS: Mapping[str, Callable[[Part], Pose]] = {
    "stand": stand,
    "hop": hop,
    "move_left": move_left,
    "move_right": move_right,
    "spin": spin,
    "bounce": bounce,
    "grow": grow,
}
