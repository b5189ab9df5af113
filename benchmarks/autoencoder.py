"""How faithful and how fast the shipped autoencoder is: PSNR on renders it never saw, frames decoded a second.

    .venv/bin/python benchmarks/autoencoder.py [--clips 24] [--threads 2]

PSNR is the mean over clips, each from its mean squared error on the 0..255 scale; the linear part alone (principal
components) stands beside it. Decoding streams two latent frames at a time, as the engine does.
"""

import argparse
import math
import sys
import time

import numpy as np
import torch

from kinora.checkpoints.store import load_model
from kinora.engine.frames.coding import DECODE_LATENTS
from kinora.evals.suites import EVALUATION
from kinora.models.vae import Autoencoder, patchify, unpatchify
from kinora.world import Renderer, sample_scene

FRAMES, SIDE = 33, 128


@torch.inference_mode()
def main() -> None:
    """Draw, encode, decode, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    vae = load_model("kinora-small").vae
    scores: dict[str, list[float]] = {"autoencoder": [], "principal components": []}
    seconds = 0.0
    with Renderer(SIDE, SIDE) as renderer:
        for index in range(given.clips):
            frames = renderer.render(sample_scene(EVALUATION + index, frames=FRAMES, split="any"))
            pixels = torch.from_numpy(frames.astype(np.float32)).permute(3, 0, 1, 2)[None] / 127.5 - 1
            latents = vae.encode(pixels)
            began, stream = time.perf_counter(), vae.stream()
            decoded = torch.cat([stream(chunk) for chunk in torch.split(latents, DECODE_LATENTS, dim=2)], dim=2)
            seconds += time.perf_counter() - began
            scores["autoencoder"].append(psnr(decoded, pixels))
            scores["principal components"].append(psnr(linear(vae, pixels), pixels))
    for name, values in scores.items():
        sys.stdout.write(f"{name}: {np.mean(values):.2f} dB (worst clip {min(values):.2f})\n")
    rate = given.clips * FRAMES / seconds
    sys.stdout.write(f"decoding: {rate:.0f} frames/s at {SIDE}x{SIDE}, {given.threads} threads\n")


def psnr(output: torch.Tensor, target: torch.Tensor) -> float:
    """Peak signal-to-noise ratio in dB of pixels in [-1, 1]."""
    return -10 * math.log10(float(((output.clamp(-1, 1) - target) / 2).square().mean()))


def linear(vae: Autoencoder, pixels: torch.Tensor) -> torch.Tensor:
    """The reconstruction by the linear maps alone."""
    padded = torch.cat([pixels[:, :, :1].expand(-1, -1, vae.stride[0] - 1, -1, -1), pixels], dim=2)
    channels = vae.project(patchify(padded, vae.stride))
    return unpatchify(vae.reconstruct(channels), vae.stride)[:, :, vae.stride[0] - 1 :]


if __name__ == "__main__":
    main()
