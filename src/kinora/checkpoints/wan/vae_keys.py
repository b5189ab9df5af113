"""Names of a Wan autoencoder's parameters in the originals' files and in diffusers'.

    to_original("encoder.levels.1.blocks.0.conv1.weight", nested=False)   # "encoder.downsamples.3.residual.2.weight"

Ours nest blocks in levels for both versions. The originals and diffusers number the layers of 2.1's encoder (the
originals those of its decoder too) in one flat list, and nest those of 2.2: `nested` says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LEVEL = re.compile(r"^(encoder|decoder)\.levels\.(\d+)\.(?:blocks\.(\d+)|(resample|time))\.(.*)$")
BLOCKS = {"encoder": 2, "decoder": 3}
"""Residual blocks in a level of every published autoencoder."""

_ORIGINAL = {
    "norm1": "residual.0", "conv1": "residual.2", "norm2": "residual.3", "conv2": "residual.6",
    "enter": "conv1", "norm": "head.0", "leave": "head.2",
    "to_moments": "conv1", "from_latent": "conv2",
}  # fmt: skip
_DIFFUSERS = {
    "shortcut": "conv_shortcut", "enter": "conv_in", "norm": "norm_out", "leave": "conv_out",
    "to_moments": "quant_conv", "from_latent": "post_quant_conv",
}  # fmt: skip
_RESAMPLING = {"resample": "resample.1", "time": "time_conv"}


def to_original(name: str, *, nested: bool) -> str:
    """Return what Wan's own files call a parameter of ours."""
    if (found := _LEVEL.match(name)) is None:
        half, _, rest = name.partition(".")
        if half not in BLOCKS:
            return _renamed(name, _ORIGINAL)
        if not rest.startswith("middle."):
            return f"{half}.{_renamed(rest, _ORIGINAL)}"
        middle, place, inner = rest.split(".", 2)
        return f"{half}.{middle}.{place}.{inner if place == '1' else _renamed(inner, _ORIGINAL)}"
    half, level, block, resampling, leaf = found.groups()
    layers = "downsamples" if half == "encoder" else "upsamples"
    index = BLOCKS[half] if block is None else int(block)
    where = f"{level}.{layers}.{index}" if nested else f"{_flat(half, int(level), index)}"
    inner = _renamed(leaf, _ORIGINAL) if block else f"{_RESAMPLING[resampling]}.{leaf}"
    return f"{half}.{layers}.{where}.{inner}"


def to_diffusers(name: str, *, nested: bool) -> str:
    """Return what diffusers' AutoencoderKLWan calls a parameter of ours."""
    if (found := _LEVEL.match(name)) is None:
        half, _, rest = name.partition(".")
        if half not in BLOCKS:
            return _renamed(name, _DIFFUSERS)
        if not rest.startswith("middle."):
            return f"{half}.{_renamed(rest, _DIFFUSERS)}"
        _, index, inner = rest.split(".", 2)
        place = {"0": "resnets.0", "1": "attentions.0", "2": "resnets.1"}[index]
        return f"{half}.mid_block.{place}.{inner if index == '1' else _renamed(inner, _DIFFUSERS)}"
    half, level, block, resampling, leaf = found.groups()
    down = half == "encoder"
    inner = _renamed(leaf, _DIFFUSERS) if block else f"{_RESAMPLING[resampling]}.{leaf}"
    if down and not nested:
        return f"{half}.down_blocks.{_flat(half, int(level), 2 if block is None else int(block))}.{inner}"
    sampler = ("downsampler" if down else "upsampler") if nested else "upsamplers.0"
    blocks = "down_blocks" if down else "up_blocks"
    return f"{half}.{blocks}.{level}.{sampler if block is None else f'resnets.{block}'}.{inner}"


def from_layouts(names: Iterable[str], *, nested: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Return the originals' names and diffusers' names of all of a model's parameters, each with ours."""
    ours = list(names)
    original = {to_original(name, nested=nested): name for name in ours}
    diffusers = {to_diffusers(name, nested=nested): name for name in ours}
    assert len(original) == len(diffusers) == len(ours), "two names of ours became one"
    return original, diffusers


def _flat(half: str, level: int, index: int) -> int:
    return level * (BLOCKS[half] + 1) + index


def _renamed(name: str, table: dict[str, str]) -> str:
    first, dot, rest = name.partition(".")
    return f"{table.get(first, first)}{dot}{rest}"
