"""Seams between given frames and decoded ones, made invisible. Pure numpy.

An autoencoder loses something of every frame: texture, a little brightness. Between a given frame and the decoded one
next to it that loss shows as a jump, even where the motion goes on perfectly. What was lost of the given frame is
therefore put back into its made neighbours, less and less over half a second.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kinora.engine.film import Carry

Frames = npt.NDArray[np.uint8]

FADE = 0.5
"""Seconds over which what was put back fades."""


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
