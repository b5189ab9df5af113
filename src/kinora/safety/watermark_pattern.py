"""The watermark's pattern: a tile of 64x64 cells whose waves carry pilots and chips, as the key scatters them.

A tile is the sum of 242 plane waves, of 8 to 15 periods to a tile: shorter ones don't survive being halved in size,
longer ones drown in the picture. The key draws for each whether it is a pilot, of known phase, by which the mark is
found, or carries two chips of the payload (the signs of its cosine and its sine part), and turns it by a phase of its
own. Tiles repeat over the canvas: a crop that leaves one whole tile leaves everything, wherever it begins, since a
shift of the tile turns each wave by a phase that is known for a shift. Templates of this kind: Pereira and Pun 2000;
tiled patterns: Honsinger and Rabbani 2000, Kutter 1999.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from kinora.safety.watermark_code import CHIPS

Waves = npt.NDArray[np.complexfloating]
Planes = npt.NDArray[np.float32]
Whole = npt.NDArray[np.intp]

TILE = 64
LOWEST, HIGHEST = 8.0, 15.0


@dataclass(frozen=True, eq=False)
class Pattern:
    """What a key makes of the tile's waves: `rows`, `columns` index a tile's `rfft2`."""

    rows: Whole  # [waves]
    columns: Whole  # [waves]
    turn: Waves  # [waves] unit phases
    pilots: Whole  # which waves are pilots
    carriers: Whole  # which waves carry chips
    chips: Whole  # [carriers, 2] the chip in each one's cosine and sine part

    @classmethod
    def of(cls, key: bytes) -> Pattern:
        """The pattern of a key: from SHAKE-256 alone, so that it is the same in every version of every library."""
        return _pattern(key)

    def waves(self, tile: npt.NDArray[np.floating]) -> Waves:
        """The tile's waves, each turned back by its phase: a pilot is positive real where the mark stands unshifted."""
        return waves_of(tile) * self.turn.conj()

    def tile(self, waves: Waves) -> Planes:
        """The tile (.. 64 64) of these waves; `waves` undoes it."""
        spectrum = np.zeros((*waves.shape[:-1], TILE, TILE // 2 + 1), np.complex64)
        spectrum[..., self.rows, self.columns] = waves * self.turn
        return np.fft.irfft2(spectrum, s=(TILE, TILE), norm="ortho").astype(np.float32)


@lru_cache(maxsize=4096)
def _pattern(key: bytes) -> Pattern:
    rows, columns = waves_of_the_tile()
    count = len(rows)
    drawn = np.frombuffer(hashlib.shake_256(b"kinora watermark 1\0" + key).digest(count * 12), "<u4").reshape(3, count)
    # Of every two waves of about one length, one is a pilot.
    place = np.argsort(drawn[0].astype(np.int64) + (np.arange(count) // 2 << 33), kind="stable")
    pilots, carriers = np.sort(place[::2]), np.sort(place[1::2])
    order = np.argsort(drawn[1][carriers], kind="stable")
    chips = np.resize(np.arange(CHIPS), 2 * len(carriers)).reshape(-1, 2)[np.argsort(order)]
    turn = np.exp(2j * np.pi * drawn[2] / 2**32)
    return Pattern(rows, columns, turn.astype(np.complex64), pilots, carriers, chips)


def waves_of(tile: npt.NDArray[np.floating]) -> Waves:
    """The waves in use of a tile (.. 64 64), before any key."""
    return np.fft.rfft2(tile, norm="ortho")[..., *waves_of_the_tile()]


@cache
def waves_of_the_tile() -> tuple[Whole, Whole]:
    """Indices into `rfft2` of the waves in use, the longest first.

    Upright and level waves are left out: frames, horizons and blocks of codecs are made of them.
    """
    rows, columns = np.meshgrid(np.arange(TILE), np.arange(1, TILE // 2), indexing="ij")
    upright = np.minimum(rows, TILE - rows)
    radius = np.hypot(upright, columns)
    used = (radius >= LOWEST) & (radius <= HIGHEST) & (upright > 0)
    order = np.lexsort((columns[used], rows[used], radius[used]))
    return rows[used][order], columns[used][order]


def fold(planes: Planes, trust: Planes) -> Planes:
    """The mean tile (T 64 64) of planes T H W, whose cells count as `trust` (T H W, positive) says."""
    rows, columns = _folding(planes.shape[-2]), _folding(planes.shape[-1]).T
    total, mass = rows @ (planes * trust) @ columns, rows @ trust @ columns
    return np.divide(total, mass, out=np.zeros_like(total), where=mass > 0)


def spread(tiles: Planes, rows: int, columns: int) -> Planes:
    """Tiles (T 64 64) repeated over T rows columns."""
    return np.take(np.take(tiles, np.arange(rows) % TILE, axis=-2), np.arange(columns) % TILE, axis=-1)


@lru_cache(maxsize=256)
def _folding(count: int) -> Planes:
    """The matrix [64 count] that adds up a line's samples at equal places of the tile."""
    return (np.arange(TILE)[:, None] == np.arange(count) % TILE).astype(np.float32)
