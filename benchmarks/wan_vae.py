"""How fast Wan's autoencoder decodes, and in how much memory, beside diffusers: full size, the same random weights.

    .venv/bin/python benchmarks/wan_vae.py [--vae wan2.1] [--size 256x256] [--frames 9] [--threads 1] [--repeats 3]

With `--keep FOLDER` what was measured stays there, and `--runs N` stops after so many runs, to go on another time.
Each side runs in a process of its own, so that its peak is its own; rounds alternate. "CPU" is time the processor
worked, which others on the machine disturb less than the clock on the wall. The peak is what decoding adds to the
loaded model.
"""

import argparse
import json
import pathlib
import tempfile
import time
import zlib

import torch
from beside import Rounds, memory

from kinora.checkpoints.wan.architectures import VAES
from kinora.checkpoints.wan.vae_keys import to_diffusers
from kinora.models.wan_vae import WanAutoencoder, WanVaeConfig

SIDES = ("kinora", "diffusers")


def main() -> None:
    """Run both sides in turn and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae", choices=sorted(VAES), default="wan2.1")
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        decode(given)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rounds = Rounds(__file__, folder, given.runs)
        if not rounds.run(SIDES * given.repeats):
            return
        pixels = [torch.load(folder / f"{side}.pt") for side in SIDES]
    best = {side: rounds.best(side) for side in SIDES}
    for side, one in best.items():
        print(f"{side}: {one['cpu']:.2f} s CPU, {one['wall']:.2f} s, peak {one['peak']:.0f} MB above the model")
    ours, theirs = (best[side] for side in SIDES)
    print(f"decode {theirs['cpu'] / ours['cpu']:.2f} times faster (CPU), {theirs['wall'] / ours['wall']:.2f} (wall)")
    print(f"peak {ours['peak'] / theirs['peak']:.2f} of theirs")
    print(f"largest difference {(pixels[0] - pixels[1]).abs().max():.1e}")


@torch.inference_mode()
def decode(given: argparse.Namespace) -> None:
    """One side: build, decode one latent frame to warm up, decode the clip, print the figures."""
    torch.set_num_threads(given.threads)
    config = WanVaeConfig.from_dict({**VAES[given.vae], "mean": (), "std": ()})
    width, height = map(int, given.size.split("x"))
    time_stride, row_stride, column_stride = config.stride
    generator = torch.Generator().manual_seed(0)
    shape = (1, config.channels, (given.frames - 1) // time_stride + 1, height // row_stride, width // column_stride)
    latents = torch.randn(shape, generator=generator)
    run = kinora(config) if given.side == "kinora" else diffusers(config)
    run(latents[:, :, :1])
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, wall, cpu = memory("VmRSS"), time.perf_counter(), time.process_time()
    pixels = run(latents)
    figures = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "peak": memory("VmHWM") - before}
    torch.save(pixels, given.folder / f"{given.side}.pt")
    print(json.dumps(figures))


def kinora(config: WanVaeConfig):  # noqa: ANN201
    """Our decoder."""
    vae = WanAutoencoder(config).eval()
    fill(vae, lambda name: to_diffusers(name, nested=config.shortcuts))
    return vae.decode


def diffusers(config: WanVaeConfig):  # noqa: ANN201
    """Its decoder."""
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(
        base_dim=config.encoder_width,
        decoder_base_dim=config.decoder_width,
        z_dim=config.channels,
        is_residual=config.shortcuts,
        in_channels=3 * config.patch**2,
        out_channels=3 * config.patch**2,
        patch_size=config.patch if config.patch > 1 else None,
        scale_factor_spatial=config.stride[1],
    ).eval()
    fill(vae, lambda name: name)
    return lambda latents: vae.decode(latents).sample


def fill(module: torch.nn.Module, rename) -> None:  # noqa: ANN001
    """Draw every parameter from the checksum of its name in diffusers, so that both sides have the same."""
    for name, parameter in module.named_parameters():
        generator = torch.Generator().manual_seed(zlib.crc32(rename(name).encode()))
        deviation = parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.02
        torch.nn.init.normal_(parameter, std=deviation, generator=generator)
        if name.endswith("gamma"):
            parameter.mul_(0.1).add_(1)


if __name__ == "__main__":
    main()
