"""Seams between given frames and decoded ones, made invisible. Pure numpy.

An autoencoder loses something of every frame: texture, a little brightness. Between a given frame and the decoded one
next to it that loss shows as a jump, even where the motion goes on perfectly. What was lost of the given frame is
therefore put back into its made neighbours, less and less over half a second. Whatever else jumps there is spread out
(`engine.mending`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kinora.engine.film import Carry
from kinora.engine.mending import JUDGED, Seam, usual

Frames = npt.NDArray[np.uint8]

FADE = 0.5
"""Seconds over which what was put back fades."""

SPREAD = 1.0
"""Seconds over which the rest of a jump is spread out."""

APART = 32
"""Levels of 255 by which frames of two scenes differ, on average; within one, two seconds apart, rarely by 25."""


def apart(one: Frames, other: Frames) -> bool:
    """Whether two frames (H W C) show different scenes, between which nothing moves from the one to the other."""
    return bool(np.abs(one.astype(np.int16) - other).mean() > APART)


def edges(
    before: Frames | None, after: Frames | None, begin: int, made: int, fps: int, *, closes: bool = False
) -> tuple[Seam, ...]:
    """The seams of `made` frames, from frame `begin` of a film on, with what is given before and after them.

    Where a loop `closes`, a player takes a moment to start over: no more moves there than usually in the clip.
    """
    room = made if before is None or after is None else max(1, made // 2)
    reach = min(room, max(1, round(SPREAD * fps)))
    found = []
    if before is not None:
        found.append(Seam(at=begin, reach=reach, before=before[-JUDGED:]))
    if after is not None:
        most = usual(after) if closes else None
        found.append(Seam(at=begin + made, reach=reach, after=after[:JUDGED], most=most))
    return tuple(found)


def stages(begin: int, made: int, group: int) -> tuple[Seam, ...]:
    """The edges between groups of frames while one scene becomes another: each group is a further stage of it."""
    return tuple(Seam(at=at, reach=max(1, group // 2)) for at in range(begin + group, begin + made, group))


def carried(given: Frames, decoded: Frames, *, at: int, fps: int, onwards: bool, room: int) -> Carry:
    """The loss of frame `at` (H W C, as given and as decoded), to be faded `onwards` or back over the made frames.

    At most over `room` frames: beyond lies something given again.
    """
    residual = given.astype(np.int16) - decoded.astype(np.int16)
    reach = min(room, max(1, round(FADE * fps)))
    return Carry(at=at, residual=residual, after=reach if onwards else 0, before=0 if onwards else reach)


def softened(mask: npt.NDArray[np.bool_], width: int = 4) -> npt.NDArray[np.float32]:
    """How much of a made pixel shows (T H W): 0 outside the mask, rising to 1 over `width` pixels inside its edge.

    Outside, what was given shows to the bit; the soft edge lies inside, where pixels may change.
    """
    depth = np.zeros(mask.shape, np.float32)
    inside = mask
    for _ in range(width):
        depth += inside
        padded = np.pad(inside, ((0, 0), (1, 1), (1, 1)), mode="edge")
        inside = inside & padded[:, 2:, 1:-1] & padded[:, :-2, 1:-1] & padded[:, 1:-1, 2:] & padded[:, 1:-1, :-2]
    return depth / np.float32(width)
