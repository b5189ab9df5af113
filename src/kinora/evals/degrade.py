"""Makes sharp renders look the way generated clips do, so that the recogniser judges content and not sharpness.

All functions take and return clips in [0, 1], [b, t, 3, h, w]; each draws one strength per clip. All but `degraded`
work at half size, where what is lost lies, and `degraded` puts back a share of the fine detail. What they imitate:
`through_components` the linear bottleneck of the autoencoder (4x16x16 patches kept to a few components, with noise on
them as a flow model leaves it), `blurred` its loss of detail, `smeared` its loss of detail in time, `tinted` colour
drift, `grained` noise and the blocks of a video codec.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Generator, Tensor

from kinora.evals.layers import clipwise

Clips = Float[Tensor, "b t 3 h w"]

PATCH = (4, 8, 8)
"""Frames, height, width at half size: the autoencoder's 4x16x16 at 128x128."""


@dataclass(frozen=True)
class Components:
    """Principal directions of the patches of clips, the strongest first."""

    mean: Tensor  # [patch]
    directions: Tensor  # [components, patch], orthonormal
    scale: Tensor  # [components], standard deviation along each

    @classmethod
    def of(cls, clips: Clips, count: int = 64) -> "Components":
        """Fit to clips whose length is a multiple of four frames."""
        flat = patches(clips).flatten(0, -2)
        mean = flat.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov((flat - mean).T))
        return cls(mean, vectors.T.flip(0)[:count].contiguous(), values.flip(0)[:count].clamp_min(0).sqrt())


def degraded(clips: Clips, components: Components, generator: Generator) -> Clips:
    """A mixture: half of the clips stay sharp, the others lose detail in one or several ways."""
    soft = torch.rand(len(clips), generator=generator) < 0.5
    mixture, sharp = clips.clone(), clips[soft]
    coarse = halved(sharp)
    kept = uniform(len(sharp), 0.0, 1.0, generator)
    mixture[soft] = (sharp * kept).add_(doubled(worsened(coarse, components, generator) - coarse * kept)).clamp_(0, 1)
    return mixture


def worsened(clips: Clips, components: Components, generator: Generator) -> Clips:
    """Clips of half size, changed in some of the ways below, all a little tinted."""
    worse = clips.clone()

    def sometimes(probability: float, change: Callable[[Clips], Clips]) -> None:
        picked = torch.rand(len(clips), generator=generator) < probability
        if picked.any():
            worse[picked] = change(worse[picked])

    sometimes(0.6, lambda x: through_components(x, components, generator))
    sometimes(0.3, lambda x: blurred(x, generator))
    sometimes(0.3, lambda x: smeared(x, generator))
    sometimes(0.3, lambda x: grained(x, generator))
    return tinted(worse, generator)


def through_components(clips: Clips, components: Components, generator: Generator) -> Clips:
    """Keep 12 to all components, with noise of up to a quarter of their spread; the first frame is its own patch."""
    b, t = clips.shape[:2]
    pad = -(t - 1) % 4
    held = torch.cat([clips[:, :1].expand(-1, 3, -1, -1, -1), clips, clips[:, -1:].expand(-1, pad, -1, -1, -1)], dim=1)
    code = (patches(held) - components.mean) @ components.directions.T  # b n c
    count = len(components.scale)
    kept = torch.randint(12, count + 1, (b, 1, 1), generator=generator)
    noise = torch.randn(code.shape, generator=generator) * uniform(b, 0.0, 0.25, generator)[:, :, 0, 0]
    code = torch.where(torch.arange(count) < kept, code + noise * components.scale, 0)
    whole = unpatched(code @ components.directions + components.mean, held.shape)
    return whole[:, 3 : 3 + t]


def blurred(clips: Clips, generator: Generator) -> Clips:
    """Gaussian blur of 0 to 1.2 pixels, one strength for all clips of the call."""
    sigma = float(torch.rand((), generator=generator)) * 1.2 + 0.05
    taps = torch.exp(-0.5 * (torch.arange(-3, 4) / sigma) ** 2)
    taps = (taps / taps.sum()).expand(3, 1, -1)
    flat = F.pad(clips.flatten(0, 1), (3, 3, 3, 3), mode="replicate")
    flat = F.conv2d(F.conv2d(flat, taps[:, :, None, :], groups=3), taps[:, :, :, None], groups=3)
    return flat.reshape(clips.shape)


def smeared(clips: Clips, generator: Generator) -> Clips:
    """Each frame mixed with its neighbours in time, by up to two thirds."""
    around = (torch.cat([clips[:, :1], clips[:, :-1]], 1) + torch.cat([clips[:, 1:], clips[:, -1:]], 1)) / 2
    return torch.lerp(clips, around, uniform(len(clips), 0.0, 0.66, generator).expand_as(clips))


def tinted(clips: Clips, generator: Generator) -> Clips:
    """Gain of +-6 %, a channel at a time, and contrast of +-10 % round middle grey."""
    b = len(clips)
    gain = 1 + (torch.rand((b, 1, 3, 1, 1), generator=generator) - 0.5) * 0.12
    return ((clips * gain) - 0.5) * uniform(b, 0.9, 1.1, generator) + 0.5


def grained(clips: Clips, generator: Generator) -> Clips:
    """Pixel noise up to 0.05 and, on a coarse grid, codec-like blocks up to 0.03."""
    b, t, c, h, w = clips.shape
    fine = torch.randn(clips.shape, generator=generator) * uniform(b, 0.0, 0.05, generator)
    coarse = torch.randn((b, t, c, h // 4, w // 4), generator=generator) * uniform(b, 0.0, 0.03, generator)
    return clips + fine + coarse.repeat_interleave(4, 3).repeat_interleave(4, 4)


def uniform(count: int, low: float, high: float, generator: Generator) -> Float[Tensor, "b 1 1 1 1"]:
    """One number per clip, ready to broadcast."""
    return torch.rand((count, 1, 1, 1, 1), generator=generator) * (high - low) + low


def patches(clips: Clips) -> Float[Tensor, "b n p"]:
    """Non-overlapping blocks of PATCH, flat."""
    f, h, w = PATCH
    return rearrange(clips, "b (t f) c (y h) (x w) -> b (t y x) (f c h w)", f=f, h=h, w=w)


def unpatched(flat: Float[Tensor, "b n p"], shape: torch.Size) -> Clips:
    """Undo `patches` for clips of `shape`."""
    f, h, w = PATCH
    y, x = shape[3] // h, shape[4] // w
    return rearrange(flat, "b (t y x) (f c h w) -> b (t f) c (y h) (x w)", f=f, h=h, w=w, y=y, x=x, c=3)


def halved(clips: Clips) -> Float[Tensor, "b t 3 h2 w2"]:
    """Half the height and width, by means of four pixels."""
    return clipwise(F.avg_pool2d(clips.flatten(0, 1), 2), clips)


def doubled(clips: Clips) -> Float[Tensor, "b t 3 h2 w2"]:
    """Twice the height and width, smoothly."""
    wide = F.interpolate(clips.flatten(0, 1), scale_factor=2.0, mode="bilinear", align_corners=False)
    return clipwise(wide, clips)


def fitted_components(clips: Clips) -> Components:
    """The linear bottleneck that `degraded` imitates, fitted to some clips of full size."""
    return Components.of(halved(clips[:, : clips.shape[1] // 4 * 4]))
