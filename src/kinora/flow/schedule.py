"""Which noise levels are visited: falling grids for sampling, random draws for training.

A grid of N steps is N + 1 sigmas in descending order, the last one 0. Three programs call different grids "shift 5";
each has its name here (`Kind`), and Wan's own is the default.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Kind = Literal["wan", "wan-dpm++", "linear", "diffusers-unipc", "diffusers-euler"]


def shifted(steps: int, shift: float = 1.0, kind: Kind = "wan") -> Float[Tensor, " n"]:
    """Sampling sigmas from noise down to 0: float32 on the CPU, computed in float64 as the originals do.

    `shift` > 1 spends more steps near the noise, where the composition is decided: s = shift u / (1 + (shift - 1) u).
    Kinds: "wan" (Wan's FlowUniPC, starts at .999 before the shift), "wan-dpm++" (Wan's FlowDPMSolver) and its synonym
    "linear" (even from 1 to 0 before the shift), "diffusers-unipc" (flow sigmas), "diffusers-euler" (shifts twice).
    """
    if steps < 1:
        raise ValueError(f"{steps} steps: a grid needs at least 1")
    if shift <= 0:
        raise ValueError(f"shift {shift}: must be above 0; 1 leaves the grid even")
    first, last, count = 1.0, 0.0, steps + 1
    if kind == "wan":
        first = torch.tensor(0.999).item()  # Wan keeps sigma_max in float32
    elif kind == "diffusers-unipc":
        last = 1 / 1000
    elif kind == "diffusers-euler":
        last, count = shift_sigma(torch.tensor(1 / 1000, dtype=torch.float64), shift).item(), steps
    grid = shift_sigma(torch.linspace(first, last, count, dtype=torch.float64)[:steps], shift)
    if kind == "diffusers-unipc":
        grid[0] = min(grid[0].item(), 1 - 1e-6)  # diffusers keeps log(alpha) finite
    return torch.cat([grid, grid.new_zeros(1)]).float()


def shift_sigma(sigma: Float[Tensor, "..."], shift: float) -> Float[Tensor, "..."]:
    """Moves sigmas towards the noise: s = shift u / (1 + (shift - 1) u); 0 and 1 stay (arXiv 2403.03206)."""
    return shift * sigma / (1 + (shift - 1) * sigma)


def from_sigma(sigmas: Float[Tensor, " n"], start: float) -> Float[Tensor, " m"]:
    """The part of a grid below `start`, with `start` before it; the grid as it is when it begins no higher."""
    if sigmas[0] <= start:
        return sigmas
    return torch.cat([sigmas.new_tensor([start]), sigmas[sigmas < start]])


def wan_time(sigma: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The sigma Wan's transformer is told on Wan's grids: whole thousandths, cut off. Solvers use the exact one."""
    # float32 sigmas lie up to 6e-5 thousandths below the float64 ones that Wan cuts
    return torch.floor(1000 * sigma.double() + 1e-4).to(sigma.dtype) / 1000


def partition(frames: int, size: int, first: int | None = None) -> tuple[int, ...]:
    """Causal blocks, in latent frames, that cover `frames`: `first`, then `size` each; the last may be short.

    >>> partition(9, 4, first=1)
    (1, 4, 4)
    """
    sizes: list[int] = []
    while (left := frames - sum(sizes)) > 0:
        sizes.append(min(left, first if first is not None and not sizes else size))
    return tuple(sizes)


@dataclass(frozen=True, kw_only=True)
class ForcingConfig:
    """How training noise is spread over the frames of a clip: diffusion forcing (Chen et al. 2024, arXiv 2407.01392).

    A share `full` of the steps attends in both directions; a share `anywhere` of its samples holds clean frames at
    either end, both ends or scattered (image to video, extension, in-betweening, loops), the rest is plain denoising.
    All other steps are block-causal, and each of their samples is one of
    `same`: one sigma for the clip; `independent`: one per causal block; `prefix`: a clean start, then one sigma.
    Clean frames keep sigma ~ U(0, clean): the model must bear its own slightly wrong context.
    """

    same: float = 0.4
    independent: float = 0.3
    prefix: float = 0.3
    full: float = 0.15
    anywhere: float = 0.6
    clean: float = 0.05
    mean: float = 0.0
    std: float = 1.0
    tail: float = 0.05
    tail_from: float = 0.95

    def __post_init__(self) -> None:
        shares = (self.same, self.independent, self.prefix, self.full, self.anywhere, self.tail)
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"{self}: shares must lie in 0..1")
        if abs(self.same + self.independent + self.prefix - 1) > 1e-6:
            raise ValueError(f"{self}: same + independent + prefix must be 1")


@dataclass(frozen=True)
class SigmaDraw:
    """Noise levels for one training step.

    `held` marks the frames given (almost) clean, which carry no lesson; `blocks` goes to the transformer as it is:
    the causal blocks, or None for full attention.
    """

    sigma: Float[Tensor, "b t"]
    held: Bool[Tensor, "b t"]
    blocks: tuple[int, ...] | None


def sample_sigmas(
    batch: int,
    frames: int,
    *,
    blocks: tuple[int, ...],
    shift: float,
    generator: torch.Generator,
    forcing: ForcingConfig = ForcingConfig(),
    given: int = 0,
) -> SigmaDraw:
    """Draws a sigma for every latent frame of a training batch; the same generator state gives the same draw.

    `blocks` are the causal blocks in latent frames (see `partition`). A single frame (an image) always gets one sigma.
    `given`: so many frames at the start are clean in every sample and all others share a sigma, in both kinds of steps.
    """
    if sum(blocks) != frames or min(blocks) < 1:
        raise ValueError(f"blocks {blocks}: must be positive and sum to {frames} latent frames")
    draw = _Uniform(generator)
    full = draw().item() < forcing.full
    block_of = torch.repeat_interleave(torch.arange(len(blocks)), torch.tensor(blocks))  # t
    noisy = _noise_levels(draw, (batch, len(blocks)), shift, forcing)
    clean = forcing.clean * draw(batch, frames)
    mode, pattern = draw(batch, 1), _clean_anywhere(draw, batch, frames)
    prefix = torch.arange(frames) < _prefix_lengths(draw, batch, blocks)[:, None]
    if full:
        sigma = noisy[:, :1].expand(batch, frames)
        held = pattern & (mode < forcing.anywhere)
    else:
        independent = (mode >= forcing.same) & (mode < forcing.same + forcing.independent)
        sigma = torch.where(independent, noisy[:, block_of], noisy[:, :1])
        held = prefix & (mode >= forcing.same + forcing.independent)
    if given:
        sigma = noisy[:, :1].expand(batch, frames)
        held = (torch.arange(frames) < given).expand(batch, frames)
    sigma = torch.where(held, clean, sigma)
    return SigmaDraw(sigma=sigma.to(generator.device), held=held.to(generator.device), blocks=None if full else blocks)


class _Uniform:
    """Uniform numbers in [0, 1) from one generator, brought to the CPU where the small index work is done."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def __call__(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.generator.device).cpu()


def _noise_levels(draw: _Uniform, shape: tuple[int, ...], shift: float, forcing: ForcingConfig) -> Tensor:
    """Logit-normal (SD3), shifted, with a share `tail` spread evenly over the last few levels before pure noise."""
    normal = torch.special.ndtri(draw(*shape).clamp(1e-6, 1 - 1e-6))
    sigma = shift_sigma(torch.sigmoid(forcing.mean + forcing.std * normal), shift)
    tail = forcing.tail_from + (1 - forcing.tail_from) * draw(*shape)
    return torch.where(draw(*shape) < forcing.tail, tail, sigma)


def _prefix_lengths(draw: _Uniform, batch: int, blocks: tuple[int, ...]) -> Tensor:
    """Frames held clean at the start: 0 for an image, else 1..t-1, block edges (as in a rollout) 3 times as often."""
    frames = sum(blocks)
    if frames == 1:
        return torch.zeros(batch, dtype=torch.int64)
    weight = torch.ones(frames - 1)
    weight[torch.tensor(blocks).cumsum(0)[:-1] - 1] = 3
    edges = weight.cumsum(0) / weight.sum()
    return 1 + torch.searchsorted(edges, draw(batch), right=True).clamp(max=frames - 2)


def _clean_anywhere(draw: _Uniform, batch: int, frames: int) -> Tensor:
    """Clean frames of four kinds, evenly: a start, an end, both ends, scattered; at least one frame stays noisy."""
    at, noisy_at = torch.arange(frames), draw(batch, 1) * frames
    noisy_at = noisy_at.floor()  # this frame is always generated; the runs grow outwards from it
    start = at < (draw(batch, 1) * (noisy_at + 1)).ceil().clamp(max=noisy_at)
    end = at >= frames - (draw(batch, 1) * (frames - noisy_at)).ceil().clamp(max=frames - 1 - noisy_at)
    scattered = (draw(batch, frames) < draw(batch, 1)) & (at != noisy_at)
    kind = (4 * draw(batch, 1)).floor()
    return torch.where(kind == 0, start, torch.where(kind == 1, end, torch.where(kind == 2, start | end, scattered)))
