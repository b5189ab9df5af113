"""Pixels to latents and back through a model's autoencoder, in pieces, so that memory does not grow with length."""

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from kinora.checkpoints.store import Model
from kinora.errors import KinoraError
from kinora.models.vae import Autoencoder

ENCODE_LATENTS = 8
"""Latent frames encoded at once: 32 frames."""

DECODE_LATENTS = 2
"""Latent frames decoded at once: 8 frames, so that memory stays that of one second."""

Frames = npt.NDArray[np.uint8]


@torch.inference_mode()
def encode(model: Model, frames: Frames) -> Float[Tensor, "1 c t h w"]:
    """Latents of 4n+1 frames (uint8 T H W C) that open a shot: n+1 latent frames, float32, on the model's device.

    Raises ValueError for another number of frames, or sides off the grid.
    """
    if not isinstance(model.vae, Autoencoder):
        return _encoded(model, frames)  # Wan's encoders remember: a clip in pieces is another clip
    first = _encoded(model, frames[:1])
    return torch.cat((first, encode_groups(model, frames[1:])), dim=2) if len(frames) > 1 else first


@torch.inference_mode()
def encode_groups(model: Model, frames: Frames) -> Float[Tensor, "1 c t h w"]:
    """Latents of 4n frames (uint8 T H W C) in the midst of a shot: n latent frames, none of them a single frame's.

    Raises ValueError as `encode` does.
    """
    size = ENCODE_LATENTS * model.vae.stride[0]
    parts = (frames[start : start + size] for start in range(0, len(frames), size))
    # An encoder takes its first frame for a single one: it gets one too many, and its latent is dropped.
    return torch.cat([_encoded(model, np.concatenate((part[:1], part)))[:, :, 1:] for part in parts], dim=2)


@torch.inference_mode()
def decode(model: Model, latents: Float[Tensor, "1 c t h w"]) -> Frames:
    """The 4t-3 frames (uint8 T H W C) of latents that open a shot. Raises KinoraError as `pixels` does."""
    stream = model.vae.stream()
    chunks = torch.split(latents.to(model.device, model.pixels), DECODE_LATENTS, dim=2)
    return np.concatenate([pixels(stream(chunk)[0], model.name) for chunk in chunks])


def pixels(decoded: Float[Tensor, "3 t h w"], model: str) -> Frames:
    """Decoded values in about -1..1 as uint8 T H W C. Raises KinoraError when some are no numbers any more."""
    if not torch.isfinite(decoded).all():
        remedy = "lower the guidance, or check the weights with `kinora doctor`"
        raise KinoraError(model, rule="its frames are not numbers any more", remedy=remedy)
    levels = ((decoded.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return levels.permute(1, 2, 3, 0).contiguous().cpu().numpy()


def _encoded(model: Model, frames: Frames) -> Float[Tensor, "1 c t h w"]:
    levels = torch.from_numpy(np.array(frames)).to(model.device).permute(3, 0, 1, 2)[None]
    return model.vae.encode((levels.float() / 127.5 - 1).to(model.pixels)).float()
