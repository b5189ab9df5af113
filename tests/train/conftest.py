"""A latents cache written by hand, small enough that a whole run takes a second."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kinora.data.cache import LatentCache
from kinora.data.latents import KINDS
from kinora.data.loader import LoaderConfig
from kinora.train.config import Budget, Cadence, FlowConfig, HeldOutConfig
from kinora.train.recipes import cpu_tiny

FRAMES, SIDE = 5, 2


@pytest.fixture(scope="session")
def cache(data) -> LatentCache:
    return LatentCache.open(data)


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("latents")
    random = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, generator=random).bfloat16()

    for name, number, frames, kinds in (
        ("images-00000", 12, 1, ("image", "image")),
        ("clips-00000", 6, FRAMES, ("medium", "image")),
        ("clips-00001", 6, FRAMES, ("medium", "image")),
    ):
        tensors = {"latents": normal(number, 48, frames, SIDE, SIDE) * 0.1 + 1}
        if frames > 1:
            tensors["stills"] = normal(number, 4, 48, 1, SIDE, SIDE) * 0.1 + 1
        save_file(tensors, folder / f"{name}.latents.safetensors", metadata={"source": name})
        lengths = torch.arange(number * len(kinds)) % 5 + 3
        save_file(
            {
                "states": normal(int(lengths.sum()), 384),
                "offsets": torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)]),
                "kind": torch.tensor([KINDS.index(kind) for kind in kinds] * number, dtype=torch.uint8),
            },
            folder / f"{name}.text.safetensors",
        )
    save_file({"states": normal(2, 384)}, folder / "null.text.safetensors")
    return folder


@pytest.fixture
def config() -> FlowConfig:
    """Twelve steps through all three phases, a row of metrics for each, nothing else before the end."""
    never = float("inf")
    return replace(
        cpu_tiny(Budget(steps=12)),
        loader=LoaderConfig(tokens=40),
        held_out=HeldOutConfig(images=4, clips=2),
        cadence=Cadence(metrics=0.0, checkpoint=never, held_out=never, sheet=never),
    )
