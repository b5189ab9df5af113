"""The only size arithmetic: pixels and seconds to latents and tokens, and back.

>>> grid = Grid()
>>> grid.frames_for(4.0, fps=8)          # 32 frames asked; the autoencoder makes 4n+1
33
>>> grid.latent_shape(33, 128, 128)
(9, 8, 8)
>>> grid.nearest_sizes(200, 113)         # (height, width), nearest first
((208, 112), (192, 112))

Sizes are (height, width) everywhere inside Kinora and `WIDTHxHEIGHT` where people write them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from kinora.errors import InvalidRequest

Size = tuple[int, int]
"""(height, width) in pixels."""

_SIZE = re.compile(r"\s*(\d{1,6})\s*[xX×]\s*(\d{1,6})\s*")


@dataclass(frozen=True)
class Grid:
    """How one autoencoder and one transformer divide a clip.

    `stride` is pixels per latent along (time, height, width): the first frame is its own latent and
    every later latent covers `stride[0]` frames, so frame counts are `stride[0] * n + 1`.
    `patch` is latents per token along the same axes.
    """

    stride: tuple[int, int, int] = (4, 16, 16)
    patch: tuple[int, int, int] = (1, 1, 1)

    @property
    def multiple(self) -> Size:
        """What (height, width) must each be a multiple of."""
        return self.stride[1] * self.patch[1], self.stride[2] * self.patch[2]

    def frames_for(self, seconds: int | float, fps: int) -> int:
        """Return the smallest frame count of the form 4n+1 that covers `seconds` at `fps`."""
        return self.frames_of(self.latents_for(max(1, math.ceil(seconds * fps - 1e-6))))

    def latents_for(self, frames: int) -> int:
        """Return the fewest latent frames that `frames` frames from the start of a shot fit in."""
        assert frames >= 1, f"{frames=}"
        return -(-(frames - 1) // self.stride[0]) + 1

    def frames_of(self, latents: int) -> int:
        """Return how many frames that many latent frames from the start of a shot are: the first is a single one."""
        assert latents >= 1, f"{latents=}"
        return self.stride[0] * (latents - 1) + 1

    def whole(self, frames: int) -> int:
        """Return the largest number of the form 4n+1 that is no more than `frames`."""
        assert frames >= 1, f"{frames=}"
        return frames - (frames - 1) % self.stride[0]

    def latent_shape(self, frames: int, height: int, width: int) -> tuple[int, int, int]:
        """Return (t, h, w) of the latent of `frames` frames of `height` x `width` pixels."""
        time, rows, columns = self.stride
        assert (frames - 1) % time == 0, f"{frames=} is not {time}n+1"
        assert height % rows == 0, f"{height=} is not a multiple of {rows}"
        assert width % columns == 0, f"{width=} is not a multiple of {columns}"
        return self.latents_for(frames), height // rows, width // columns

    def token_count(self, frames: int, height: int, width: int) -> int:
        """Return how many tokens the transformer sees for such a clip."""
        shape = self.latent_shape(frames, height, width)
        return math.prod(-(-size // patch) for size, patch in zip(shape, self.patch, strict=True))

    def accepts(self, height: int, width: int) -> bool:
        """Say whether the grid divides this size without resizing anything."""
        rows, columns = self.multiple
        return height > 0 and width > 0 and height % rows == 0 and width % columns == 0

    def nearest_sizes(
        self, height: int, width: int, *, smallest: int = 0, allowed: Callable[[int, int], bool] | None = None
    ) -> tuple[Size, Size]:
        """Return the two sizes closest to `height` x `width`, nearest first, no side under `smallest`.

        `allowed` says of a size whether it will do; within two steps of the grid there must be two that do.
        """
        candidates = [
            (rows, columns)
            for rows in _multiples_near(height, self.multiple[0], smallest)
            for columns in _multiples_near(width, self.multiple[1], smallest)
            if allowed is None or allowed(rows, columns)
        ]
        # Of two equally near the larger goes first: nobody misses pixels they have.
        candidates.sort(key=lambda size: (math.hypot(size[0] - height, size[1] - width), -size[0] * size[1]))
        return candidates[0], candidates[1]


def parse_size(text: str) -> Size:
    """Read `WIDTHxHEIGHT` into (height, width).

    Raises InvalidRequest when the text is not two whole numbers with an x between them.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise InvalidRequest(text, rule="a size is WIDTHxHEIGHT in pixels", remedy="for example 128x128")
    return int(match[2]), int(match[1])


def sized(size: str | Size | None) -> Size | None:
    """A size said either way, as (height, width); None for the model's own. Raises InvalidRequest as `parse_size`."""
    return parse_size(size) if isinstance(size, str) else size


def format_size(size: Size) -> str:
    """Write (height, width) as people and the API do: `WIDTHxHEIGHT`."""
    return f"{size[1]}x{size[0]}"


def _multiples_near(side: int, multiple: int, smallest: int) -> list[int]:
    """Return the multiples around `side`, two on either side, none under `smallest`."""
    least = -(-max(smallest, 1) // multiple)
    floor = max(side // multiple, least)
    return [step * multiple for step in range(max(floor - 1, least), floor + 3)]
