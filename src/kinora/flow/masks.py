"""Pictures of what may change, as masks over latent tokens.

A token stands for a block of pixels: 16x16 of 4 frames in the shipped model, and of the first frame alone at the start.
It is made anew if any of its pixels may change, so that nothing outside the picture's mask is claimed by mistake; the
pixels of such a token that must not change are put back after decoding.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def token_mask(
    pixels: Float[Tensor, "T H W"], stride: tuple[int, int, int], *, opening: bool = True
) -> Float[Tensor, "1 1 t h w"]:
    """The mask of latent tokens under a mask of pixels (1: may change), by the most that any of its pixels says.

    A single picture (T = 1) gives one mask for every latent frame. Else there are 4n+1 frames, whose first has a
    latent frame of its own, or without `opening` 4n. Raises ValueError for other counts and for sides off the grid.
    """
    frames, height, width = pixels.shape
    dt, dh, dw = stride
    if height % dh or width % dw:
        raise ValueError(f"a mask of {width}x{height}: sides must be multiples of {dw}x{dh}")
    if frames > 1 and frames % dt != (1 % dt if opening else 0):
        raise ValueError(f"a mask of {frames} frames: needs {dt}n{'+1' if opening else ''}")
    if frames > 1 and opening:
        pixels = torch.cat((pixels[:1].expand(dt - 1, -1, -1), pixels))
    elif frames == 1:
        dt = 1
    return F.max_pool3d(pixels[None, None], (dt, dh, dw))
