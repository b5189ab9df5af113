import pytest
import torch

from kinora.flow.conditions import FirstFrame, NoiseStart, Prefix, apply
from kinora.flow.path import on_latent
from kinora.flow.sample import solve
from kinora.flow.schedule import shifted
from kinora.flow.solvers import dpmpp, euler, heun, last, unipc
from kinora.flow.state import LatentState

SHAPE = (2, 5, 3, 4)
SOLVERS = [euler, heun, dpmpp, unipc]
SIGMAS = shifted(8, 3.0)


def spread(x, sigma):
    """Exact velocity for clean ~ N(0, 1/4) at each part's own sigma, coupled across frames so that context matters."""
    s = on_latent(sigma)
    return (s - (1 - s) / 4) / ((1 - s) ** 2 / 4 + s**2) * x - 0.3 * x.mean(dim=2, keepdim=True)


@pytest.fixture
def state():
    return LatentState.noise([0, 1], SHAPE)


@pytest.mark.parametrize("solver", SOLVERS)
def test_without_conditions_it_is_the_plain_solver(state, solver):
    plain = list(solver(lambda x, s: spread(x, s.expand(2)), state.latent, SIGMAS))
    for step, expected in zip(solve(spread, state, SIGMAS, solver), plain, strict=True):
        torch.testing.assert_close(step.x, expected.x)
        assert (step.index, step.total, step.sigma) == (expected.index, expected.total, expected.sigma)


@pytest.mark.parametrize("solver", SOLVERS)
def test_held_frames_are_exactly_clean_in_every_step_and_call(state, solver):
    image = torch.randn(1, 2, 1, 3, 4, generator=torch.Generator().manual_seed(5))
    seen = []

    def velocity(x, sigma):
        seen.append((x[:, :, :1].clone(), sigma))
        return spread(x, sigma)

    for step in solve(velocity, FirstFrame(image).apply(state), SIGMAS, solver):
        assert torch.equal(step.x[:, :, :1], image.expand(2, -1, -1, -1, -1))
    for x, sigma in seen:
        assert torch.equal(x, image.expand(2, -1, -1, -1, -1))
        assert (sigma[:, 0] == 0).all()
        assert (sigma[:, 1:] == sigma[0, 1]).all()
        assert sigma[0, 1] > 0


def test_what_is_held_changes_what_is_made(state):
    a, b = (last(solve(spread, Prefix(torch.full((1, 2, 2, 3, 4), v)).apply(state), SIGMAS)).x for v in (0.0, 1.0))
    assert (a[:, :, 2:] - b[:, :, 2:]).abs().min() > 0.01


@pytest.mark.parametrize("solver", SOLVERS)
def test_half_masked_tokens_travel_their_own_shorter_path(solver):
    """A token with mask m must end where an unmasked solve from sigma m ends."""

    def gaussian(x, sigma):
        s = on_latent(sigma)
        return (s - (1 - s) / 4) / ((1 - s) ** 2 / 4 + s**2) * x

    free = LatentState.noise([3], SHAPE)
    guess = torch.full_like(free.latent, 0.4)
    half = LatentState(free.latent, guess, torch.full_like(free.mask, 0.5))
    fine = shifted(200, 1.0, "linear")
    expected = last(solve(gaussian, NoiseStart(guess, 0.5).apply(free), fine, solver)).x
    torch.testing.assert_close(last(solve(gaussian, half, fine, solver)).x, expected, atol=0.01, rtol=0)


def test_a_noise_start_takes_the_rest_of_the_grid(state):
    clip = torch.zeros(1, *SHAPE)
    steps = list(solve(spread, NoiseStart(clip, 0.5).apply(state), shifted(10, 1.0, "linear")))
    assert len(steps) == 5
    assert steps[0].sigma == pytest.approx(0.4)


def test_little_noise_returns_the_clip(state):
    """With velocities that point at one target, the result is the target; from little noise it stays near the clip."""
    clip = torch.full((1, *SHAPE), 0.8)

    def still(x, sigma):
        return torch.zeros_like(x)

    near = last(solve(still, NoiseStart(clip, 0.05).apply(state), SIGMAS)).x
    far = last(solve(still, NoiseStart(clip, 0.9).apply(state), SIGMAS)).x
    assert (near - clip).abs().mean() < 0.1 < (far - clip).abs().mean()


def test_a_sample_does_not_depend_on_its_batch(state):
    conditions = [FirstFrame(torch.ones(1, 2, 1, 3, 4))]
    both = last(solve(spread, apply(state, conditions), SIGMAS)).x
    alone = last(solve(spread, apply(LatentState.noise([1], SHAPE), conditions), SIGMAS)).x
    torch.testing.assert_close(both[1:], alone)
