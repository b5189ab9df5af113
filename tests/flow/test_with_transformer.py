"""The mathematics meets a real transformer: tiny, random, and never told what flow expects of it."""

import pytest
import torch

from kinora.flow.conditions import FirstFrame, LastFrame, apply
from kinora.flow.guidance import guided
from kinora.flow.rollout import CachedStream, GuidedStream, rollout
from kinora.flow.sample import solve
from kinora.flow.schedule import ForcingConfig, partition, sample_sigmas, shifted
from kinora.flow.solvers import euler, last
from kinora.flow.state import LatentState
from kinora.flow.windows import Reach
from kinora.models.dit import DiT, DiTConfig

C, H, W = 4, 3, 4
SIGMAS = shifted(3, 3.0)


def random_dit(layers):
    torch.manual_seed(0)
    model = DiT(
        DiTConfig(dim=24, heads=2, layers=layers, ffn_dim=32, in_channels=C, out_channels=C, text_dim=8, freq_dim=16)
    )
    with torch.no_grad():
        for parameter in model.parameters():  # a fresh head is zero, and a zero velocity proves nothing
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def dit():
    return random_dit(layers=2)


def text(seed):
    return torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(seed))


TEXT, OTHER, EMPTY = text(1), text(2), text(3)


def noise(frames):
    return LatentState.noise([0, 1], (C, frames, H, W))


def rolled(dit, states, prompts=lambda block: TEXT, window=9, **options):
    stream = CachedStream(dit, dit.cache(window=window))
    return list(rollout(stream, states, SIGMAS, prompts=prompts, seeds=[0, 1], **options))


def test_a_rollout_of_one_block_equals_the_ordinary_solver(dit):
    state = noise(4)
    (block,) = rolled(dit, [state])
    torch.testing.assert_close(block, last(solve(lambda x, s: dit(x, s, TEXT), state, SIGMAS)).x)


def test_a_rollout_sees_what_block_causal_training_saw(dit):
    """Solving block 2 beside a clean block 1 in one causal pass, as in training, ends where the cached rollout ends."""
    state = noise(5)
    first, second = rolled(dit, state.split((2, 3)), context_sigma=0.0, solver=euler)
    whole = LatentState(state.latent, torch.cat([first, second], dim=2), state.mask.clone())
    whole.mask[:, :, :2] = 0
    x = last(solve(lambda x, s: dit(x, s, TEXT, blocks=(2, 3)), whole, SIGMAS, euler)).x
    torch.testing.assert_close(x[:, :, 2:], second, atol=1e-4, rtol=1e-4)


def test_the_past_and_the_prompt_reach_later_blocks_only(dit):
    switched = rolled(dit, noise(4).split((2, 2)), prompts=lambda block: (TEXT, OTHER)[block])
    plain = rolled(dit, noise(4).split((2, 2)))
    torch.testing.assert_close(switched[0], plain[0])
    assert (switched[1] - plain[1]).abs().max() > 1e-3
    held = apply(noise(4), [FirstFrame(torch.ones(1, C, 1, H, W))])
    assert (rolled(dit, held.split((2, 2)))[1] - plain[1]).abs().max() > 1e-3


def test_a_rollout_outlasts_its_window(dit):
    cache = dit.cache(window=4, sink=1)
    made = list(
        rollout(CachedStream(dit, cache), noise(10).split((1, 3, 3, 3)), SIGMAS, prompts=lambda b: TEXT, seeds=[0, 1])
    )
    assert sum(block.shape[2] for block in made) == 10
    assert all(block.isfinite().all() for block in made)
    assert cache.frames <= 4


class Recomputed:
    """The slow, obvious stream: it keeps latents and sends all of them through the transformer at every step."""

    def __init__(self, dit, reach):
        self.dit, self.reach = dit, reach
        self.forget()

    def forget(self):
        self.pieces, self.sigmas = [], []

    def remember(self, x, sigma, text):
        self.pieces.append(x)
        self.sigmas.append(sigma)

    def velocity(self, x, sigma, text):
        if not self.pieces:
            return self.dit(x, sigma, text)
        past, levels = torch.cat(self.pieces, dim=2), torch.cat(self.sigmas, dim=1)
        blocks = [piece.shape[2] for piece in self.pieces]
        room = self.reach.window - x.shape[2]
        if past.shape[2] > room:  # what has left the window is gone; with one layer nothing depends on it
            assert len(self.dit.blocks) == 1
            seen = [*range(self.reach.sink), *range(past.shape[2] - room + self.reach.sink, past.shape[2])]
            past, levels, blocks = past[:, :, seen], levels[:, seen], [len(seen)]
        whole = torch.cat((past, x), dim=2), torch.cat((levels, sigma), dim=1), text
        return self.dit(*whole, blocks=(*blocks, x.shape[2]))[:, :, past.shape[2] :]


@pytest.mark.parametrize(
    ("layers", "sizes", "switch"),
    [
        (2, (5, 2), None),  # everything within the window
        (1, (7, 2, 2, 2, 1), None),  # far beyond it
        (2, (7, 2), 1),  # another prompt: all that is in sight is read anew
        (1, (3, 2, 2, 2, 2), 3),
    ],
)
def test_a_cache_gives_what_recomputing_without_one_gives(layers, sizes, switch):
    dit, reach = random_dit(layers), Reach(window=7, block=2, sink=1)

    def made(stream):
        options = {"prompts": lambda block: OTHER if switch and block >= switch else TEXT, "seeds": [0, 1]}
        return torch.cat(list(rollout(stream, noise(sum(sizes)).split(sizes), SIGMAS, reach=reach, **options)), dim=2)

    cached = made(CachedStream(dit, dit.cache(window=reach.window, sink=reach.sink)))
    torch.testing.assert_close(cached, made(Recomputed(dit, reach)), atol=2e-4, rtol=1e-4)


def test_batched_guidance_equals_sequential(dit):
    state = apply(noise(3), [FirstFrame(torch.ones(1, C, 1, H, W)), LastFrame(torch.zeros(1, C, 1, H, W))])
    two = last(solve(guided(dit, TEXT, EMPTY, 3.0), state, SIGMAS)).x
    one = last(solve(guided(dit, TEXT, EMPTY, 3.0, join=lambda a, b: torch.cat([a, b])), state, SIGMAS)).x
    torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)


def test_a_guided_rollout_of_one_block_equals_guided_solving(dit):
    stream = GuidedStream(CachedStream(dit, dit.cache(window=4)), CachedStream(dit, dit.cache(window=4)), EMPTY, 3.0)
    (block,) = rollout(stream, [noise(4)], SIGMAS, prompts=lambda b: TEXT, seeds=[0, 1])
    torch.testing.assert_close(block, last(solve(guided(dit, TEXT, EMPTY, 3.0), noise(4), SIGMAS)).x)


@pytest.mark.parametrize("full", [0.0, 1.0])
def test_a_training_draw_goes_into_the_transformer_as_it_is(dit, full):
    generator, blocks = torch.Generator().manual_seed(0), partition(5, 2, first=1)
    draw = sample_sigmas(2, 5, blocks=blocks, shift=2.0, generator=generator, forcing=ForcingConfig(full=full))
    assert draw.blocks == (None if full else (1, 2, 2))
    assert dit(noise(5).latent, draw.sigma, TEXT, blocks=draw.blocks).isfinite().all()
