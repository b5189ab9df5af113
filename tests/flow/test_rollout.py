import itertools

import pytest
import torch

from kinora.flow.conditions import FirstFrame, Prefix
from kinora.flow.path import on_latent
from kinora.flow.rollout import CachedStream, GuidedStream, rollout, rollout_steps
from kinora.flow.sample import solve
from kinora.flow.schedule import shifted
from kinora.flow.solvers import euler, last
from kinora.flow.state import LatentState, SeededNoise
from kinora.flow.windows import Reach

C, H, W = 2, 3, 4
SIGMAS = shifted(6, 3.0, "linear")


class ListCache:
    """Remembers blocks of one batch, at most `window` of them, the way a key-value cache does."""

    def __init__(self, window=1000):
        self.blocks, self.sigmas, self.fresh, self.window = [], [], None, window

    def append(self):
        self.blocks.append(self.fresh[0])
        self.sigmas.append(self.fresh[1])
        del self.blocks[: -self.window], self.sigmas[: -self.window]

    def clear(self):
        self.blocks, self.sigmas = [], []


def walk(x, sigma, text, *, cache):
    """Exact velocity of a process in which each block is the last remembered frame plus `text`, with no spread."""
    cache.fresh = (x, sigma)
    before = cache.blocks[-1][:, :, -1:] if cache.blocks else torch.zeros_like(x[:, :, :1])
    return (x - (before + text)) / on_latent(sigma).clamp(min=1e-6)


def roll(states, cache=None, **options):
    options = {"prompts": lambda block: 1.0, "seeds": [0], "context_sigma": 0.0, **options}
    cache = ListCache() if cache is None else cache
    return list(rollout(CachedStream(walk, cache), states, SIGMAS, **options))


def noise(frames, seed=0):
    return LatentState.noise([seed], (C, frames, H, W))


def test_each_block_builds_on_the_clean_one_before():
    made = roll(noise(7).split((1, 3, 3)))
    assert [b.shape[2] for b in made] == [1, 3, 3]
    for n, block in enumerate(made):
        torch.testing.assert_close(block, torch.full_like(block, n + 1.0))


def test_prompts_switch_at_block_edges():
    made = roll(noise(4).split((1, 1, 1, 1)), prompts=lambda block: 1.0 if block < 2 else -5.0)
    assert [round(b.mean().item(), 4) for b in made] == [1.0, 2.0, -3.0, -8.0]


def test_the_context_is_remembered_with_the_prompt_it_was_made_with():
    texts = []

    def model(x, sigma, text, *, cache):
        if sigma.max() == 0:
            texts.append(text)
        return walk(x, sigma, text, cache=cache)

    stream = CachedStream(model, ListCache())
    list(rollout(stream, noise(3).split((1, 1, 1)), SIGMAS, prompts=float, seeds=[0], context_sigma=0.0))
    assert texts == [0.0, 1.0]  # and the last block, which nothing follows, costs no pass


def remembered(prompts, sizes, reach):
    """What a model is given to remember: (frames, text) in order, with "-" where it forgot."""
    told = []

    def model(x, sigma, text, *, cache):
        if sigma.max() == 0:
            told.append((x.shape[2], text, x.mean(dim=(0, 1, 3, 4)).round().int().tolist()))
        return walk(x, sigma, text, cache=cache)

    class Forgetful(ListCache):
        def clear(self):
            told.append("-")
            super().clear()

    stream, frames = CachedStream(model, Forgetful()), sum(sizes)
    options = {"prompts": lambda block: prompts[block], "seeds": [0], "context_sigma": 0.0}
    list(rollout(stream, noise(frames).split(sizes), SIGMAS, reach=reach, **options))
    return told


def test_a_long_first_block_is_remembered_in_the_pieces_of_training():
    told = remembered([1.0] * 3, (9, 4, 4), Reach())
    assert [frames for frames, _, _ in told] == [1, 4, 4, 4]


def test_another_prompt_reads_anew_what_the_next_block_will_see():
    told = remembered([1.0, 1.0, 5.0, 5.0], (9, 4, 2, 2), Reach())
    # Blocks 1 and 2 show 1 and 2. Block 3, two frames long, sees the sink and the latest six: two of block 1, block 2.
    assert told[3] == "-"
    assert told[4:7] == [(1, 5.0, [1]), (4, 5.0, [1, 1, 2, 2]), (2, 5.0, [2, 2])]
    assert told[7:] == [(2, 5.0, [7, 7])]


def test_one_block_is_the_ordinary_solver():
    state = FirstFrame(torch.ones(1, C, 1, H, W)).apply(noise(5))
    (block,) = roll([state])
    expected = last(solve(lambda x, s: walk(x, s, 1.0, cache=ListCache()), state, SIGMAS)).x
    assert torch.equal(block, expected)


def test_held_blocks_are_given_to_the_cache_unsolved():
    state = Prefix(torch.full((1, C, 4, H, W), 10.0)).apply(noise(6))
    calls = []

    def model(x, sigma, text, *, cache):
        calls.append(sigma.max().item())
        return walk(x, sigma, text, cache=cache)

    stream = CachedStream(model, ListCache())
    made = list(rollout(stream, state.split((2, 2, 2)), SIGMAS, prompts=lambda b: 1.0, seeds=[0], context_sigma=0.0))
    assert [round(b.mean().item(), 4) for b in made] == [10.0, 10.0, 11.0]
    assert calls[:2] == [0.0, 0.0]
    assert len(calls) == 2 + 6


def test_a_block_may_be_held_in_part():
    state = FirstFrame(torch.full((1, C, 1, H, W), 10.0)).apply(noise(3))
    first, second = roll(state.split((2, 1)))
    assert (first[:, :, 0] == 10).all()
    torch.testing.assert_close(first[:, :, 1], torch.ones(1, C, H, W))
    torch.testing.assert_close(second, torch.full((1, C, 1, H, W), 2.0))


def test_an_endless_video_keeps_a_bounded_memory():
    draw, cache = SeededNoise([0]), ListCache(window=3)

    def blocks():
        while True:
            latent = draw((C, 2, H, W))
            yield LatentState(latent, torch.zeros_like(latent), torch.ones_like(latent[:, :1]))

    stream = CachedStream(walk, cache)
    made = rollout(stream, blocks(), SIGMAS, prompts=lambda b: 1.0, seeds=[0], solver=euler, context_sigma=0.0)
    for n, block in enumerate(itertools.islice(made, 50)):
        assert round(block.mean().item(), 3) == n + 1
        assert len(cache.blocks) <= 3


def test_context_noise_is_small_seeded_and_not_the_noise_of_the_state():
    caches = [ListCache(), ListCache(), ListCache()]
    for cache, seed in zip(caches, (0, 0, 1), strict=True):
        roll(noise(6).split((3, 3)), cache, seeds=[seed], context_sigma=0.1)
    (a,), (b,), (c,) = (cache.blocks for cache in caches)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert (caches[0].sigmas[0] == 0.1).all()
    drawn = (a - 0.9) / 0.1  # the clean block is 1
    assert abs(drawn.std() - 1) < 0.2
    state = noise(6).latent[:, :, :3]
    assert torch.corrcoef(torch.stack([drawn.flatten(), state.flatten()]))[0, 1].abs() < 0.3


def test_steps_are_told_one_by_one_and_can_be_cancelled():
    stream = CachedStream(walk, ListCache())
    steps = rollout_steps(stream, noise(2).split((1, 1)), SIGMAS, prompts=lambda b: 1.0, seeds=[0])
    told = [(s.block, s.step.index, s.finished) for s in itertools.islice(steps, 8)]
    assert told == [(0, i, i == 5) for i in range(6)] + [(1, 0, False), (1, 1, False)]
    steps.close()


def test_guidance_acts_within_its_interval_of_sigmas():
    def constant(value):
        return lambda x, sigma, text, *, cache: torch.full_like(x, value)

    streams = CachedStream(constant(1.0), ListCache()), CachedStream(constant(0.0), ListCache())
    guided = GuidedStream(*streams, None, 3.0, interval=(0.25, 0.75))
    x = torch.zeros(1, C, 2, H, W)
    told = {sigma: guided.velocity(x, torch.full((1, 2), sigma), None).mean().item() for sigma in (0.2, 0.25, 0.7, 0.8)}
    assert told == {0.2: 1.0, 0.25: 3.0, 0.7: 3.0, 0.8: 1.0}


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_guided_streams_keep_a_memory_for_each_text(scale):
    stream = GuidedStream(CachedStream(walk, ListCache()), CachedStream(walk, ListCache()), -1.0, scale)
    made = list(rollout(stream, noise(2).split((1, 1)), SIGMAS, prompts=lambda b: 1.0, seeds=[0], context_sigma=0.0))
    # Both memories hold the block that was really made, so each block is 'before -1 + scale * 2'.
    step = -1.0 + scale * 2
    torch.testing.assert_close(made[0], torch.full_like(made[0], step))
    torch.testing.assert_close(made[1], torch.full_like(made[1], 2 * step))
