"""Fitting the autoencoder: principal components are right, training improves on them, files round-trip."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.errors import BadInputFile, InvalidRequest
from kinora.models.vae import Autoencoder, AutoencoderConfig
from kinora.train import autoencoder as ae

TINY = AutoencoderConfig(
    channels=16,
    encoder_widths=(16, 12, 8),
    encoder_blocks=(1, 1, 1),
    decoder_widths=(32, 24, 16),
    decoder_blocks=(1, 1, 1),
)


@pytest.fixture
def data(tmp_path):
    """Two shards of a bright disc crossing a dark ground: simple for a network, far from linear."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:32, :32] / 32
    for shard in range(2):
        clips = np.zeros((48, 9, 32, 32, 3), np.uint8)
        for clip in clips:
            a, b, speed = rng.uniform(0, 1, 3)
            for t in range(9):
                distance = np.hypot(x - (a + speed * t / 9) % 1, y - b)
                clip[t] = 40 + (180 / (1 + np.exp((distance - 0.2) * 40)))[..., None] * [1, 0.6, 0.3]
        np.save(tmp_path / f"clips-0000{shard}.npy", clips)
        (tmp_path / f"clips-0000{shard}.json").write_text("{}")
    return tmp_path


def test_principal_components_match_a_full_decomposition():
    torch.manual_seed(0)
    model = Autoencoder(TINY)
    rank = 20
    patches = torch.randn(500, rank) * torch.linspace(3, 0.1, rank) @ torch.randn(rank, 3072) + 2
    ae.fit_principal_components(model, patches)
    centred = patches - patches.mean(0)
    _, s, v = torch.linalg.svd(centred, full_matrices=False)
    best = (centred @ v[:16].T @ v[:16] - centred).square().sum()
    z = model.project(patches).detach()
    ours = (model.reconstruct(z) - patches).square().sum().detach()
    assert ours <= best * 1.01
    assert z.var(0).mean() == pytest.approx(1, rel=0.02)
    # half-whitened: the spread of the channels' deviations is the fourth root of that of the variances
    torch.testing.assert_close(z.std(0) ** 2, s[:16] / s[:16].mean(), rtol=0.05, atol=0.02)


def test_training_improves_on_the_linear_map_and_files_round_trip(data, tmp_path):
    recipe = ae.AutoencoderRecipe(
        model=TINY, patches=2000, steps=100, batch=4, frames=5, crop=32, learning_rate=1e-2, threads=1
    )
    rows = []
    out, random = tmp_path / "out", torch.get_rng_state()
    model = ae.train_autoencoder(data, out, recipe, report=rows.append)
    assert torch.equal(torch.get_rng_state(), random)
    final = json.loads((out / "vae.json").read_text())["history"][-1]["psnr"]
    assert final > rows[0]["psnr"] + 0.2
    clip = ae.to_pixels(ae.open_shards(data, "clips")[1][:2])
    loaded = ae.load_autoencoder(out)
    torch.testing.assert_close(loaded.encode(clip), model.encode(clip))
    everything = loaded.encode(ae.to_pixels(ae.open_shards(data, "clips")[0]))
    assert float(everything.detach().var(dim=(0, 2, 3, 4)).mean()) == pytest.approx(1, abs=0.3)
    assert sorted(path.name for path in out.iterdir()) == ["vae.json", "vae.safetensors"]


def test_missing_shards_are_named(tmp_path):
    with pytest.raises(BadInputFile, match="kinora world render"):
        ae.open_shards(tmp_path, "clips")


def test_refining_moves_the_decoder_and_no_latent(data, tmp_path):
    recipe = ae.AutoencoderRecipe(model=TINY, patches=500, steps=3, batch=2, frames=5, crop=32, threads=1)
    first = ae.train_autoencoder(data, tmp_path / "first", recipe)
    larger = replace(recipe, model=replace(TINY, decoder_blocks=(1, 2, 3)))
    second = ae.train_autoencoder(data, tmp_path / "second", larger, refine=tmp_path / "first")
    assert ae.load_autoencoder(tmp_path / "second").config.decoder_blocks == (1, 2, 3)
    clip = ae.to_pixels(ae.open_shards(data, "clips")[1][:2])
    torch.testing.assert_close(second.encode(clip), first.encode(clip), rtol=0, atol=0)
    assert not torch.equal(second.decode(first.encode(clip)), first.decode(first.encode(clip)))


def test_a_grown_decoder_gives_the_same_pixels_at_first():
    torch.manual_seed(0)
    model = Autoencoder(TINY)
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.1)
    latents = torch.randn(1, 16, 3, 2, 2)
    larger = ae.grown(model, (2, 1, 3))
    torch.testing.assert_close(larger.decode(latents), model.decode(latents), rtol=0, atol=0)
    with pytest.raises(InvalidRequest, match="only grows"):
        ae.grown(larger, (1, 1, 1))


def test_a_calm_clip_counts_as_much_as_a_busy_one():
    error = torch.zeros(2, 3, 5, 8, 8)
    error[0], error[1] = 0.02, 0.2
    both = ae.reconstruction_loss(error, torch.zeros_like(error))
    assert both == pytest.approx((0.02 + 0.2) / 2, rel=0.01)
    flickering = error * torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0])[:, None, None]
    assert ae.reconstruction_loss(flickering, torch.zeros_like(error)) > both * 1.1
