"""Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598) as a wrapper: a velocity in, a velocity out."""

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.flow.solvers import Velocity

Text = TypeVar("Text")
ReadText = TypeVar("ReadText", contravariant=True)


@runtime_checkable
class TextVelocity(Protocol[ReadText]):
    """A velocity that reads a text: states, states with a mask, whatever the model behind it takes."""

    def __call__(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: ReadText) -> Float[Tensor, "b c t h w"]:
        """Velocity at x, whose noise level is sigma ([], [b], [b t] or [b t h w])."""


def guided(
    velocity: TextVelocity[Text],
    text: Text,
    negative: Text | None = None,
    scale: float = 1.0,
    *,
    join: Callable[[Text, Text], Text] | None = None,
    interval: tuple[float, float] = (0.0, 1.0),
) -> Velocity:
    """Pushes the velocity away from `negative` (usually the empty prompt): uncond + scale * (cond - uncond).

    With `join`, which stacks two texts along the batch, both come from one call on twice the batch; without, from two.
    `interval`: the sigmas, ends included, where guidance acts (Kynkaanniemi et al. 2024, arXiv 2404.07724); outside
    it, and at scale 1, there is a single plain call.
    """
    if scale == 1:
        return lambda x, sigma: velocity(x, sigma, text)
    if negative is None:
        raise ValueError(f"guidance {scale} needs a negative text to push away from; encode the empty prompt")
    away, both = negative, join(text, negative) if join else None
    low, high = interval

    def pushed(x: Tensor, sigma: Tensor) -> Tensor:
        if not low <= sigma.max() <= high:
            return velocity(x, sigma, text)
        if both is None:
            cond, uncond = velocity(x, sigma, text), velocity(x, sigma, away)
        else:
            twice = torch.cat([sigma, sigma]) if sigma.ndim else sigma
            cond, uncond = velocity(torch.cat([x, x]), twice, both).chunk(2)
        return push(cond, uncond, scale)

    return pushed


def push(
    cond: Float[Tensor, "b c t h w"], uncond: Float[Tensor, "b c t h w"], scale: float
) -> Float[Tensor, "b c t h w"]:
    """uncond + scale * (cond - uncond)."""
    return uncond + scale * (cond - uncond)
