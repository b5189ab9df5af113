import numpy as np
import pytest

from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import save_tiny_model
from kinora.engine.frames.coding import decode
from kinora.engine.marks.inversion import noise_of


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(save_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


def test_the_noise_has_the_shape_of_the_latents_and_leaves_out_what_is_over(model):
    frames = np.random.default_rng(0).integers(0, 255, (7, 32, 32, 3)).astype(np.uint8)
    noise = noise_of(model, frames, steps=2)
    assert noise.shape == (model.vae.channels, 2, 2, 2)
    assert noise.dtype == np.float32
    assert np.array_equal(noise, noise_of(model, frames[:5], steps=2))


def test_other_frames_come_from_other_noise(model):
    import torch

    frames = [
        decode(model, torch.randn(1, model.vae.channels, 2, 2, 2, generator=torch.Generator().manual_seed(seed)))
        for seed in (0, 1)
    ]
    first, second = (noise_of(model, one, steps=2) for one in frames)
    assert np.isfinite(first).all()
    assert not np.allclose(first, second)
