"""Sizes that programs written for Sora ask for, on models that can't make them.

    offered(limits, "1280x720", alias=True)          # ((96, 176), "1280x720 is beyond ..., made at 176x96")

A caller who names one of our models gets exactly the size asked for, or an error with the nearest ones. A caller who
speaks to Sora can't know them: on a server that answers for Sora, Sora's own sizes (and no others) are met with the
size of nearest shape around the model's own, and the answer says so in `size` and in words.
"""

from __future__ import annotations

import math
from itertools import product

from kinora.errors import InvalidRequest
from kinora.grid import Size, format_size, parse_size
from kinora.request import Limits, Shot

SORA = ("720x1280", "1280x720", "1024x1792", "1792x1024", "1080x1920", "1920x1080", "480x854", "854x480")
"""What the Videos API and its guide let one ask for."""

LARGER = 2
"""Up to so many times the pixels of the model's own size, and down to as small a part: beyond it wasn't trained."""

SHAPE = 4
"""How much more a shape counts than an area, both as logarithms of ratios."""


def offered(limits: Limits, asked: str | None, *, alias: bool) -> tuple[Size | None, str]:
    """The size (height, width) that will be made, None for the model's own, and a note where that is not the one asked.

    Raises InvalidRequest, naming the nearest sizes, for one that this model can't make.
    """
    if asked is None:
        return None, ""
    size = parse_size(asked)
    if not alias or asked not in SORA or _makes(limits, size):
        limits.plan(Shot("any", size=size))
        return size, ""
    near = nearest(limits, size)
    return near, f"{asked} is not a size that this model makes: made at {format_size(near)}, the nearest in shape"


def nearest(limits: Limits, size: Size) -> Size:
    """The size of nearest shape that the model makes at about its own number of pixels."""
    rows, columns = limits.grid.multiple
    own = limits.size[0] * limits.size[1]
    longest = int(math.sqrt(own * LARGER * limits.max_aspect))
    every = product(range(rows, longest + 1, rows), range(columns, longest + 1, columns))
    fitting = [one for one in every if own / LARGER <= one[0] * one[1] <= own * LARGER and _makes(limits, one)]

    def distance(one: Size) -> float:
        shape = math.log(one[1] / one[0]) - math.log(size[1] / size[0])
        return SHAPE * abs(shape) + abs(math.log(one[0] * one[1] / own))

    return min(fitting or [limits.size], key=distance)


def own_size(limits: Limits, source: Size) -> Size:
    """The size that an edit of a source works at: the source's own where the model makes such clips, else the model's.

    The same rule as `engine.edits.sources.size_for`.
    """
    small = source[0] * source[1] <= LARGER * limits.size[0] * limits.size[1]
    return source if small and _makes(limits, source) else limits.size


def _makes(limits: Limits, size: Size) -> bool:
    try:
        limits.plan(Shot("any", size=size))
    except InvalidRequest:
        return False
    return True
