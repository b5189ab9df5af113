"""Checks that need no training: the subject's colour, its path, the camera's move, and how the picture itself fares.

A generated clip has no truth beside it, so the subject's region is the recogniser's mask; everything after that is
arithmetic on pixels. `analyse` returns it all, and `Analysis.agrees` holds it against what was commanded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import fmean

import numpy as np

from kinora.evals.attributes import CORE
from kinora.evals.motion import (
    LUMA,
    CameraMotion,
    Floats,
    Frames,
    Movement,
    Track,
    camera_motion,
    movement,
    resized,
    sampled,
    subject_track,
    widened,
)
from kinora.world.look import PALETTE


@dataclass(frozen=True, kw_only=True)
class Picture:
    """How the picture fares whatever it shows; a generated clip should come near to renders of the same scenes."""

    flicker: float
    """Mean change of the background from frame to frame once the camera's motion is undone, in levels of 255."""
    saturation: float
    """Mean of (max - min) / max over the colour channels, 0 to 1."""
    edges: float
    """Mean length of the luma gradient, in levels of 255 a pixel."""
    sharpness: float
    """Share of the luma's variation that is fine: mean |Laplacian| over mean |gradient|."""


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """All that can be said of a clip without a trained judge of words."""

    colour: str
    camera: CameraMotion
    track: Track
    movement: Movement
    picture: Picture

    def agrees(self, commanded: Mapping[str, str]) -> dict[str, bool]:
        """Whether colour, camera and, where a path can tell, action are as commanded."""
        verdicts = {
            "colour": self.track.found and self.colour == commanded["colour"],
            "camera": self.camera.move == commanded["camera"],
        }
        moved = self.movement.agrees(commanded["action"])
        if moved is not None:
            verdicts["action"] = self.track.found and moved
        return verdicts


def analyse(frames: Frames, subject: Floats) -> Analysis:
    """Analyse one clip [T, H, W, 3] given the probability [T, h, w] that a cell shows the subject."""
    camera = camera_motion(frames, subject)
    track = subject_track(subject)
    return Analysis(
        colour=subject_colour(frames, subject),
        camera=camera,
        track=track,
        movement=movement(track, camera),
        picture=picture(frames, subject, camera),
    )


def mean_picture(pictures: list[Picture]) -> Picture:
    """Field by field mean."""
    return Picture(**{name: fmean(getattr(p, name) for p in pictures) for name in asdict(pictures[0])})


def subject_colour(frames: Frames, subject: Floats) -> str:
    """The named colour that most of the subject's pixels are nearest to; see `colour_votes`."""
    votes = colour_votes(frames, subject)
    return max(votes, key=votes.__getitem__)


NAMED = {name: PALETTE[name] for name in CORE["colour"]}
"""What the core colours' names mean, as displayed."""

HAZE = 0.08
"""Linear light that sky and air add to every paint: without it a red thing in blue light passes for pink."""

WHITE_COUNTS = 0.5
"""Eyes, stripes and spots are white on subjects of every colour, so white must win twice over."""


def colour_votes(frames: Frames, subject: Floats) -> dict[str, float]:
    """Share of the subject's pixels that are nearest to each named colour.

    Shade scales a colour's linear light and leaves its proportions, so pixels are compared by the proportions of
    their channels; pixels too dark to have any do not vote.
    """
    light = ((frames / 255.0) ** 2.2).astype(np.float32)
    side = subject.shape[1]
    cells = np.stack([resized(light[..., c], side) for c in range(3)], axis=-1)[subject > 0.6]
    cells = cells[cells.sum(1) > 0.02]
    names = np.array(list(NAMED.values()), dtype=np.float32) ** 2.2 + HAZE
    distance = np.linalg.norm(proportions(cells)[:, None] - proportions(names), axis=2)
    counts = np.bincount(distance.argmin(1), minlength=len(NAMED)) / max(len(cells), 1)
    return {name: float(n) * (WHITE_COUNTS if name == "white" else 1) for name, n in zip(NAMED, counts, strict=True)}


def proportions(light: Floats) -> Floats:
    """Each channel's share of the sum, its square root taken so that hues lie about evenly apart."""
    share: Floats = np.sqrt(light / light.sum(-1, keepdims=True))
    return share


def picture(frames: Frames, subject: Floats, camera: CameraMotion) -> Picture:
    """Measure a clip's picture quality."""
    pixels = frames.astype(np.float32)
    luma = pixels @ LUMA
    high, low = pixels.max(3), pixels.min(3)
    gradient = np.hypot(np.diff(luma, axis=1)[:, :, :-1], np.diff(luma, axis=2)[:, :-1])
    centre = luma[:, 1:-1, 1:-1]
    around = (luma[:, :-2, 1:-1] + luma[:, 2:, 1:-1] + luma[:, 1:-1, :-2] + luma[:, 1:-1, 2:]) / 4
    edges = float(gradient.mean())
    return Picture(
        flicker=flicker(frames, subject, camera),
        saturation=float(((high - low) / (high + 1)).mean()),
        edges=edges,
        sharpness=float(np.abs(centre - around).mean() / (edges + 1e-3)),
    )


def flicker(frames: Frames, subject: Floats, camera: CameraMotion) -> float:
    """Mean absolute change of the background between frames, each frame first moved onto the one before.

    With a static camera this is VBench's temporal flickering outside the subject (there: 1 - value / 255).
    """
    size = 64
    small = np.stack([resized(frames[..., c].astype(np.float32), size) for c in range(3)], axis=-1)
    background = widened(resized(subject, size)) < 0.2
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    ny, nx = (2 * (v + 0.5) / size - 1 for v in (y, x))
    changes = []
    for i in range(len(small) - 1):
        at_x = x + size * (camera.drift[i] + camera.growth[i] * nx + camera.shear[i] * ny)
        at_y = y + size * (camera.lift[i] + camera.growth[i] * ny)
        seen = (at_x >= 0) & (at_x <= size - 1) & (at_y >= 0) & (at_y <= size - 1)
        still = background[i] & background[i + 1] & seen
        if still.any():
            changes.append(float(np.abs(sampled(small[i + 1], at_y, at_x) - small[i])[still].mean()))
    return fmean(changes) if changes else 0.0
