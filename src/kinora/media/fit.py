"""A picture of any size into the size asked for, and what that did to it, in words.

    small = fitted(pixels, (128, 128), "cover")
    described((1080, 1920), (128, 128), "cover")   # "cropped in the middle from 1920x1080 to 1080x1080, ..."

Nothing is done that is not said: whoever reads a file passes the words on to the user.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from kinora.errors import InvalidRequest
from kinora.grid import Size, format_size
from kinora.request import Real

Fit = Literal["cover", "contain", "stretch"]
"""cover: fill the picture and crop what is over. contain: show all, between black bars. stretch: pull to shape."""

Pixels = npt.NDArray[Any]

SAME_SHAPE = 0.01
"""Shapes that differ by less than this share of a side are the same shape."""


def check_fit(name: str) -> Fit:
    """Return `name` if it is a way to fit. Raises InvalidRequest."""
    for fit in get_args(Fit):
        if name == fit:
            return fit
    raise InvalidRequest(name, rule="pictures are fitted by cover, contain or stretch", remedy="try cover")


def fitted(pixels: Pixels, size: Size, fit: Fit, *, shape: Real = 1.0) -> Pixels:
    """`pixels` (H W C; uint8, or uint16 for HDR) as `size` (height, width), in the same type.

    `shape` is the width of a source pixel over its height, for videos whose pixels are not square. A picture that has
    the size already comes back as it is, bit for bit.
    """
    height, width = pixels.shape[:2]
    if (height, width) == size and _same(shape, 1):
        return pixels
    rows, columns = size
    if fit == "stretch":
        return _scaled(pixels, size, (0, 0, width, height))
    if fit == "cover":
        across = min(width, height * columns / rows / shape)
        down = min(height, width * shape * rows / columns)
        left, top = (width - across) / 2, (height - down) / 2
        return _scaled(pixels, size, (left, top, left + across, top + down))
    inner = _inner(height, width * shape, size)
    canvas = np.zeros((rows, columns, pixels.shape[2]), pixels.dtype)
    top, left = (rows - inner[0]) // 2, (columns - inner[1]) // 2
    canvas[top : top + inner[0], left : left + inner[1]] = _scaled(pixels, inner, (0, 0, width, height))
    return canvas


def described(source: Size, size: Size, fit: Fit) -> str | None:
    """What fitting a picture that is shown at `source` to `size` does to it; None: nothing."""
    if source == size:
        return None
    (height, width), (rows, columns) = source, size
    before, after = format_size(source), format_size(size)
    if _same(width * rows, height * columns):
        return f"{'enlarged' if rows > height else 'scaled'} from {before} to {after}"
    if fit == "stretch":
        return f"stretched out of shape from {before} to {after}"
    if fit == "contain":
        return f"scaled from {before} to {format_size(_inner(height, width, size))}, with black bars to {after}"
    kept = (min(height, round(width * rows / columns)), min(width, round(height * columns / rows)))
    verb = "enlarged" if rows > kept[0] else "scaled"
    return f"cropped in the middle from {before} to {format_size(kept)}, then {verb} to {after}"


def _inner(height: Real, width: Real, size: Size) -> Size:
    """The largest size of the picture's shape within `size`."""
    scale = min(size[0] / height, size[1] / width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _scaled(pixels: Pixels, size: Size, box: tuple[Real, Real, Real, Real]) -> Pixels:
    """The part of the picture within `box` (left, top, right, bottom) at `size`, by Lanczos with anti-aliasing."""
    target = (size[1], size[0])
    if pixels.dtype == np.uint8:
        return np.asarray(Image.fromarray(pixels).resize(target, Image.Resampling.LANCZOS, box=box))
    # Pillow has no 16-bit colour pictures, but it does have single channels of floats.
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(channel, np.float32)).resize(target, Image.Resampling.LANCZOS, box=box)
        )
        for channel in np.moveaxis(pixels, -1, 0)
    ]
    return np.stack(channels, axis=-1).round().clip(0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)


def _same(one: Real, other: Real) -> bool:
    return abs(one - other) <= SAME_SHAPE * max(one, other)
