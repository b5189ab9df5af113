"""A sheet shows the prompts' rows in time, and is the same for the same weights."""

import numpy as np
import pytest
import torch
from PIL import Image

from kinora.train.compute import Compute
from kinora.train.sheet import SheetMaker, grid

COMPUTE = Compute(torch.device("cpu"), torch.float32)


class Decoder(torch.nn.Module):
    """Every latent position becomes four frames of 16x16 pixels of its first three channels."""

    channels = 48

    def decode(self, latents):
        return torch.nn.functional.interpolate(latents[:, :3], scale_factor=(1, 16, 16))


@pytest.fixture
def maker(monkeypatch) -> SheetMaker:
    states, mask = torch.zeros(3, 4, 384), torch.ones(3, 4, dtype=torch.bool)
    states[0], states[1] = 1.0, -1.0  # the last is the empty prompt
    maker = object.__new__(SheetMaker)
    values = {"vae": Decoder(), "states": states, "mask": mask, "latent_size": (2, 2)}
    for name, value in {**values, "steps": 8, "guidance": 4.0, "shift": 3.0, "columns": 5}.items():
        object.__setattr__(maker, name, value)
    return maker


def bright_or_dark(latent, sigma, text, *, text_mask, blocks):
    """The velocity to latents as bright as the text says."""
    clean = text.mean(dim=(1, 2))[:, None, None, None, None].expand_as(latent)
    return (latent - clean) / sigma[:, None, :, None, None].clamp(min=1e-3)


def test_rows_are_prompts_under_guidance(maker, tmp_path):
    path = tmp_path / "sheets" / "1.png"
    maker.draw(bright_or_dark, 3, COMPUTE, path)
    image = np.asarray(Image.open(path))
    assert image.shape == (64, 96, 3)  # two prompts of 32 rows, three frames of 32 columns
    assert image[:32].min() == 255
    assert image[32:].max() == 0
    assert list(path.parent.iterdir()) == [path]


def test_frames_are_spread_evenly():
    clips = np.arange(9, dtype=np.uint8)[None, :, None, None, None] * np.ones((1, 1, 2, 2, 3), np.uint8)
    sheet = grid(clips, 5)
    assert sheet.shape == (2, 10, 3)
    assert sheet[0, ::2, 0].tolist() == [0, 2, 4, 6, 8]
