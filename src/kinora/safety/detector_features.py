"""What tells clips of the shipped model from footage and renders without any mark: a dozen numbers of each clip.

The model's pictures are soft, made of patches of 16 pixels and decoded four frames at a time; each of these leaves a
trace in the spectrum, across the patches' edges or in the rhythm of change. All are taken on the watermark's canvas,
so that size matters little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kinora.safety.watermark_canvas import Frames, Planes, canvas

Reals = npt.NDArray[np.floating]

BANDS = ((4, 8), (8, 16), (16, 24), (24, 32), (32, 48), (48, 64))
"""Waves to a short side, from and to."""

NAMES = (
    *(f"spectrum {low}-{high}" for low, high in BANDS),
    "change",
    "jerk",
    "rhythm of four",
    "edges of patches",
    "grain",
    "sparseness",
)

LOOKED_AT = 32
"""Frames in a row by which a clip is judged: those in its middle, where it has more."""

PATCH, GROUP = 16, 4


def features(frames: Frames) -> Reals:
    """The numbers called NAMES of a clip (uint8 T H W 3)."""
    start = max(0, (len(frames) - LOOKED_AT) // 2)
    chosen = frames[start : start + LOOKED_AT]
    cells = canvas(chosen)
    return np.array([*_spectrum(cells), *_motion(cells), _edges(cells), *_grain(cells)])


def _spectrum(cells: Planes) -> list[float]:
    """Log energy in octaves of the middle square, against that of the longest waves."""
    left = (cells.shape[2] - cells.shape[1]) // 2
    square = cells[::4, :, left : left + cells.shape[1]] if left >= 0 else cells[::4, -left : -left + cells.shape[2]]
    side = square.shape[-1]
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.mean(np.abs(np.fft.rfft2((square - square.mean()) * window)) ** 2, axis=0)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)) * 128
    bands = [power[(radius >= low) & (radius < high)].mean() for low, high in ((1, 4), *BANDS)]
    return [float(np.log((band + 1) / (bands[0] + 1))) for band in bands[1:]]


def _motion(cells: Planes) -> list[float]:
    """How much changes, how jerkily, and how strongly the amount of change repeats every four frames."""
    if len(cells) < 2 * GROUP + 1:
        return [0.0, 0.0, 0.0]
    change = np.square(np.diff(cells, axis=0)).mean(axis=(1, 2)) + 0.01
    jerk = np.square(np.diff(cells, n=2, axis=0)).mean() + 0.01
    beat = np.log(change) - np.log(change).mean()
    turns = np.exp(2j * np.pi * np.arange(len(beat)) / GROUP)
    rhythm = np.abs((beat * turns).mean()) / (beat.std() + 0.05)
    return [float(np.log(change.mean())), float(np.log(jerk / change.mean())), float(rhythm)]


def _edges(cells: Planes) -> float:
    """Log of the steps across the edges of patches against those elsewhere."""
    steps = [np.abs(np.diff(cells, axis=axis)).mean(axis=(0, 3 - axis)) + 0.01 for axis in (1, 2)]
    across = np.mean([step[PATCH - 1 :: PATCH].mean() for step in steps])
    return float(np.log(across / np.mean([step.mean() for step in steps])))


def _grain(cells: Planes) -> list[float]:
    """Log of the median and of the mean roughness: footage has grain everywhere, drawn pictures only at edges."""
    rough = np.abs(
        cells[:, 1:-1, 1:-1] * 4 - cells[:, :-2, 1:-1] - cells[:, 2:, 1:-1] - cells[:, 1:-1, :-2] - cells[:, 1:-1, 2:]
    )
    middle = float(np.median(rough)) + 0.05
    return [float(np.log(middle)), float(np.log((rough.mean() + 0.05) / middle))]
