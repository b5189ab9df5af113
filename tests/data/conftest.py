"""A small rendered data set whose pixels are noise, and encoders that are quick and can be told apart."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from einops import rearrange, reduce

from kinora.world.sample import sample_scene

CLIPS, IMAGES, SIDE = 5, 6, 32


class FakeText:
    """One token a word: its position and the word's length; counts how often it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def encode(self, prompts):
        self.batches.append(list(prompts))
        rows = [torch.tensor([[0.0, 0.0], *([k + 1.0, len(w)] for k, w in enumerate(p.split()))]) for p in prompts]
        states = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows])
        return SimpleNamespace(states=states, mask=torch.arange(states.shape[1]) < lengths[:, None])


@pytest.fixture
def text() -> FakeText:
    return FakeText()


class FakeAutoencoder(torch.nn.Module):
    """48 mixtures of the mean colour of 16x16 patches of every fourth frame."""

    stride = (4, 16, 16)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        weight = torch.randn(48, 3, generator=torch.Generator().manual_seed(seed))
        self.weight = torch.nn.Parameter(weight, requires_grad=False)

    def encode(self, pixels):
        colours = reduce(pixels[:, :, ::4], "b c t (h p) (w q) -> b t h w c", "mean", p=16, q=16)
        return rearrange(colours @ self.weight.T, "b t h w c -> b c t h w")


@pytest.fixture
def vae() -> FakeAutoencoder:
    return FakeAutoencoder()


@pytest.fixture
def other_vae() -> FakeAutoencoder:
    return FakeAutoencoder(seed=1)


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for shard in range(2):
        write_shard(tmp_path, f"clips-{shard:05d}", CLIPS, 9, ("medium", "short"), random)
    write_shard(tmp_path, "images-00000", IMAGES, 1, ("image", "image"), random)
    return tmp_path


@pytest.fixture
def shard_writer():
    return write_shard


def write_shard(
    folder: Path, name: str, number: int, frames: int, kinds, random, parts=(0, 0), size=(SIDE, SIDE)
) -> None:
    np.save(folder / f"{name}.npy", random.integers(0, 256, (number, frames, *size, 3), dtype=np.uint8))
    samples = [
        {
            "scene": sample_scene(k, frames=frames).to_dict(),
            "captions": [
                {"text": " ".join(["word"] * (2 + k + j)), "kind": kind, "part": part}
                for j, (kind, part) in enumerate(zip(kinds, parts, strict=True))
            ],
        }
        for k in range(number)
    ]
    (folder / f"{name}.json").write_text(json.dumps({"version": 1, "samples": samples}))
