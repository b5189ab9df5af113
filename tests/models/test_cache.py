from dataclasses import replace

import pytest
import torch

from kinora.models.cache import KVCache
from kinora.models.dit import DiT, DiTConfig

CONFIG = DiTConfig(dim=48, heads=2, layers=3, ffn_dim=64, in_channels=4, out_channels=4, text_dim=16, freq_dim=32)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = DiT(CONFIG).eval().requires_grad_(False)
    torch.nn.init.normal_(model.head.head.weight, std=0.2)
    return model


@pytest.fixture(scope="module")
def clip():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 4, 9, 2, 3, generator=generator), torch.rand(2, 9, generator=generator), torch.randn(
        2, 5, 16, generator=generator
    )  # fmt: skip


def stream(model, latent, sigma, text, blocks, cache):
    """Block after block, each pass remembered as it is, whatever its sigma: the causal forward does the same."""
    out, first = [], 0
    for size in blocks:
        part = slice(first, first + size)
        out.append(model(latent[:, :, part], sigma[:, part], text, cache=cache))
        cache.append()
        first += size
    return torch.cat(out, dim=2)


@pytest.mark.parametrize("blocks", [(1, 4, 4), (3, 3, 3), (9,), (1,) * 9])
def test_streaming_equals_the_causal_forward_over_the_whole_clip(model, clip, blocks):
    latent, sigma, text = clip
    whole = model(latent, sigma, text, blocks=blocks)
    streamed = stream(model, latent, sigma, text, blocks, model.cache(window=9))
    torch.testing.assert_close(streamed, whole, atol=1e-5, rtol=0)


def test_several_causal_blocks_can_follow_a_cache(model, clip):
    latent, sigma, text = clip
    cache = model.cache(window=9)
    stream(model, latent[:, :, :1], sigma[:, :1], text, (1,), cache)
    rest = model(latent[:, :, 1:], sigma[:, 1:], text, blocks=(4, 4), cache=cache)
    torch.testing.assert_close(rest, model(latent, sigma, text, blocks=(1, 4, 4))[:, :, 1:], atol=1e-5, rtol=0)


def test_passes_only_read_until_append(model, clip):
    latent, sigma, text = clip
    cache = model.cache(window=9)
    stream(model, latent[:, :, :1], sigma[:, :1], text, (1,), cache)
    block = latent[:, :, 1:5], sigma[:, 1:5], text
    first = model(*block, cache=cache)
    model(torch.randn_like(block[0]), *block[1:], cache=cache)
    assert torch.equal(model(*block, cache=cache), first)
    assert cache.frames == 1


def test_window_keeps_the_sink_and_the_latest_and_rebases_positions(model, clip):
    latent, sigma, text = clip
    one_layer = DiT(replace(CONFIG, layers=1)).eval().requires_grad_(False)  # deeper layers remember more
    torch.nn.init.normal_(one_layer.head.head.weight, std=0.2)
    cache = one_layer.cache(window=5, sink=1)
    streamed = stream(one_layer, latent, sigma, text, (1, 2, 2, 2, 2), cache)
    kept = [0, 5, 6, 7, 8]  # the sink, and 4 frames at positions 1 to 4: as though the clip had never had others
    dense = one_layer(latent[:, :, kept], sigma[:, kept], text, blocks=(1, 2, 2))
    torch.testing.assert_close(streamed[:, :, -2:], dense[:, :, -2:], atol=1e-5, rtol=0)
    assert cache.frames == 5


def test_clear_forgets(model, clip):
    latent, sigma, text = clip
    cache = model.cache(window=9)
    first = stream(model, latent, sigma, text, (1, 4, 4), cache)
    cache.clear()
    assert torch.equal(stream(model, latent, sigma, text, (1, 4, 4), cache), first)


def test_start_is_refused_with_a_cache(model, clip):
    latent, sigma, text = clip
    with pytest.raises(ValueError, match="start=4"):
        model(latent, sigma, text, cache=model.cache(window=9), start=4)


def test_a_block_beyond_the_window_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        KVCache(1, window=5, sink=1).begin(6)


def test_a_first_block_may_fill_the_window_and_a_later_one_must_leave_the_sink(model, clip):
    latent, sigma, text = clip
    cache = model.cache(window=5, sink=1)
    first = model(latent[:, :, :5], sigma[:, :5], text, cache=cache)
    assert torch.equal(first, model(latent[:, :, :5], sigma[:, :5], text))
    cache.append()
    with pytest.raises(ValueError, match="a block of 5 latent frames does not fit"):
        model(latent[:, :, :5], sigma[:, :5], text, cache=cache)


def test_a_sink_that_fills_the_window_is_refused():
    with pytest.raises(ValueError, match="sink=5"):
        KVCache(1, window=5, sink=5)


def test_append_without_a_pass_is_refused(model, clip):
    cache = model.cache(window=9)
    with pytest.raises(ValueError, match="no forward pass"):
        cache.append()
