"""A contact sheet taken apart again: its frames bear marks, the sheet as a whole bears none.

    frames = cells(picture)          # uint8 H W 3 -> T h w 3, or None for a picture that is no sheet

Only sheets at the size `media.contact_sheet` made them are known, lossless or as a JPEG.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]

GAP = 2
"""Pixels between two frames, as `media.contact_sheet` leaves them."""

DARK = 32
"""Levels of 255 that JPEG may bring into a black gap."""

SMALLEST = 96
"""A frame's sides: smaller ones can't carry a mark."""


def cells(picture: Frames) -> Frames | None:
    """The frames of a sheet (H W 3), in order; None where no gaps cross the picture from edge to edge."""
    bright = picture.max(axis=-1)
    rows, columns = _parts(bright.max(axis=1)), _parts(bright.max(axis=0))
    if rows * columns == 1:
        return None
    height, width = ((side + GAP) // count - GAP for side, count in zip(bright.shape, (rows, columns), strict=True))
    tops, lefts = (np.arange(rows) * (height + GAP), np.arange(columns) * (width + GAP))
    cut = [picture[top : top + height, left : left + width] for top in tops for left in lefts]
    shown = [cell for cell in cut if cell.max() > DARK]  # the last row may not be full
    return np.stack(shown) if shown else None


def _parts(brightest: npt.NDArray[np.uint8]) -> int:
    """Into how many equal parts gaps divide a line of `brightest` values: the most that all have their gaps."""
    side = len(brightest) + GAP
    for count in range(side // (SMALLEST + GAP), 1, -1):
        gaps = np.arange(1, count) * (side // count)
        if side % count == 0 and all(brightest[gaps - 1 - step].max() <= DARK for step in range(GAP)):
            return count
    return 1
