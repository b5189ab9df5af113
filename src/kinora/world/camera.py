"""Where the camera is: one gentle, unmistakable move per id. What it sees is `kinora.world.view.Camera`'s to say.

World axes: x right, y up, z towards the viewer, metres, ground at y = 0. The default view stands at (0, 1.15, 4) and
looks at (0, 0.62, 0). `fov` is the vertical angle of view in degrees; for a portrait picture it widens so that the
short side sees what a square picture would.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EYE = (0.0, 1.15, 4.0)
TARGET = (0.0, 0.62, 0.0)
FOV = 34.0

PAN = np.radians(8.0)
"""A pan turns from -PAN to +PAN: 50 px of drift at 128 px. More would push a one-metre subject out of the picture."""
TIGHT_PAN = np.radians(5.5)
"""The same for a subject that needs more of the picture: it moves against the drift, turns or grows."""
PAN_FOV = 40.0
ZOOM_FOV = 30.0
ZOOM = 1.6
ORBIT = np.radians(50.0)
RISE = (0.5, 2.2)


@dataclass(frozen=True, slots=True)
class View:
    """The camera at each of T instants: `eye` and `target` (T, 3) in metres, `fov` (T,) vertical degrees."""

    eye: Array
    target: Array
    fov: Array


def ease(progress: Array) -> Array:
    """Progress 0-1 with a softened start and end, at an almost even pace between."""
    return 0.6 * progress + 0.4 * progress**2 * (3 - 2 * progress)


def view(camera: str, progress: Array, *, tight: bool = False, widen: float = 1.0, follow: Array | None = None) -> View:
    """The path of a camera over its shot.

    `progress` (T,) runs 0-1; `tight`: a pan turns less; `widen` multiplies what the picture spans, for
    casts that need more room; `follow` (T,) is the subject's x, for the camera that follows it.
    """
    move = ease(np.clip(progress, 0.0, 1.0))
    eye = np.tile(np.array(EYE), (len(move), 1))
    offset = np.tile(np.array(TARGET) - np.array(EYE), (len(move), 1))
    fov = np.full(len(move), FOV)
    if camera in ("pan_left", "pan_right"):
        angle = (2 * move - 1) * (TIGHT_PAN if tight else PAN) * (1 if camera == "pan_left" else -1)
        offset = turn(offset, angle)
        fov[:] = PAN_FOV
    elif camera in ("zoom_in", "zoom_out"):
        narrow = move if camera == "zoom_in" else 1 - move
        fov = _scaled(np.full(len(move), ZOOM_FOV), ZOOM ** (1 - narrow))
    elif camera == "orbit":
        target = np.array(TARGET)
        eye = target + turn(eye - target, (move - 0.5) * ORBIT)
        offset = target - eye
    elif camera == "rise":
        eye[:, 1] = RISE[0] + (RISE[1] - RISE[0]) * move
        offset = np.array(TARGET) - eye
    elif camera == "follow" and follow is not None:
        eye[:, 0] += follow
    return View(eye, eye + offset, _scaled(fov, np.full(len(move), widen)))


def turn(vectors: Array, angle: Array) -> Array:
    """Rotate vectors (T, 3) about y by angles (T,); positive turns the gaze to the left."""
    x, y, z = vectors.T
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.stack([x * cosine + z * sine, y, z * cosine - x * sine], axis=-1)


def for_aspect(fov: Array, height: int, width: int) -> Array:
    """The vertical angle that lets the short side of the picture span `fov`."""
    return fov if height <= width else _scaled(fov, np.full(len(fov), height / width))


def _scaled(fov: Array, factor: Array) -> Array:
    """The angle whose picture spans `factor` times as much."""
    return np.degrees(2 * np.arctan(np.tan(np.radians(fov) / 2) * factor))
