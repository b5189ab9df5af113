"""From the motion of a scene to what one frame draws: the camera, the uniforms, every subject's pose and rectangle."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinora.world import look
from kinora.world.gl import BALLS_PER_SUBJECT, MAX_SPRITES
from kinora.world.motion import Track, pivot
from kinora.world.scene import Scene, Shot, Subject
from kinora.world.sprites import sprites
from kinora.world.tricks import WALL

Floats = NDArray[np.float64]
Rectangle = tuple[float, float, float, float]

WALL_SIZE = (0.6, 1.5)
"""Half the width, and the height, in metres, of what things hide behind."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole. Rows of `axes`: right and up, scaled by half the picture's extent at distance 1, and unit forward."""

    eye: Floats
    axes: Floats

    @classmethod
    def of(cls, track: Track, t: int, aspect: float) -> "Camera":
        """The camera of frame t for a picture of this width / height."""
        forward = _unit(track.target[t] - track.eye[t])
        right = _unit(np.cross(forward, (0.0, 1.0, 0.0)))
        half = math.tan(math.radians(float(track.fov[t])) / 2)
        return cls(
            np.asarray(track.eye[t], float), np.stack([right * half * aspect, np.cross(right, forward) * half, forward])
        )

    def widened(self, factor: int) -> "Camera":
        """The same gaze over a picture that spans `factor` times as much."""
        return Camera(self.eye, self.axes * np.array([[factor], [factor], [1.0]]))

    def project(self, points: Floats) -> Floats:
        """World points (..., 3) -> clip x and y, within -1 to 1 inside the picture, and metres along the gaze."""
        squares = (self.axes**2).sum(axis=1)
        along = (points - self.eye) @ self.axes.T / squares
        return np.concatenate([along[..., :2] / np.maximum(along[..., 2:], 1e-3), along[..., 2:]], axis=-1)

    def rays(self, height: int, width: int) -> Floats:
        """Unit directions through the pixel centres, (height, width, 3), top row first."""
        x = (np.arange(width) + 0.5) * 2 / width - 1
        y = 1 - (np.arange(height) + 0.5) * 2 / height
        ray = x[None, :, None] * self.axes[0] + y[:, None, None] * self.axes[1] + self.axes[2]
        unit: Floats = ray / np.linalg.norm(ray, axis=-1, keepdims=True)
        return unit

    @property
    def uniforms(self) -> Mapping[str, Any]:
        """As frame.glsl names them."""
        return {
            "eye": tuple(self.eye),
            "axisX": tuple(self.axes[0]),
            "axisY": tuple(self.axes[1]),
            "axisZ": tuple(self.axes[2]),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A subject in one frame: world = matrix @ local + offset; `index` counts within the shot's cast."""

    subject: Subject
    index: int
    matrix: Floats
    offset: Floats
    uniforms: Mapping[str, Any]

    @classmethod
    def of(cls, subject: Subject, track: Track, t: int, k: int) -> "Body":
        """Thing k of the cast as it stands in frame t."""
        build = look.BUILDS[subject.kind]
        scale = track.scale[t, k]
        matrix = _turn(2, track.roll[t, k]) @ _turn(1, track.yaw[t, k]) @ _turn(0, track.pitch[t, k]) @ np.diag(scale)
        centre = np.array([0.0, pivot(subject.kind), 0.0])
        offset = track.position[t, k] + centre * scale - matrix @ centre
        inverse = np.linalg.inv(matrix)
        gloss, fuzz = look.COATS.get(subject.material, (build.gloss, 0.0))
        uniforms = {
            "position": tuple(offset),
            "toLocal": inverse.T.reshape(-1),  # GLSL reads columns first
            "toWorld": inverse.reshape(-1),
            "boxLow": build.low,
            "boxHigh": build.high,
            "tint": look.linear(look.PALETTE[subject.colour]),
            "accent": look.linear(look.ACCENTS.get(subject.colour, look.ACCENT)),
            "fuzz": fuzz,
            "gloss": gloss,
            "phase": float(track.phase[t, k]),
            "marks": 4,
            "identity": float(k + 1),
        }
        return cls(subject=subject, index=k, matrix=matrix, offset=offset, uniforms=uniforms)

    @property
    def build(self) -> look.Build:
        """The shape's bounds in its own space."""
        return look.BUILDS[self.subject.kind]

    def place(self, points: Floats) -> Floats:
        """Local points (..., 3) -> world."""
        return points @ self.matrix.T + self.offset

    @property
    def middle(self) -> Floats:
        """The centre of the bounding box, in world metres."""
        return self.place((np.array(self.build.low) + np.array(self.build.high)) / 2)

    def bounds(self, camera: Camera) -> Rectangle:
        """The rectangle, in clip units, that covers the subject's bounding box."""
        corners = (
            np.array(np.meshgrid(*zip(self.build.low, self.build.high, strict=True), indexing="ij")).reshape(3, 8).T
        )
        flat = camera.project(self.place(corners))[:, :2]
        low, high = np.maximum(flat.min(0) - 0.02, -1.0), np.minimum(flat.max(0) + 0.02, 1.0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that one frame draws."""

    shot: Shot
    camera: Camera
    bodies: tuple[Body, ...]
    uniforms: Mapping[str, Any]
    overlay: Mapping[str, Any]


def views(scene: Scene, track: Track, height: int, width: int) -> Iterator[View]:
    """What to draw, frame by frame, for pictures of this size."""
    starts = np.cumsum([0.0, *(shot.seconds for shot in scene.shots)])
    for t in range(len(track.time)):
        index = int(track.shot[t])
        shot, since = scene.shots[index], float(track.time[t] - starts[index])
        camera = Camera.of(track, t, width / height)
        bodies = tuple(Body.of(subject, track, t, k) for k, subject in enumerate(shot.cast) if track.visible[t, k])
        light = look.INDOORS if shot.setting == "room" else look.weathered(look.LIGHTS[shot.light], shot.weather)
        yield View(
            shot=shot,
            camera=camera,
            bodies=bodies,
            uniforms={
                **camera.uniforms,
                **light.uniforms,
                "time": since,
                "proxies": _proxies(bodies),
                "wall": (*WALL, *WALL_SIZE),
            },
            overlay=_overlay(scene.seed, shot, bodies, camera, since, (height, width)),
        )


def _proxies(bodies: tuple[Body, ...]) -> Floats:
    """The balls that cast the subjects' shadows, (n, 4) centre and radius; unused ones lie where they shade nothing."""
    balls = np.tile((0.0, -50.0, 0.0, 0.01), (BALLS_PER_SUBJECT * max(len(bodies), 1), 1))
    for i, body in enumerate(bodies):
        size = np.cbrt(abs(np.linalg.det(body.matrix)))
        for j, ball in enumerate(body.build.balls):
            balls[BALLS_PER_SUBJECT * i + j] = (*body.place(np.array(ball[:3])), ball[3] * size)
    return balls


def _overlay(
    seed: int, shot: Shot, bodies: tuple[Body, ...], camera: Camera, time: float, size: tuple[int, int]
) -> Mapping[str, Any]:
    """Uniforms of the soft discs: x, y and radius in pixels from the lower left corner, and distance in metres."""
    flames = [body.place(np.array(body.build.flame)) for body in bodies if body.build.flame]
    discs = sprites(seed, shot, flames, time)
    height, width = size
    flat = camera.project(discs.points)
    radius = discs.radii / np.maximum(flat[:, 2], 0.2) / np.linalg.norm(camera.axes[1]) * height / 2
    radius[flat[:, 2] < 0.3] = 1e-4
    at = np.column_stack(
        [
            (flat[:, 0] + 1) * width / 2,
            (flat[:, 1] + 1) * height / 2,
            radius,
            np.linalg.norm(discs.points - camera.eye, axis=1),
        ]
    )
    return {"sprites": len(at), "spriteAt": _padded(at), "spriteColour": _padded(discs.colours)}


def _padded(rows: Floats) -> Floats:
    table = np.zeros((MAX_SPRITES, 4))
    table[: len(rows)] = rows
    return table


def _turn(axis: int, angle: float) -> Floats:
    """Right-handed rotation about a coordinate axis."""
    matrix = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[i, i] = matrix[j, j] = math.cos(angle)
    matrix[j, i] = math.sin(angle)
    matrix[i, j] = -math.sin(angle)
    return matrix


def _unit(vector: Floats) -> Floats:
    unit: Floats = vector / np.linalg.norm(vector)
    return unit
