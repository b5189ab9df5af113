"""Velocities made of other velocities: one scene that turns into another, and a clip that runs into itself.

Both are ways to look at a window; the solver and the model stay as they are. To average the velocities of overlapping
views is MultiDiffusion (arXiv 2302.08113), here along time.
"""

import torch
from torch import Tensor

from kinora.flow.solvers import Velocity


def turning(before: Velocity, after: Velocity, left: int, right: int) -> Velocity:
    """The velocity of a window whose first `left` and last `right` latent frames are held and show different scenes.

    Asked for all at once, a model goes on with the scene it sees more of and jumps at the other. So it is asked twice:
    `before` sees the frames on the left and those that are made, `after` those that are made and the frames on the
    right, and along the made frames the velocity goes over smoothly from the one to the other. What neither of them
    would draw alone, pictures between two scenes, comes out in the middle.
    """

    def velocity(x: Tensor, sigma: Tensor) -> Tensor:
        stop = x.shape[2] - right
        shown = sigma.ndim > 1  # one for each latent frame, or for each token
        first = before(x[:, :, :stop], sigma[:, :stop] if shown else sigma)[:, :, left:]
        second = after(x[:, :, left:], sigma[:, left:] if shown else sigma)[:, :, : stop - left]
        way = (torch.arange(stop - left, dtype=x.dtype, device=x.device) + 1) / (stop - left + 1)
        share = (way * way * (3 - 2 * way)).view(1, 1, -1, 1, 1)
        both = torch.zeros_like(x)
        both[:, :, left:stop] = torch.lerp(first, second, share)
        return both

    return velocity


def around(velocity: Velocity, seed: int) -> Velocity:
    """The velocity of a window without ends: its last latent frame leads to its first.

    At every call the ring is opened somewhere else, chosen from `seed`, so that no edge between frames is special; the
    frame before the opening is seen once more on the left, since a model takes the leftmost for a still (latent shift,
    as Mobius does for loops, arXiv 2502.20307).
    """
    chance = torch.Generator().manual_seed(seed)

    def rolled(x: Tensor, sigma: Tensor) -> Tensor:
        count = x.shape[2]
        opened = int(torch.randint(count, (1,), generator=chance))
        order = [(opened + index) % count for index in range(-1, count)]
        seen = velocity(x[:, :, order], sigma[:, order] if sigma.ndim > 1 else sigma)
        back = torch.empty_like(x)
        back[:, :, order[1:]] = seen[:, :, 1:]
        return back

    return rolled
