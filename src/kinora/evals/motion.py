"""How the picture and the subject move, by least squares on image gradients and by centroids; no learning.

`camera_motion` explains the change from each frame to the next, outside the subject, by four numbers (drift, lift,
growth, shear); their sums over the clip name the camera move. `subject_track` follows the subject's mask, and what is
left of its path once the background's motion under its feet is taken away is the subject's own movement.

Lengths are fractions of the picture's side; x points right, y points down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Frames = npt.NDArray[np.uint8]

WORKING_SIDE = 64
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class CameraMotion:
    """Motion of the background between consecutive frames.

    A background point at (x, y), each from -1 to 1 over the picture, moves by
    (drift + growth * x + shear * y, lift + growth * y) in fractions of the side.
    """

    drift: Floats  # [T - 1]
    lift: Floats
    growth: Floats
    shear: Floats

    def at(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Displacement to the next frame of background points, one point a frame, given in fractions of the side."""
        x, y = 2 * x - 1, 2 * y - 1
        return self.drift + self.growth * x + self.shear * y, self.lift + self.growth * y

    @property
    def move(self) -> str:
        """The camera word that explains the motion.

        A pan slides the whole picture one way; an orbit slides what lies behind the subject one way and the ground in
        front of it the other, which the shear picks up; a zoom lets the picture grow or shrink about its centre.
        Thresholds lie midway between the values measured on renders (see docs/results.md).
        """
        drift, growth, shear = float(self.drift.sum()), float(self.growth.sum()), float(self.shear.sum())
        if abs(growth) > ZOOMS and abs(growth) > abs(shear):
            return "zoom_in" if growth > 0 else "zoom_out"
        if abs(shear) > max(ORBITS, 0.25 * abs(drift)):
            return "orbit"
        if abs(drift) > PANS:
            return "pan_left" if drift > 0 else "pan_right"
        return "static"


PANS, ZOOMS, ORBITS = 0.16, 0.16, 0.12


@dataclass(frozen=True, kw_only=True)
class Track:
    """The subject's path, one value per frame."""

    x: Floats  # centroid
    y: Floats
    foot: Floats  # lowest point
    area: Floats  # share of the picture

    @property
    def found(self) -> bool:
        """Whether there is a subject to follow: it covers at least half a percent of the median frame."""
        return bool(np.median(self.area) > 0.005)


def camera_motion(frames: Frames, subject: Floats) -> CameraMotion:
    """Fit the background's motion; `subject` is the probability [T, h, w] that a cell shows the subject.

    Gauss-Newton with weights that ignore the subject and distrust large residuals (falling snow, sparks). Each pair
    of frames starts from the previous pair's motion, so that fast but steady moves converge.
    """
    luma = smoothed(resized((frames.astype(np.float32) @ LUMA / 255).astype(np.float32), WORKING_SIDE))
    ignore = widened(resized(subject, WORKING_SIDE))
    motion = np.zeros(4, dtype=np.float32)
    rows = []
    for now, following, hidden in zip(luma, luma[1:], np.maximum(ignore[:-1], ignore[1:]), strict=False):
        motion = fitted(now, following, 1 - hidden, motion)
        rows.append(motion)
    drift, lift, growth, shear = np.stack(rows).T / WORKING_SIDE
    return CameraMotion(drift=drift, lift=lift, growth=growth, shear=shear)


def subject_track(subject: Floats) -> Track:
    """Centroid, lowest point and area of the mask [T, h, w] (probabilities), frame by frame."""
    solid = np.where(subject > 0.3, subject, 0).astype(np.float32)
    t, h, w = subject.shape
    total = solid.sum((1, 2)) + 1e-6
    x = solid.sum(1) @ ((np.arange(w, dtype=np.float32) + 0.5) / w) / total
    y = solid.sum(2) @ ((np.arange(h, dtype=np.float32) + 0.5) / h) / total
    below = np.cumsum(solid.sum(2), axis=1) / total[:, None]
    foot = np.array([np.interp(0.97, below[i], np.arange(1, h + 1) / h) for i in range(t)], dtype=np.float32)
    return Track(x=x, y=y, foot=foot, area=total / (h * w))


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What the subject did of its own, the camera's part taken away."""

    across: float
    """Net way to the right, in fractions of the picture's width."""
    arcs: float
    """Depth of the typical rise above the ground, in fractions of its own height."""
    grown: float
    """Ratio of its area at the end to that at the start, zoom taken away."""

    def agrees(self, verb: str) -> bool | None:
        """Whether this is what `verb` asks for; None where a centroid can't tell (spinning)."""
        moved, rose, larger = abs(self.across) > MOVES, self.arcs > RISES, self.grown > GROWS
        return {
            "stand": not (moved or rose or larger),
            "move_left": self.across < -MOVES and not larger,
            "move_right": self.across > MOVES and not larger,
            "hop": rose and not larger,
            "bounce": rose and not larger,
            "grow": larger,
        }.get(verb)


MOVES, RISES, GROWS = 0.14, 0.14, 2.2


def movement(track: Track, camera: CameraMotion) -> Movement:
    """Separate the subject's own movement from the camera's."""
    slide, sink = camera.at(track.x[:-1], track.foot[:-1])
    if camera.move == "orbit":  # it turns about the place where the subject starts, and so takes it nowhere
        slide = np.zeros_like(slide)
    x = track.x - np.concatenate([[0], np.cumsum(slide)])
    foot = track.foot - np.concatenate([[0], np.cumsum(sink)])
    zoom = np.exp(2 * 2 * np.concatenate([[0], np.cumsum(camera.growth)]))
    end = max(len(x) // 8, 1)
    height = float(np.sqrt(np.median(track.area)) * 1.2)
    ground = np.interp(np.arange(len(foot)), *lower_envelope(foot))
    area = track.area / zoom
    return Movement(
        across=float(x[-end:].mean() - x[:end].mean()),
        arcs=float(np.quantile(ground - foot, 0.8) / height),
        grown=float(np.median(area[-end:]) / np.median(area[:end])),
    )


def lower_envelope(foot: Floats) -> tuple[Floats, Floats]:
    """Times and heights at which the foot is lowest (largest y) among its neighbours: where it touches the ground."""
    t = len(foot)
    reach = max(t // 5, 2)
    lowest = [i for i in range(t) if foot[i] >= foot[max(0, i - reach) : i + reach + 1].max() - 1e-6]
    return np.array(lowest, dtype=np.float32), foot[lowest]


def fitted(now: Floats, following: Floats, weight: Floats, start: Floats, rounds: int = 4) -> Floats:
    """Drift, lift, growth and shear, in pixels, that carry `now` to `following` where `weight` is large."""
    h, w = now.shape
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    ny, nx = 2 * (y + 0.5) / h - 1, 2 * (x + 0.5) / w - 1
    dy, dx = np.gradient(now)
    design = np.stack([dx, dy, dx * nx + dy * ny, dx * ny])  # change of `now` per unit of each number
    motion = start.copy()
    for _ in range(rounds):
        a, b, z, k = motion
        at_y, at_x = y + b + z * ny, x + a + z * nx + k * ny
        inside = (at_x >= 0) & (at_x <= w - 1) & (at_y >= 0) & (at_y <= h - 1)
        residual = sampled(following, at_y, at_x) - now
        trust = weight * inside / (np.abs(residual) + 0.02)
        normal = np.einsum("ihw,jhw,hw->ij", design, design, trust, optimize=True) + np.eye(4) * 1e-4
        motion = motion - np.linalg.solve(normal, np.einsum("ihw,hw->i", design, residual * trust)).astype(np.float32)
        motion = motion.clip(-w / 8, w / 8)
    return motion


def sampled(picture: Floats, y: Floats, x: Floats) -> Floats:
    """Bilinear values of a picture [h, w] or [h, w, c] at fractional places, the border repeated outside."""
    h, w = picture.shape[:2]
    y, x = y.clip(0, h - 1.001), x.clip(0, w - 1.001)
    j, i = y.astype(int), x.astype(int)
    fy, fx = y - j, x - i
    if picture.ndim == 3:
        fy, fx = fy[..., None], fx[..., None]
    top = picture[j, i] * (1 - fx) + picture[j, i + 1] * fx
    bottom = picture[j + 1, i] * (1 - fx) + picture[j + 1, i + 1] * fx
    value: Floats = (top * (1 - fy) + bottom * fy).astype(np.float32)
    return value


def resized(stack: Floats, side: int) -> Floats:
    """[T, H, W] to [T, side, side]: means of equal cells when H and W are multiples, else the nearest cells' values."""
    t, h, w = stack.shape
    if h % side == 0 and w % side == 0:
        return stack.reshape(t, side, h // side, side, w // side).mean((2, 4))
    rows, columns = (np.arange(side) * h) // side, (np.arange(side) * w) // side
    return stack[:, rows][:, :, columns]


def smoothed(stack: Floats) -> Floats:
    """Binomial blur (1 4 6 4 1) along both picture axes: gradients then hold over a pixel or two of motion."""
    for axis in (1, 2):
        pad = [(2, 2) if a == axis else (0, 0) for a in range(3)]
        wide = np.pad(stack, pad, mode="edge")
        size = stack.shape[axis]
        parts = [wide.take(np.arange(n, n + size), axis) * k for n, k in enumerate((1, 4, 6, 4, 1))]
        stack = (sum(parts[1:], start=parts[0]) / 16).astype(np.float32)
    return stack


def widened(mask: Floats, by: int = 3) -> Floats:
    """Maximum over a (2 by + 1)-cell neighbourhood: a subject's shadow and fringe move with it."""
    for axis in (1, 2):
        pad = [(by, by) if a == axis else (0, 0) for a in range(3)]
        wide = np.pad(mask, pad, mode="edge")
        size = mask.shape[axis]
        mask = np.max([wide.take(np.arange(n, n + size), axis) for n in range(2 * by + 1)], axis=0)
    return mask
