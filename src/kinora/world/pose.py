"""A thing between two instants: the state that an action starts from, and the pose at every moment of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world import physics
from kinora.world.vocabulary import GAIT_OF

Array = NDArray[np.float64]

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
    visible: NDArray[np.bool_]

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

    def last(self, *, rolls: bool) -> State:
        """The state in which the action leaves the thing: back on the ground, upright unless it rolls."""
        return State(
            x=float(self.x[-1]),
            z=float(self.z[-1]),
            yaw=float(self.yaw[-1]),
            roll=float(self.roll[-1]) if rolls else 0.0,
            size=float(self.size[-1]),
        )


def squash(height: Array) -> Array:
    """Stretch factors (n, 3) for a change of height that keeps the volume."""
    side = 1 / np.sqrt(height)
    return np.stack([side, height, side], axis=-1)


def softness(kind: str) -> float:
    """How much a thing gives way when it lands, against a furry one."""
    return 1.0 if kind in SOFT_KINDS else 0.4
