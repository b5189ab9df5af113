"""Where the watermark lives: a canvas of 128 cells along the frame's short side, whatever its pixels.

    cells = canvas(frames)                       # T H W 3 -> T 128 W', brightness alone
    activity, residual = flatten(cells)          # each cell against its surroundings, in units of their activity

Scaling a video leaves its canvas as it was; cropping it shifts and enlarges it. A mark made on the canvas is so coarse
in a large frame that codecs keep it, and so fine in a small one that eyes lose it in texture: it is laid on in
proportion to the local activity, as "just noticeable difference" models of vision have it (Podilchuk and Zeng 1998).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]
Planes = npt.NDArray[np.float32]

SHORT = 128
"""Cells along the short side."""

WINDOW = 13
"""Cells along the side of the square over which activity is taken."""

FLOOR = 4.0
"""Activity, in levels of 255, of a flat surface: what the mark may take there."""

CLIP = 2.0
"""A residual beyond this is an edge or a caption, and tells nothing more."""

NEAR = 9
"""Cells along the side of the square over which a picture's own noise is taken."""

DOUBT = 0.2
"""Mean square of a residual below which a place is not trusted more: about what the mark itself has."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def cells_per_pixel(height: int, width: int) -> float:
    """The scale of the canvas of a frame of that many pixels."""
    return SHORT / min(height, width)


def canvas(frames: Frames) -> Planes:
    """Frames (T H W 3) as planes of cells."""
    return resampled(luma(frames), cells_per_pixel(*frames.shape[1:3]))


def luma(frames: Frames) -> Planes:
    """Brightness 0..255 of frames (T H W 3) as T H W."""
    return frames.astype(np.float32) @ LUMA


def resampled(planes: Planes, scale: float, size: tuple[int, int] | None = None) -> Planes:
    """Planes (T H W) enlarged by `scale`, band-limited both ways, to the nearest whole `size` if none is given.

    The scale is kept exactly, along both axes; what a size has too much repeats the border.
    """
    height, width = planes.shape[-2:]
    rows, columns = size or (max(1, round(height * scale)), max(1, round(width * scale)))
    if scale == 1 and (rows, columns) == (height, width):
        return planes
    resized = weights(height, rows, scale) @ planes @ weights(width, columns, scale).T
    return resized.astype(np.float32, copy=False)


def flatten(cells: Planes) -> tuple[Planes, Planes]:
    """(activity, residual) of planes T H W: the residual is the difference from the local mean, over the activity.

    The activity is FLOOR plus the local standard deviation, so the residual is mostly within -1..1 however strong the
    texture: neither a bright edge nor a flat sky dominates what is measured.
    """
    rows, columns = (blur(n, min(WINDOW, n)) for n in cells.shape[-2:])
    detail = cells - rows @ cells @ columns.T
    variance = rows @ np.square(detail) @ columns.T
    activity = FLOOR + np.sqrt(np.maximum(variance, 0))
    return activity, np.clip(detail / activity, -CLIP, CLIP)


def trusted(residual: Planes) -> Planes:
    """How much each cell of a residual (.. H W) counts when a mark is read from it: where a picture is loud, less.

    The mark is about as strong in the residual everywhere, the picture is not.
    """
    rows, columns = (blur(n, min(NEAR, n)) for n in residual.shape[-2:])
    return np.reciprocal(rows @ np.square(residual) @ columns.T + np.float32(DOUBT))


@lru_cache(maxsize=256)
def weights(count: int, wanted: int, scale: float) -> Planes:
    """The matrix [wanted count] that enlarges a line by `scale`: Catmull and Rom's cubic, widened when it shrinks."""
    stretch = max(1.0, 1 / scale)
    centres = (np.arange(wanted) + 0.5) / scale - 0.5
    taps = np.arange(-int(np.ceil(2 * stretch)), int(np.ceil(2 * stretch)) + 1)
    index = np.round(centres).astype(int)[:, None] + taps
    x = np.abs(index - centres[:, None]) / stretch
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    value = np.where(x < 1, near, np.where(x < 2, far, 0.0))
    matrix = np.zeros((wanted, count))
    # What reaches over the border repeats the outermost sample.
    np.add.at(matrix, (np.arange(wanted)[:, None], np.clip(index, 0, count - 1)), value)
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)


@lru_cache(maxsize=64)
def blur(count: int, window: int) -> Planes:
    """The matrix [count count] that takes each sample's mean over a triangular window cut off at the border."""
    distance = np.abs(np.arange(count)[:, None] - np.arange(count))
    matrix = np.maximum(0.0, 1 - distance / (window / 2 + 1))
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)
