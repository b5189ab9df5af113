"""The straight path between a clean latent and noise, and how a point on it is read.

    x = (1 - sigma) * clean + sigma * noise        velocity = dx/dsigma = noise - clean

Rectified flow (Liu et al. 2022, arXiv 2209.03003). Any two of x, clean, noise, velocity give the others at a known
sigma, which may differ from frame to frame and from token to token.
"""

from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor

Sigma: TypeAlias = float | Float[Tensor, "..."]
"""One number; or [], [b], [b t] per latent frame, [b t h w] per token, [b 1 t h w] as it broadcasts."""


def mix(
    clean: Float[Tensor, "b c t h w"], noise: Float[Tensor, "b c t h w"], sigma: Sigma
) -> Float[Tensor, "b c t h w"]:
    """The point at `sigma` on the line from `clean` (0) to `noise` (1)."""
    s = on_latent(sigma)
    return (1 - s) * clean + s * noise


def velocity(clean: Float[Tensor, "b c t h w"], noise: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b c t h w"]:
    """What the transformer learns: the direction from `clean` to `noise`, the same at every sigma."""
    return noise - clean


def clean_from_velocity(
    x: Float[Tensor, "b c t h w"], v: Float[Tensor, "b c t h w"], sigma: Sigma
) -> Float[Tensor, "b c t h w"]:
    """The clean end of the line through `x` with velocity `v`."""
    return x - on_latent(sigma) * v


def on_latent(sigma: Sigma) -> Sigma:
    """`sigma` with the axes that make it broadcast over a latent [b c t h w].

    >>> on_latent(torch.zeros(2, 9)).shape
    torch.Size([2, 1, 9, 1, 1])
    """
    if isinstance(sigma, float) or sigma.ndim in (0, 5):
        return sigma
    if sigma.ndim == 1:
        return sigma[:, None, None, None, None]
    if sigma.ndim == 2:
        return sigma[:, None, :, None, None]
    if sigma.ndim == 4:
        return sigma[:, None]
    raise ValueError(f"sigma of shape {tuple(sigma.shape)}: use [], [b], [b t], [b t h w] or [b 1 t h w]")
