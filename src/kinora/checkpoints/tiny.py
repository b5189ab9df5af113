"""A model small enough for a test: the real classes and files with random weights, in a quarter of a second.

What it films is noise, but it is checked, loaded, guided, solved, decoded and interrupted like any other.
"""

from pathlib import Path

import torch

from kinora.checkpoints.manifest import Defaults
from kinora.checkpoints.store import save_model
from kinora.models.dit import DiT, DiTConfig
from kinora.models.vae import Autoencoder, AutoencoderConfig

DIT = DiTConfig(dim=32, heads=2, layers=1, ffn_dim=64, freq_dim=16)
VAE = AutoencoderConfig(
    encoder_widths=(16, 8, 8), encoder_blocks=(1, 1, 1), decoder_widths=(16, 8, 8), decoder_blocks=(1, 1, 1)
)
DEFAULTS = Defaults(size=(64, 64), fps=8, seconds=1.0, max_seconds=2.0, steps=2, guidance=2.0, max_pixels=128 * 128)


def save_tiny_model(directory: str | Path, *, seed: int = 0, defaults: Defaults = DEFAULTS) -> Path:
    """Write a model directory of about 1 MB with random weights drawn from `seed` and return it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        dit, vae = DiT(DIT), Autoencoder(VAE)
        for parameter in (*dit.parameters(), *vae.parameters()):
            if parameter.ndim > 1:  # fresh models end in zeros, and zeros would hide what a test looks for
                torch.nn.init.normal_(parameter, std=0.02)
    save_model(directory, name="tiny", version="1", dit=dit, vae=vae, defaults=defaults)
    return Path(directory)
