"""Wan's autoencoders against diffusers, live; fast against plain; streamed against whole; and the recorded numbers."""

import random
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from kinora.checkpoints.wan.architectures import VAES
from kinora.checkpoints.wan.vae_keys import from_layouts
from kinora.models.wan_vae import WanAutoencoder, WanVaeConfig

diffusers = pytest.importorskip("diffusers", reason="diffusers is the judge (pip install kinora[dev])")

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "wan"
SIZES = {
    "2.1": WanVaeConfig(channels=4, encoder_width=8, decoder_width=8),
    "2.2": WanVaeConfig(channels=6, encoder_width=8, decoder_width=16, patch=2, shortcuts=True),
}


def judge(config):
    return diffusers.AutoencoderKLWan(
        dim_mult=list(config.multipliers),
        temperal_downsample=list(config.halves_time),
        base_dim=config.encoder_width,
        decoder_base_dim=config.decoder_width,
        z_dim=config.channels,
        is_residual=config.shortcuts,
        in_channels=3 * config.patch**2,
        out_channels=3 * config.patch**2,
        patch_size=config.patch if config.patch > 1 else None,
        scale_factor_spatial=config.stride[1],
    ).eval()


def load(config, state, backend="fast"):
    vae = WanAutoencoder(config, backend).eval()
    names = from_layouts(vae.state_dict(), nested=config.shortcuts)[1]
    vae.load_state_dict({names[key]: tensor for key, tensor in state.items()})
    return vae


def clip(batch=2, frames=9, height=32, width=48):
    return torch.rand(batch, 3, frames, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture(scope="module", params=SIZES)
def pair(request):
    torch.manual_seed(0)
    theirs = judge(SIZES[request.param])
    for name, parameter in theirs.named_parameters():
        if name.endswith("gamma"):
            torch.nn.init.normal_(parameter, mean=1, std=0.2)
    return load(SIZES[request.param], theirs.state_dict()), theirs


@torch.no_grad()
def test_the_same_latents_and_pixels_as_diffusers(pair):
    vae, theirs = pair
    pixels = clip()
    latents = theirs.encode(pixels).latent_dist.mode()
    torch.testing.assert_close(vae.encode_raw(pixels), latents, atol=1e-5, rtol=0)
    torch.testing.assert_close(vae.decode_raw(latents), theirs.decode(latents).sample, atol=1e-5, rtol=0)


@pytest.mark.parametrize("shortcuts", [False, True], ids=["2.1", "2.2"])
@pytest.mark.parametrize("seed", range(4))
@torch.no_grad()
def test_the_same_for_other_sizes_and_shapes(seed, shortcuts):
    rng = random.Random(seed)
    config = WanVaeConfig(
        channels=rng.choice([4, 6]),
        encoder_width=rng.choice([4, 8]),
        decoder_width=rng.choice([8, 16]),
        multipliers=rng.choice([(1, 2, 4, 4), (1, 1, 2, 2)]),
        halves_time=rng.choice([(False, True, True), (True, True, False)]),
        patch=2 if shortcuts else 1,
        shortcuts=shortcuts,
    )
    torch.manual_seed(seed)
    theirs = judge(config)
    vae = load(config, theirs.state_dict())
    _, down, across = config.stride
    pixels = clip(rng.randint(1, 3), rng.choice([1, 5, 9]), down * rng.randint(1, 5), across * rng.randint(1, 4))
    latents = theirs.encode(pixels).latent_dist.mode()
    torch.testing.assert_close(vae.encode_raw(pixels), latents, atol=1e-5, rtol=0)
    torch.testing.assert_close(vae.decode_raw(latents), theirs.decode(latents).sample, atol=1e-5, rtol=0)


@torch.no_grad()
def test_fast_is_plain(pair):
    vae, _ = pair
    plain = WanAutoencoder(vae.config, "plain")
    plain.load_state_dict(vae.state_dict())
    # 48 wide at 16 pixels a position is 3 wide at the bottom: odd, where fast falls back to plain
    latents = plain.encode(clip())
    torch.testing.assert_close(vae.encode(clip()), latents, atol=1e-5, rtol=0)
    torch.testing.assert_close(vae.decode(latents), plain.decode(latents), atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (2, 1, 1), (1, 3)])
def test_streamed_equals_whole_to_the_bit(pair, sizes):
    vae, _ = pair
    latents = torch.randn(1, vae.channels, 4, 2, 4)
    stream = vae.stream()
    assert torch.equal(torch.cat([stream(part) for part in latents.split(sizes, dim=2)], dim=2), vae.decode(latents))


@torch.no_grad()
def test_streamed_memory_does_not_grow(pair):
    vae, _ = pair
    stream = vae.stream()
    sizes = []
    for _ in range(4):
        stream(torch.randn(1, vae.channels, 1, 2, 2))
        sizes.append(stream.memory.size)
    assert len(set(sizes)) == 1


@torch.no_grad()
def test_causal(pair):
    vae, _ = pair
    pixels = clip()
    changed = pixels.clone()
    changed[:, :, 5:] = 0
    before, after = vae.encode(pixels), vae.encode(changed)
    assert torch.equal(before[:, :, :2], after[:, :, :2])
    assert not torch.allclose(before[:, :, 2], after[:, :, 2])
    assert torch.equal(vae.encode(pixels[:, :, :1]), before[:, :, :1])
    assert torch.equal(vae.decode(before)[:, :, :5], vae.decode(before[:, :, :2]))


@torch.no_grad()
def test_latents_are_normalised_per_channel(pair):
    vae, _ = pair
    mean, std = torch.arange(vae.channels) / 10, 0.5 + torch.arange(vae.channels) / 4
    scaled = WanAutoencoder(WanVaeConfig.from_dict({**asdict(vae.config), "mean": mean.tolist(), "std": std.tolist()}))
    scaled.load_state_dict(vae.state_dict())
    raw = vae.encode(clip(1, 5))
    expected = (raw - mean.view(-1, 1, 1, 1)) / std.view(-1, 1, 1, 1)
    torch.testing.assert_close(scaled.encode(clip(1, 5)), expected)
    torch.testing.assert_close(scaled.decode(expected), vae.decode(raw), atol=1e-5, rtol=0)


def test_gradients_flow(pair):
    vae, _ = pair
    latents = torch.randn(1, vae.channels, 2, 2, 2, requires_grad=True)
    vae.decode(latents).square().mean().backward()
    assert latents.grad.abs().max() > 0


@pytest.mark.parametrize(("frames", "height"), [(8, 32), (9, 40)])
def test_sizes_off_the_grid_are_refused(frames, height):
    with pytest.raises(ValueError, match=r"4n\+1 frames"):
        WanAutoencoder(SIZES["2.2"]).encode(clip(1, frames, height))


def test_configurations_that_contradict_themselves_are_refused():
    with pytest.raises(ValueError, match="means"):
        WanVaeConfig(channels=4, mean=(0.0,))
    with pytest.raises(ValueError, match="steps"):
        WanVaeConfig(halves_time=(True,))


@pytest.mark.parametrize(("name", "millions", "tensors"), [("wan2.1", 126.9, 194), ("wan2.2", 704.7, 196)])
def test_published_sizes(name, millions, tensors):
    with torch.device("meta"):
        vae = WanAutoencoder(WanVaeConfig.from_dict(VAES[name]))
        theirs = judge(vae.config).state_dict()
    state = vae.state_dict()
    names = from_layouts(state, nested=vae.config.shortcuts)[1]
    assert {key: state[ours].shape for key, ours in names.items()} == {k: v.shape for k, v in theirs.items()}
    assert (len(state), round(sum(t.numel() for t in state.values()) / 1e6, 1)) == (tensors, millions)


@pytest.mark.parametrize("backend", ["fast", "plain"])
@pytest.mark.parametrize("name", SIZES)
@torch.no_grad()
def test_the_recorded_numbers(name, backend):
    path = FIXTURES / f"vae{name.replace('.', '')}.safetensors"
    if not path.exists():
        pytest.skip("the numbers made by diffusers are not beside this checkout")
    tensors = load_file(path)
    config = WanVaeConfig.from_dict({**asdict(SIZES[name]), "decoder_width": 8})
    vae = load(config, {k[2:]: v for k, v in tensors.items() if k.startswith("w.")}, backend)
    torch.testing.assert_close(vae.encode_raw(tensors["x"]), tensors["z"], atol=1e-5, rtol=0)
    torch.testing.assert_close(vae.encode_raw(tensors["x"][:, :, :1]), tensors["z_first"], atol=1e-5, rtol=0)
    torch.testing.assert_close(vae.decode_raw(tensors["z"]), tensors["y"], atol=1e-5, rtol=0)
