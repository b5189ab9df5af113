"""The lesson of one step: noise a batch frame by frame, predict the velocity, compare where frames were noisy."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kinora.data.loader import Batch
from kinora.flow import path
from kinora.flow.schedule import partition, sample_sigmas
from kinora.train.config import FlowConfig
from kinora.train.motion_head import MotionHead

__all__ = ["Velocity", "flow_loss", "generator_for"]


@runtime_checkable
class Velocity(Protocol):
    """A transformer, compiled or not (models.dit.DiT)."""

    def __call__(
        self,
        latent: Float[Tensor, "b c t h w"],
        sigma: Float[Tensor, "b t"],
        text: Float[Tensor, "b l d"],
        *,
        text_mask: Bool[Tensor, "b l"],
        blocks: tuple[int, ...] | None,
        start: int | tuple[int, ...],
    ) -> Float[Tensor, "b c t h w"]:
        """The predicted velocity."""
        ...


def flow_loss(
    model: Velocity | Callable[..., Tensor],
    batch: Batch,
    config: FlowConfig,
    generator: torch.Generator,
    motion: MotionHead | None = None,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""] | None]:
    """Mean squared error of the velocity over every frame that was not held clean; and the error of `motion`.

    Sigmas are drawn per latent frame (diffusion forcing, see flow.schedule.ForcingConfig); a still has one. Noise and
    sigmas come from `generator` alone, so that a step can be repeated. The second error is None without a head, or for
    a batch without motion targets.
    """
    latents = batch.latents
    b, frames = latents.shape[0], latents.shape[2]
    blocks = partition(frames, config.block, first=1)
    draw = sample_sigmas(
        b,
        frames,
        blocks=blocks,
        shift=config.shift,
        generator=generator,
        forcing=config.forcing,
        given=batch.given,
    )
    clean = latents.float()
    noise = torch.randn(clean.shape, generator=generator, device=clean.device)
    noisy = path.mix(clean, noise, draw.sigma).to(latents.dtype)
    listening: AbstractContextManager[list[Tensor]] = nullcontext([]) if motion is None else motion.listening()
    with listening as heard:
        predicted = model(
            noisy,
            draw.sigma,
            batch.text,
            text_mask=batch.mask,
            blocks=draw.blocks if frames > 1 else None,
            start=batch.times or 0,
        ).float()
    error = (predicted - path.velocity(clean, noise)).square().mean(dim=(1, 3, 4))  # [b, t]
    noisy_frames = ~draw.held
    loss = (error * noisy_frames).sum() / noisy_frames.sum()
    if motion is None or batch.motion is None:
        return loss, None
    return loss, motion.loss(heard[0], batch.motion)


def generator_for(seed: int, step: int, rank: int, device: torch.device) -> torch.Generator:
    """The random numbers of one step of one process: a function of its arguments, so there is no state to save."""
    state = np.random.SeedSequence([seed, step, 1 + rank]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(state[0]) % 2**63)
