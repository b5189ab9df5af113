"""Flashing that can set off seizures, by the rule broadcasters go by (ITU-R BT.1702, Ofcom's guidance note on it).

A *transition* is a change of screen luminance by 20 cd/m2 or more whose darker side is below 160 cd/m2; a *flash* is
two opposing ones. A *red flash* is two opposing changes to and from saturated red, whatever their luminance. More than
three flashes within a second (seven transitions) over more than a quarter of the picture are dangerous.

Each cell of a 32 x 32 grid keeps its own count, so that chunks may end anywhere. Flashes of cells are added up whether
or not they come at the same instant, which is stricter than the rule. Not looked for: regular patterns of stripes.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from kinora.safety.frames_findings import Finding

FLASHING = "flashing"

Frames = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.float32]

TRANSITION = 20.0
"""cd/m2; for red, the same number on the scale of 320 (R - G - B) (Harding and Binnie 2002, as in WCAG 2)."""

BRIGHT = 160.0
"""cd/m2: where even the darker side is brighter, changes of luminance are harmless."""

TRANSITIONS = 6
"""Three flashes. One more transition within a second is one too many."""

AREA = 0.25
GRID = 32
SAMPLES = 256
"""Pixels looked at along a side at most: cells are means, for which these are plenty."""

LINEAR = ((np.arange(256) / 255) ** 2.2).astype(np.float32)
SCREEN = (200 * ((np.arange(256) / 255 + 0.0271) / 1.0271) ** 2.2).astype(np.float32)
"""cd/m2 that a grey value gives on BT.1702's reference: 200 for white, gamma 2.2, a little light in black."""


class FlashMeter:
    """Counts flashes of one clip; call it with its frames (uint8 T H W C) in order."""

    def __init__(self, fps: float | int) -> None:
        self._bright = Transitions(fps, ceiling=BRIGHT)
        self._red = Transitions(fps, ceiling=np.inf)

    def __call__(self, frames: Frames) -> list[Finding]:
        """Report each frame at which flashing passes the limit."""
        small = frames[:, :: _stride(frames.shape[1]), :: _stride(frames.shape[2])]
        grey = (small @ np.array([0.2126, 0.7152, 0.0722], np.float32)).round().astype(np.uint8)
        found = []
        for index, (light, red) in enumerate(zip(_cells(SCREEN[grey]), _redness(small), strict=True)):
            # Both must see every frame: no short circuit.
            for name, area in (("light", self._bright(light)), ("saturated red", self._red(red))):
                if area > AREA:
                    reason = f"{name} flashes more than three times a second over {area:.0%} of the picture"
                    found.append(Finding(index, FLASHING, 1.0, f"{reason}, which can set off seizures"))
        return found


class Transitions:
    """Opposing changes in each cell, and how many of them fell into the last second."""

    def __init__(self, fps: float | int, *, ceiling: float) -> None:
        self._window = max(1, round(fps))
        self._ceiling = ceiling
        self._recent: deque[npt.NDArray[np.bool_]] = deque()
        self._high: Cells | None = None

    def __call__(self, value: Cells) -> float:
        """Take the next frame's cells; return the share of them that flash more often than allowed."""
        if self._high is None:
            self._high, self._low = value, value
            self._last = np.zeros(value.shape, np.int8)  # +1 after a rise, -1 after a fall
            self._count = np.zeros(value.shape, np.int32)
        # After a rise only a fall from the highest value since counts, and the other way round.
        fall = (self._last >= 0) & (self._high - value >= TRANSITION) & (value < self._ceiling)
        rise = (self._last <= 0) & (value - self._low >= TRANSITION) & (self._low < self._ceiling)
        turned = fall | rise
        self._last = np.where(turned, np.where(rise, 1, -1), self._last).astype(np.int8)
        self._high = np.where(turned, value, np.maximum(self._high, value))
        self._low = np.where(turned, value, np.minimum(self._low, value))
        self._recent.append(turned)
        self._count += turned
        if len(self._recent) > self._window:
            self._count -= self._recent.popleft()
        return float(np.mean(self._count > TRANSITIONS))


def _redness(frames: Frames) -> Cells:
    """320 (R - G - B) of each cell that is saturated red (R at least 0.8 of R + G + B in linear light), else 0."""
    red, green, blue = (_cells(LINEAR[frames[..., channel]]) for channel in range(3))
    saturated = red >= 0.8 * (red + green + blue)
    return np.where(saturated, np.maximum(320 * (red - green - blue), 0), 0).astype(np.float32)


def _cells(values: Cells) -> Cells:
    """Means (T h w) over a grid of at most GRID x GRID cells of T H W."""
    for axis in (1, 2):
        side = values.shape[axis]
        edges = np.linspace(0, side, min(GRID, side), endpoint=False).astype(int)
        widths = np.diff(np.append(edges, side)).astype(np.float32)
        sums = np.add.reduceat(values, edges, axis=axis)
        values = (sums / widths.reshape(-1, *[1] * (2 - axis))).astype(np.float32, copy=False)
    return values


def _stride(side: int) -> int:
    return -(-side // SAMPLES)
