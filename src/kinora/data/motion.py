"""What moves where, token by token: the lesson beside the lesson, from the scene graph and without drawing anything.

A transformer that must say from its middle layers where the subject is, which way it faces and how everything flows
learns what "rolls to the left" and "the camera orbits" mean sooner than one that only ever hears of wrong pixels
(VideoJAM, arXiv 2502.02492, and REPA, arXiv 2410.06940, with a renderer's truth in place of another network's).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinora.world.motion import animate
from kinora.world.scene import Scene
from kinora.world.view import Body, Camera

__all__ = ["CHANNELS", "motion_targets"]

Floats = NDArray[np.float64]

CHANNELS = (
    *("occupied", "flow_x", "flow_y", "facing_x", "facing_z", "upright", "height", "zoom"),
    *("rise_0", "rise_1", "rise_2", "rise_3"),
)
"""Values of a token, scaled to vary by about 1. Flow, zoom and rise are told everywhere, the rest on the subject.

`rise` is how high the subject's middle stands in each of the four pixel frames of a latent frame: hops are too quick
for one value.
"""

FAR = 30.0
"""Metres: rays that meet no ground before are taken to end there. Nearer things flow alike under a pan."""


@dataclass(frozen=True, slots=True)
class Instant:
    """One pixel frame: the camera, and the subject while it is there."""

    camera: Camera
    body: Body | None


def motion_targets(scene: Mapping[str, Any], size: tuple[int, int], stride: int = 4) -> NDArray[np.float32]:
    """CHANNELS at every token of a scene as stored with its clip: float32 [channels, t, h, w]. Of subjects, the first.

    `size` is (rows, columns) of tokens; latent frame i is described as of pixel frame `stride` * i, and its flow is the
    way from the latent frame before it (the first: to the next one), in half tokens.
    """
    instants = list(_instants(Scene.from_dict(dict(scene)), size))
    last = (len(instants) - 1) // stride * stride
    latents = []
    for now in range(0, last + 1, stride):
        before = min(max(0, now - stride), max(0, last - stride))
        group = [instants[max(0, now - stride + 1 + k)] for k in range(stride)]
        latents.append(_describe(instants[now], instants[before], instants[min(last, before + stride)], group, size))
    return np.stack(latents, axis=1).astype(np.float32)


def _instants(scene: Scene, size: tuple[int, int]) -> Iterator[Instant]:
    track = animate(scene)
    for t in range(len(track.time)):
        cast = scene.shots[int(track.shot[t])].cast
        body = Body.of(cast[0], track, t, 0) if track.visible[t, 0] else None
        yield Instant(Camera.of(track, t, size[1] / size[0]), body)


def _describe(now: Instant, before: Instant, after: Instant, group: list[Instant], size: tuple[int, int]) -> Floats:
    """One latent frame, [channels, h, w]."""
    camera, body = now.camera, now.body
    values = np.zeros((len(CHANNELS), *size))
    values[1:3] = 2 * _background_flow(before.camera, after.camera, size)
    values[7] = 4 * np.log(np.linalg.norm(camera.axes[1]) / 0.3)
    if body is None:
        return values
    left, low, right, high = body.bounds(camera)
    occupied = _inside((left, low, right, high), size)
    facing, lean = _unit(body.matrix[:, 2]), _unit(body.matrix[:, 0])
    values[0] = 2 * occupied
    values[1:3] += occupied * (2 * _subject_flow(before, after, size)[:, None, None] - values[1:3])
    on_subject = (facing @ _unit(camera.axes[0]), -facing @ camera.axes[2], lean[1], high - low)
    values[3:7] = 2 * occupied * np.array(on_subject)[:, None, None]
    values[8:] = np.array([8 * _height(instant) for instant in group])[:, None, None]
    return values


def _inside(box: tuple[float, float, float, float], size: tuple[int, int]) -> Floats:
    """How much a token lies within the ellipse in a box of clip coordinates, 0 to 1 with a soft edge."""
    left, low, right, high = box
    x = (np.arange(size[1]) + 0.5) * 2 / size[1] - 1
    y = 1 - (np.arange(size[0]) + 0.5) * 2 / size[0]
    across = (x - (left + right) / 2) / max(1e-3, (right - left) / 2)
    along = (y - (low + high) / 2) / max(1e-3, (high - low) / 2)
    soft: Floats = 1 / (1 + np.exp(6 * (np.hypot(across[None, :], along[:, None]) - 1)))
    return soft


def _background_flow(before: Camera, after: Camera, size: tuple[int, int]) -> Floats:
    """Where the ground and the distance move on the screen, in tokens, [2, h, w]: x right, y down."""
    rays = before.rays(*size)
    reach = np.where(rays[..., 1] < 0, before.eye[1] / np.maximum(-rays[..., 1], 1e-6), FAR).clip(max=FAR)
    points = before.eye + rays * reach[..., None]
    moved = _tokens(after, points, size) - _tokens(before, points, size)
    return np.moveaxis(moved, -1, 0).clip(-4, 4)


def _subject_flow(before: Instant, after: Instant, size: tuple[int, int]) -> Floats:
    """The way of the subject's middle on the screen, in tokens, [2]."""
    if before.body is None or after.body is None:
        return np.zeros(2)
    return _tokens(after.camera, after.body.middle, size) - _tokens(before.camera, before.body.middle, size)


def _height(instant: Instant) -> float:
    """Where the subject's middle stands between the lower (-1) and the upper edge (1) of the picture."""
    return 0.0 if instant.body is None else float(instant.camera.project(instant.body.middle)[1])


def _tokens(camera: Camera, points: Floats, size: tuple[int, int]) -> Floats:
    tokens: Floats = (camera.project(points)[..., :2] * (1, -1) + 1) * (size[1] / 2, size[0] / 2)
    return tokens


def _unit(vector: Floats) -> Floats:
    unit: Floats = vector / np.linalg.norm(vector)
    return unit
