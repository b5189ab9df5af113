"""The mark in the noise that Kinora's own models start from: written here, found again by `kinora verify`."""

from dataclasses import replace

import torch

from kinora.checkpoints.catalog import CATALOG
from kinora.checkpoints.store import Model
from kinora.flow.state import LatentState
from kinora.safety.noise_mark import NoiseMark
from kinora.safety.watermark_code import Payload
from kinora.safety.watermark_keys import marking_key


def marked(noise: LatentState, model: Model, seed: int) -> LatentState:
    """Noise (1 C T H W) whose signs say the model and the seed; for the open models of others, as it is.

    The payload is a function of the seed, so a seed still means one noise, whatever the words are. Solving an open
    model backwards takes its own text encoder and hours of a CPU, so there the mark would be found by nobody.
    """
    entry = CATALOG.get(model.name)
    if entry is not None and entry.card is not None:
        return noise
    payload = Payload.of(model.name, model.version, f"seed {seed}")
    written = NoiseMark(marking_key()).write(noise.latent[0].numpy(), payload)
    return replace(noise, latent=torch.from_numpy(written).unsqueeze(0))
