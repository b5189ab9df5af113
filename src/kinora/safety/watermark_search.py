"""Finding the watermark in frames that were scaled, cropped or mirrored, and how sure that is.

The statistic. Let Y be the waves of the frames' mean residual, evened out so that only their phases matter much, and
s the pilots' phases. t = sum Re(Y conj s) / sqrt(sum |Y|^2 / 2) over the pilots. If frames are not marked with this
key, the s are independent of them and uniform on the circle, so E exp(x t) <= exp(x^2 / 2) whatever Y is (since
I0(a) <= exp(a^2 / 4)) and P(t >= u) <= exp(-u^2 / 2): a bound over keys that holds for every video, assumes nothing
about pictures, and stays one under a union. Half of the error allowed goes to the one hypothesis that the frame is
whole (scaled, perhaps, but not cut), half to all places, sizes and reflections that a search tries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from kinora.safety.watermark_canvas import SHORT, resampled, trusted
from kinora.safety.watermark_pattern import TILE, Pattern, Planes, Waves, fold, waves_of, waves_of_the_tile

SHARES = np.geomspace(0.5, 1.04, 106)
"""Shares of the canvas's short side that are tried: crops to a half, and frames with a border."""

FINE = 2
"""Places tried to a cell."""

TRIED = len(SHARES) * 2 * (TILE * FINE) ** 2

CERTAIN = 1e-12
"""Where the whole frame fits by less than this, nothing else is tried."""

LOUDEST = 2.5
"""Waves count for at most this, in units of the waves of about their length."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the tile lies in the frame: the frame shows `share` of the canvas's short side, and the tile begins
    (`row`, `column`) cells from its corner; `mirrored` left to right."""

    share: float = 1.0
    row: float = 0.0
    column: float = 0.0
    mirrored: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where the mark fits best, by which `statistic` (t), and the bound that it does so by chance.

    `waves` are the frame's as they would be in the tile's own place, turned back by the key.
    """

    place: Place
    statistic: float
    waves: Waves
    p_value: float = 1.0


class Views:
    """The evened waves of some frames at any size, either way round: what all keys are held against."""

    def __init__(self, residual: Planes) -> None:
        # rows columns: the frames' mean residual on their canvas, and how much each cell of it counts
        self._seen = np.stack([residual, trusted(residual)])
        self._known: dict[tuple[float, bool], Waves] = {}

    def waves(self, share: float, mirrored: bool) -> Waves:
        """The waves if the frame shows `share` of the canvas."""
        if (share, mirrored) not in self._known:
            plane, trust = resampled(self._seen, share)[..., :: -1 if mirrored else 1]
            self._known[share, mirrored] = evened(waves_of(fold(plane, trust)))
        return self._known[share, mirrored]


def find(views: Views, pattern: Pattern) -> Found:
    """Look for `pattern`: in the whole frame first and, unless it is plainly there, everywhere."""
    whole = at(views, pattern, Place())
    whole = replace(whole, p_value=bound(whole.statistic, 1))
    if whole.p_value < CERTAIN:
        return whole
    best = search(views, pattern)
    return whole if whole.p_value <= best.p_value else _refined(views, pattern, best)


def search(views: Views, pattern: Pattern) -> Found:
    """The best of all sizes, places and reflections."""
    tries = [_placed(views, pattern, float(share), mirrored) for share in SHARES for mirrored in (False, True)]
    best = max(tries, key=lambda found: found.statistic)
    return replace(best, p_value=bound(best.statistic, TRIED))


def at(views: Views, pattern: Pattern, place: Place) -> Found:
    """The statistic at one place."""
    waves = views.waves(place.share, place.mirrored) * pattern.turn.conj() * _shift(pattern, place.row, place.column)
    pilots = waves[pattern.pilots]
    return Found(place=place, statistic=float(pilots.real.sum()) / _spread(pilots), waves=waves)


def bound(statistic: float, tried: int) -> float:
    """The p-value of the best of `tried` statistics, for half of the error allowed."""
    return min(1.0, 2 * tried * math.exp(-(max(statistic, 0.0) ** 2) / 2))


def _placed(views: Views, pattern: Pattern, share: float, mirrored: bool) -> Found:
    """The best place at one size, by one inverse Fourier transform over all places."""
    waves = views.waves(share, mirrored) * pattern.turn.conj()
    pilots, side = waves[pattern.pilots], TILE * FINE
    spectrum = np.zeros((side, side // 2 + 1), np.complex64)
    rows = pattern.rows[pattern.pilots]
    spectrum[np.where(rows > TILE // 2, rows + side - TILE, rows), pattern.columns[pattern.pilots]] = pilots
    sums = np.fft.irfft2(spectrum, s=(side, side))
    best = int(sums.argmax())
    statistic = float(sums.flat[best]) * side**2 / 2 / _spread(pilots)
    place = Place(share=share, row=best // side / FINE, column=best % side / FINE, mirrored=mirrored)
    return Found(place=place, statistic=statistic, waves=waves * _shift(pattern, place.row, place.column))


def _refined(views: Views, pattern: Pattern, found: Found) -> Found:
    """The same find, size and place to a fraction of the search's steps: to read chips by, not for the p-value."""
    best = found
    for ratio in np.linspace(0.994, 1.006, 9):
        for down in NEARBY:
            for right in NEARBY:
                near = found.place
                place = replace(near, share=near.share * float(ratio), row=near.row + down, column=near.column + right)
                best = max(best, at(views, pattern, place), key=lambda one: one.statistic)
    return replace(best, p_value=found.p_value)


NEARBY = (-0.5, -0.25, 0.0, 0.25, 0.5)


def evened(waves: Waves) -> Waves:
    """Waves in units of the waves of about their length, the loudest held down; phases stay."""
    energy = np.abs(waves) ** 2
    near = _neighbours()
    level = np.sqrt(near @ energy / near.sum(axis=1)) + 1e-12
    size = np.sqrt(energy) / level
    return waves / level * np.minimum(1, LOUDEST / np.maximum(size, 1e-12))


def _spread(pilots: Waves) -> float:
    return math.sqrt(float((np.abs(pilots) ** 2).sum()) / 2) + 1e-12


def _shift(pattern: Pattern, row: float, column: float) -> Waves:
    """What turns the waves back when the tile's origin is `row`, `column` cells from the frame's corner."""
    rows = np.where(pattern.rows > TILE // 2, pattern.rows - TILE, pattern.rows)
    return np.exp(2j * np.pi * (rows * row + pattern.columns * column) / TILE)


@cache
def _neighbours() -> npt.NDArray[np.float64]:
    rows, columns = waves_of_the_tile()
    radius = np.hypot(np.minimum(rows, TILE - rows), columns)
    return (np.abs(radius[:, None] - radius) < 1).astype(float)


assert SHORT >= TILE, "a frame's short side shows a whole tile"
