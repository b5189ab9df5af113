"""A batch is a function of the seed and its number; budgets, captions and padding are as configured."""

from collections import Counter
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.data.cache import LatentCache
from kinora.data.latents import encode_dataset
from kinora.data.loader import BUCKETS, Loader, LoaderConfig, choose_caption, draw, pad, prefetch

MIXTURE = {"still": 0.4, "short": 0.3, "full": 0.3}


@pytest.fixture
def cache(rendered, vae, text):
    list(encode_dataset(rendered, vae, text))
    return LatentCache.open(rendered)


def same(a, b):
    return a.bucket == b.bucket and all(torch.equal(getattr(a, n), getattr(b, n)) for n in ("latents", "text", "mask"))


def test_a_batch_depends_on_seed_and_number_alone(cache):
    one, two = (Loader(cache, LoaderConfig(tokens=32), seed=3) for _ in range(2))
    forwards = [one.batch(k, MIXTURE) for k in range(8)]
    backwards = [two.batch(k, MIXTURE) for k in reversed(range(8))][::-1]
    assert all(same(a, b) for a, b in zip(forwards, backwards, strict=True))
    other = Loader(cache, LoaderConfig(tokens=32), seed=4)
    assert not all(same(a, other.batch(k, MIXTURE)) for k, a in enumerate(forwards))


def test_batches_keep_to_the_token_budget(cache):
    loader = Loader(cache, LoaderConfig(tokens=24), seed=0)
    shapes = {batch.bucket: batch for batch in (loader.batch(k, MIXTURE) for k in range(40))}
    assert shapes["still"].latents.shape == (6, 48, 1, 2, 2)  # 24 / (2 * 2)
    assert shapes["full"].latents.shape == shapes["short"].latents.shape == (2, 48, 3, 2, 2)  # 9 frames: all of it
    assert {batch.tokens for batch in shapes.values()} == {24}


def test_the_mixture_is_followed_and_empty_buckets_left_out(cache):
    loader = Loader(cache, LoaderConfig(tokens=8), seed=0)
    seen = Counter(loader.batch(k, {"still": 3.0, "full": 1.0}).bucket for k in range(200))
    assert 120 < seen["still"] < 180
    assert seen["short"] == 0
    pictures = Loader(LatentCache(cache.images.shards, [], cache.null), LoaderConfig(tokens=8), seed=0)
    assert {pictures.batch(k, MIXTURE).bucket for k in range(20)} == {"still"}


def test_half_the_stills_are_pictures_and_half_frames_of_clips(cache):
    samples = draw([cache.images, cache.clips], 6, np.random.default_rng(0))
    assert [sample.shard.name.split("-")[0] for sample in samples] == ["images"] * 3 + ["clips"] * 3
    assert len({(sample.shard.name, sample.row) for sample in samples}) == 6


def test_captions_are_dropped_as_often_as_asked(cache):
    loader = Loader(cache, LoaderConfig(tokens=40, null=0.3), seed=0)
    lengths = torch.cat([loader.batch(k, {"still": 1.0}).mask.sum(1) for k in range(40)])
    share = (lengths == len(cache.null)).float().mean()
    assert 0.22 < share < 0.38


def test_kinds_are_weighted_and_missing_ones_stand_in():
    random = np.random.default_rng(0)
    kinds = ["medium", "image", "medium", "short"]
    drawn = Counter(choose_caption(kinds, {"medium": 0.8, "short": 0.2}, random) for _ in range(1000))
    assert drawn[1] == 0
    assert 740 < drawn[0] + drawn[2] < 860
    assert {choose_caption(["terse", "long"], {"image": 1.0}, random) for _ in range(50)} == {0, 1}


def test_padding_is_zero_masked_and_rounded_up():
    padded, mask = pad([torch.ones(3, 2), torch.ones(17, 2)], 16)
    assert padded.shape == (2, 32, 2)
    assert mask.sum(1).tolist() == [3, 17]
    assert torch.equal(padded[..., 0].bool(), mask)


def test_prefetch_gives_the_same_batches_in_order(cache):
    loader = Loader(cache, LoaderConfig(tokens=24), seed=1)
    with closing(prefetch(lambda k: loader.batch(k, MIXTURE), 5, depth=4, workers=3)) as batches:
        for number, batch in zip(range(5, 12), batches, strict=False):
            assert same(batch, loader.batch(number, MIXTURE))


def test_prefetch_raises_what_the_maker_raised():
    def make(index):
        raise OSError(f"batch {index}")

    with pytest.raises(OSError, match="batch 7"), closing(prefetch(make, 7)) as batches:
        next(batches)


def test_scattered_frames_are_those_at_their_times_with_their_motion(cache):
    buckets = {**BUCKETS, "scattered": replace(BUCKETS["scattered"], frames=2)}
    loader = Loader(cache, LoaderConfig(tokens=64, null=0.0, buckets=buckets), seed=3)
    whole = [cache.clips[k] for k in range(len(cache.clips))]
    times = set()
    for index in range(8):
        batch = loader.batch(index, {"scattered": 1.0})
        times.add(batch.times)
        assert batch.latents.shape[2] == len(batch.times) == 2
        assert batch.motion.shape[2] == 2
        found = [s for s in whole if torch.equal(s.latents()[:, list(batch.times)], batch.latents[0])]
        assert len(found) == 1
        assert torch.equal(found[0].motion[:, list(batch.times)], batch.motion[0])
    assert len(times) > 1


def test_windows_are_what_a_rollout_sees(tmp_path, vae, text, shard_writer):
    shard_writer(tmp_path, "clips-00000", 4, 65, ("medium", "short"), np.random.default_rng(0), parts=(0, 1))
    list(encode_dataset(tmp_path, vae, text))
    cache = LatentCache([], [], torch.zeros(2, 2).bfloat16(), LatentCache.open(tmp_path).clips.shards)
    loader = Loader(cache, LoaderConfig(tokens=72, null=0.0), seed=0)
    takes = [cache.takes[k] for k in range(4)]
    seen = {}
    for index in range(24):
        batch = loader.batch(index, {"window": 1.0})
        assert batch.latents.shape[2] == 9
        (sample,) = [s for s in takes if torch.equal(s.latents()[:, :1], batch.latents[0, :, :1])]
        (begin,) = [b for b in (1, 5, 9) if torch.equal(sample.latents()[:, b : b + 8], batch.latents[0, :, 1:])]
        part = sample.parts[[torch.equal(batch.text[0][batch.mask[0]], sample.text(k)) for k in range(2)].index(True)]
        seen[begin] = (batch.given, part)
    assert seen == {1: (0, 0), 5: (5, 1), 9: (5, 1)}


def test_a_batch_of_another_shape_has_one_size_and_the_same_budget(tmp_path, cache, vae, text, shard_writer):
    for width in (48, 64):
        folder = tmp_path / str(width)
        folder.mkdir()
        shard_writer(folder, "clips-00000", 3, 9, ("medium", "short"), np.random.default_rng(0), size=(32, width))
        list(encode_dataset(folder, vae, text))
    cache = LatentCache.open(tmp_path, shapes=[tmp_path / "48", tmp_path / "64"])
    loader = Loader(cache, LoaderConfig(tokens=48), seed=0)
    seen = Counter(tuple(loader.batch(k, {"shaped": 1.0}).latents.shape) for k in range(60))
    assert set(seen) == {(2, 48, 3, 2, 3), (2, 48, 3, 2, 4)}
    assert min(seen.values()) > 15
    assert len(cache.split(1, 1)[0].shapes) == 2
    assert cache.manifest != LatentCache.open(tmp_path).manifest
