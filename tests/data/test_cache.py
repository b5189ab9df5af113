"""Samples are found again across shards, and a split never shares one."""

import pytest
import torch
from safetensors.torch import load_file

from kinora.data.cache import LatentCache
from kinora.data.latents import encode_dataset
from kinora.errors import BadInputFile


@pytest.fixture
def cache(rendered, vae, text):
    list(encode_dataset(rendered, vae, text))
    return LatentCache.open(rendered)


def test_samples_run_through_the_shards(cache, rendered):
    assert (len(cache.images), len(cache.clips)) == (6, 10)
    second = load_file(rendered / "clips-00001.latents.safetensors")
    torch.testing.assert_close(cache.clips[7].latents(), second["latents"][2])
    torch.testing.assert_close(cache.clips[7].latents(2), second["latents"][2, :, :2])
    torch.testing.assert_close(cache.clips[7].still(3), second["stills"][2, 3])
    texts = load_file(rendered / "clips-00001.text.safetensors")
    start, stop = texts["offsets"][2 * 3 + 1 : 2 * 3 + 3].tolist()
    torch.testing.assert_close(cache.clips[7].text(1), texts["states"][start:stop])
    assert cache.clips[7].kinds == ["medium", "short", "image"]


def test_an_image_is_its_own_still(cache):
    torch.testing.assert_close(cache.images[4].still(2), cache.images[4].latents())


def test_a_split_takes_the_end_and_shares_nothing(cache):
    kept, held = cache.split(images=2, clips=3)
    assert [len(kept.images), len(held.images), len(kept.clips), len(held.clips)] == [4, 2, 7, 3]
    torch.testing.assert_close(held.clips[0].latents(), cache.clips[7].latents())
    assert len({kept.manifest, held.manifest, cache.manifest}) == 3


def test_a_split_leaves_at_least_half(cache):
    kept, held = cache.split(images=100, clips=100)
    assert [len(kept.images), len(held.images), len(kept.clips), len(held.clips)] == [3, 3, 5, 5]


def test_the_manifest_names_the_data(cache, rendered, vae, text):
    assert LatentCache.open(rendered).manifest == cache.manifest
    (rendered / "clips-00001.latents.safetensors").unlink()
    assert LatentCache.open(rendered).manifest != cache.manifest


def test_a_folder_without_a_cache_is_the_users_error(rendered):
    with pytest.raises(BadInputFile, match="kinora train latents"):
        LatentCache.open(rendered)
