"""The few layers that both looks of the recogniser are made of."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

LUMA = (0.299, 0.587, 0.114)

Frames = Float[Tensor, "b t 3 h w"]
Chosen = Float[Tensor, "b s 3 h w"]


def unit(channels: int, out: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm (folded into the weights of the convolution's successor at no cost on a CPU), ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


def over_time(features: int, dilations: Sequence[int]) -> nn.ModuleList:
    """Blocks that compare each step with the ones so far before and after it."""
    return nn.ModuleList(
        nn.Sequential(nn.Conv1d(features, features, 3, padding=n, dilation=n), nn.BatchNorm1d(features), nn.ReLU())
        for n in dilations
    )


def summarised(states: Float[Tensor, "b d t"]) -> Float[Tensor, "b four_d"]:
    """What a clip's states come to: mean, most, how they differ from beginning to end, and how much they vary."""
    third = max(states.shape[2] // 3, 1)
    drift = states[:, :, -third:].mean(2) - states[:, :, :third].mean(2)
    return torch.cat([states.mean(2), states.amax(2), drift, states.std(2, correction=0)], dim=1)


def clipwise(frames: Float[Tensor, "n ..."], like: Float[Tensor, "b t ..."]) -> Float[Tensor, "b t ..."]:
    """Frames of all clips in a row, put back into the clips that `like` has."""
    return frames.reshape(*like.shape[:2], *frames.shape[1:])


def doubled(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
    """Twice the height and width."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def neighbours(frames: Frames, every: int) -> tuple[Chosen, Chosen, Chosen]:
    """The frames before, at and after every so many frames; beyond a clip's ends it stands still."""
    last = frames.shape[1] - 1
    at = torch.arange(0, last + 1, every)
    return frames[:, (at - 1).clamp_min(0)], frames[:, ::every], frames[:, (at + 1).clamp_max(last)]


def joined(before: Frames, now: Frames, after: Frames) -> Float[Tensor, "b t 5 h w"]:
    """Colour, and luma differences to the frame before and to the one after.

    Differences are scaled by 4: at 8 frames a second a moving edge changes by about 0.1, colour spreads over 0.3.
    """
    weights = now.new_tensor(LUMA)[:, None, None] * 4
    steps = [(a - b).mul_(weights).sum(2, keepdim=True) for a, b in ((now, before), (after, now))]
    return torch.cat([now - 0.5, *steps], dim=2)
