"""The transformer against diffusers' WanTransformer3DModel, live, with fresh random weights: an independent judge."""

import random

import pytest
import torch

from kinora.checkpoints.wan.architectures import ARCHITECTURES
from kinora.checkpoints.wan.keys import from_diffusers, to_diffusers
from kinora.models.dit import DiT, DiTConfig

diffusers = pytest.importorskip("diffusers", reason="diffusers is the judge (pip install kinora[dev])")

SEEDS = range(30)


def draw(seed):
    """A configuration, a batch and shapes that Wan's class can have, drawn from `seed`."""
    rng = random.Random(seed)
    heads, head_dim = rng.choice([1, 2, 3, 4]), rng.choice([12, 14, 16, 24, 40])
    image = rng.choice([None, None, 20])
    config = DiTConfig(
        dim=heads * head_dim,
        heads=heads,
        layers=rng.choice([1, 2, 3]),
        ffn_dim=rng.choice([32, 56]),
        in_channels=rng.choice([4, 16, 36, 48]),  # 36: beside the noise a mask and given frames; 48: 2.2's TI2V
        out_channels=rng.choice([4, 16, 48]),
        patch=rng.choice([(1, 2, 2), (1, 1, 1), (2, 2, 2)]),
        text_dim=rng.choice([8, 32]),
        freq_dim=rng.choice([32, 256]),
        eps=rng.choice([1e-6, 1e-5]),
        cross_attn_norm=rng.random() < 0.8,
        image_dim=image,
        image_positions=rng.choice([None, 10]) if image else None,
    )
    grid = (rng.randint(1, 3), rng.randint(1, 4), rng.randint(1, 5))
    return config, rng.randint(1, 3), grid


def judge(config):
    """diffusers' model of the same configuration, with random weights in every parameter."""
    model = diffusers.WanTransformer3DModel(
        patch_size=config.patch,
        num_attention_heads=config.heads,
        attention_head_dim=config.dim // config.heads,
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        text_dim=config.text_dim,
        freq_dim=config.freq_dim,
        ffn_dim=config.ffn_dim,
        num_layers=config.layers,
        cross_attn_norm=config.cross_attn_norm,
        eps=config.eps,
        image_dim=config.image_dim,
        added_kv_proj_dim=config.dim if config.image_dim else None,
        rope_max_seq_len=16,
        pos_embed_seq_len=config.image_positions,
    ).eval()
    for name, parameter in model.named_parameters():
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        torch.nn.init.normal_(parameter, mean=centre, std=0.3 if parameter.ndim == 1 else parameter.shape[-1] ** -0.5)
    return model


def ours(config, theirs):
    model = DiT(config).eval()
    names = from_diffusers(model.state_dict())
    model.load_state_dict({names[name]: tensor for name, tensor in theirs.state_dict().items()})
    return model


def test_the_draws_reach_every_branch():
    configs, batches, grids = zip(*(draw(seed) for seed in SEEDS), strict=True)
    assert set(batches) == {1, 2, 3}
    assert len(set(grids)) > 20
    assert {config.in_channels for config in configs} == {4, 16, 36, 48}
    branches = {(config.image_dim is not None, config.image_positions is not None) for config in configs}
    assert branches == {(False, False), (True, False), (True, True)}
    assert {config.cross_attn_norm for config in configs} == {True, False}


@pytest.mark.parametrize("seed", SEEDS)
@torch.no_grad()
def test_the_same_velocity_as_diffusers(seed):
    torch.manual_seed(seed)
    config, batch, grid = draw(seed)
    theirs = judge(config)
    model = ours(config, theirs)
    latent = torch.randn(batch, config.in_channels, *(n * p for n, p in zip(grid, config.patch, strict=True)))
    states = 512 if config.image_dim else 7  # diffusers finds the image's by counting 512 from the end
    text = torch.randn(batch, states, config.text_dim)
    image = torch.randn(batch, config.image_positions or 5, config.image_dim) if config.image_dim else None
    # diffusers takes the tokens of each given frame as an entry of the batch of their own
    folded = image.view(2 * batch, -1, config.image_dim) if config.image_positions else image
    context = model.text_context(text, image=image)
    per_token = 1000 * torch.rand(batch, *grid)
    for time in (per_token[:, 0, 0, 0], per_token):
        expected = theirs(latent, time.flatten(1) if time.ndim > 1 else time, text, folded, return_dict=False)[0]
        found = model(latent, time.double() / 1000, context)
        torch.testing.assert_close(found, expected, atol=2e-4, rtol=1e-5)


@torch.no_grad()
def test_narrow_weights_are_nearer_the_truth_than_diffusers():
    """bfloat16 weights, computed in float32 and in bfloat16, against the same weights widened beforehand."""
    torch.manual_seed(3)
    config = DiTConfig(
        dim=96, heads=2, layers=8, ffn_dim=256, in_channels=4, out_channels=4, patch=(1, 2, 2), text_dim=16
    )
    theirs = judge(config).bfloat16()
    model = ours(config, theirs).bfloat16()
    truth = DiT(config).eval()
    truth.load_state_dict(model.state_dict())
    latent, text, sigma = torch.randn(1, 4, 2, 4, 4), torch.randn(1, 9, 16).bfloat16(), torch.tensor([0.7])
    expected = truth(latent, sigma, text.float())

    def error(velocity):
        return ((velocity.float() - expected).norm() / expected.norm()).item()

    diffused = theirs(latent.bfloat16(), 1000 * sigma, text, return_dict=False)[0]
    assert error(model(latent, sigma, text.float())) < 1e-5
    assert error(model(latent, sigma, text)) < 0.8 * error(diffused) < 0.05
    # What leaves is not rounded: guidance would multiply that.
    found, rounded = model(latent.bfloat16(), sigma, text), diffused.bfloat16()
    assert found.dtype == torch.float32
    assert not torch.equal(found, found.bfloat16().float())
    assert torch.equal(rounded, diffused)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_published_sizes(name):
    architecture = ARCHITECTURES[name]
    config = DiTConfig.from_dict(architecture.dit)
    with torch.device("meta"):
        state = DiT(config).state_dict()
        theirs = diffusers.WanTransformer3DModel(
            num_attention_heads=config.heads,
            attention_head_dim=128,
            in_channels=config.in_channels,
            out_channels=config.out_channels,
            text_dim=4096,
            ffn_dim=config.ffn_dim,
            num_layers=config.layers,
            image_dim=config.image_dim,
            added_kv_proj_dim=config.dim if config.image_dim else None,
            pos_embed_seq_len=config.image_positions,
        ).state_dict()
    assert {to_diffusers(key): value.shape for key, value in state.items()} == {k: v.shape for k, v in theirs.items()}
    assert len(state) == architecture.tensors
    assert sum(tensor.numel() for tensor in state.values()) == architecture.parameters
