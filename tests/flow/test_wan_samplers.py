"""Our grids and solvers beside diffusers' own schedulers, live, and what few-step and one-sigma models need."""

import pytest
import torch

from kinora.flow.conditions import Crossfade, NoiseStart, Prefix, Suffix, apply
from kinora.flow.sample import solve, solve_along
from kinora.flow.schedule import shifted, wan_time
from kinora.flow.solvers import dpmpp, euler, last, renoising, unipc
from kinora.flow.state import LatentState


def toy(seed):
    mixing = torch.randn(4, 4, generator=torch.Generator().manual_seed(seed))
    return lambda z, s: 0.3 * torch.einsum("oc,bcthw->bothw", mixing, torch.tanh(z)) + 0.1 * s * z


def noise(seed, batch=1):
    return torch.randn(batch, 4, 2, 3, 3, generator=torch.Generator().manual_seed(seed))


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # diffusers under numpy 2
@pytest.mark.parametrize(
    ("steps", "shift", "seed"), [(1, 3.0, 0), (2, 5.0, 1), (5, 12.0, 2), (13, 1.0, 3), (50, 16.0, 4)]
)
@pytest.mark.parametrize("name", ["diffusers-unipc", "diffusers-euler"])
def test_diffusers_schedulers_go_the_same_way(name, steps, shift, seed):
    diffusers = pytest.importorskip("diffusers", reason="diffusers is the judge here")
    if name == "diffusers-unipc":
        theirs = diffusers.UniPCMultistepScheduler(
            use_flow_sigmas=True, prediction_type="flow_prediction", flow_shift=shift
        )
    else:
        theirs = diffusers.FlowMatchEulerDiscreteScheduler(shift=shift)
    theirs.set_timesteps(steps)
    sigmas = shifted(steps, shift, name)
    torch.testing.assert_close(sigmas, theirs.sigmas.float(), atol=3e-7, rtol=0)
    told = wan_time(sigmas[:-1]) if name == "diffusers-unipc" else sigmas[:-1]
    torch.testing.assert_close(1000 * told, theirs.timesteps.float(), atol=1e-3, rtol=0)
    velocity, x = toy(seed), noise(seed, batch=2)
    expected = x
    for time, sigma in zip(theirs.timesteps, sigmas, strict=False):
        expected = theirs.step(velocity(expected, sigma), time, expected, return_dict=False)[0]
    solver = unipc if name == "diffusers-unipc" else euler
    torch.testing.assert_close(last(solver(velocity, x, sigmas)).x, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # diffusers under numpy 2
def test_dpm_solver_goes_the_way_of_diffusers_on_wans_grid():
    diffusers = pytest.importorskip("diffusers", reason="diffusers is the judge here")
    theirs = diffusers.DPMSolverMultistepScheduler(
        use_flow_sigmas=True, prediction_type="flow_prediction", flow_shift=3.0, final_sigmas_type="zero"
    )
    theirs.set_timesteps(9)
    velocity, x = toy(7), noise(7)
    expected, sigmas = x, theirs.sigmas.float()
    for time, sigma in zip(theirs.timesteps, sigmas, strict=False):
        expected = theirs.step(velocity(expected, sigma), time, expected, return_dict=False)[0]
    torch.testing.assert_close(last(dpmpp(velocity, x, sigmas)).x, expected, atol=1e-5, rtol=1e-5)


def test_the_grid_of_self_forcing_is_the_even_one_shifted():
    # github.com/guandeh17/Self-Forcing, configs/self_forcing_dmd.yaml: 1000, 750, 500, 250 warped by shift 5
    assert (1000 * shifted(4, 5.0, "linear")).tolist() == pytest.approx([1000, 937.5, 833.3333, 625, 0], abs=1e-3)


def test_renoising_guesses_and_noises_anew():
    drawn, clean = [], torch.full((1, 4, 2, 3, 3), 0.25)

    def draw(x):
        drawn.append(torch.randn(x.shape, generator=torch.Generator().manual_seed(len(drawn))))
        return drawn[-1]

    def velocity(x, sigma):
        return (x - clean) / sigma

    sigmas = shifted(4, 5.0, "linear")
    steps = list(renoising(draw)(velocity, noise(0), sigmas))
    assert len(drawn) == 3
    for step, fresh in zip(steps, drawn, strict=False):
        torch.testing.assert_close(step.x, (1 - step.sigma) * clean + step.sigma * fresh)
    torch.testing.assert_close(steps[-1].x, clean)


def state(shape=(4, 5, 3, 3)):
    return LatentState.noise([3], shape)


def test_what_is_held_goes_down_the_straight_path_and_ends_as_given():
    given = noise(9)
    held = apply(state(), [Prefix(given)])
    seen = []

    def velocity(x, sigma):
        seen.append((x, sigma))
        return toy(1)(x, sigma.view(-1, 1, 1, 1, 1))

    steps = list(solve_along(velocity, held, shifted(6, 3.0)))
    for x, sigma in seen:
        assert sigma.shape == (1,)  # one sigma for the whole clip: all that such a model knows
        torch.testing.assert_close(
            x[:, :, :2], (1 - sigma) * given + sigma * held.latent[:, :, :2], atol=3e-3, rtol=0
        )  # the grid begins at .9999
    assert torch.equal(steps[-1].x[:, :, :2], given)
    assert not torch.equal(steps[-1].x[:, :, 2:], held.latent[:, :, 2:])


def test_without_anything_held_both_ways_are_one():
    def velocity(x, sigma):
        return toy(1)(x, sigma.flatten()[0])

    sigmas = shifted(5, 3.0)
    torch.testing.assert_close(last(solve_along(velocity, state(), sigmas)).x, last(solve(velocity, state(), sigmas)).x)


def test_a_remix_and_its_protected_part_hold_along_the_path():
    clip, mask = noise(4)[:, :, :1].expand(-1, -1, 5, -1, -1), torch.ones(1, 1, 1, 3, 3)
    mask[..., 0] = 0
    varied = apply(state(), [NoiseStart(clip, 0.7, mask)])
    x = last(solve_along(lambda x, sigma: torch.ones_like(x), varied, shifted(8, 3.0))).x
    assert torch.equal(x[..., 0], clip[..., 0])
    assert not torch.allclose(x[..., 1:], clip[..., 1:])


def test_partly_noisy_tokens_leave_the_path_at_their_own_sigma():
    before, after = noise(5), noise(6)
    faded = apply(
        state((4, 4, 3, 3)), [Prefix(before[:, :, :1]), Crossfade(before, after, 1, peak=0.6), Suffix(after[:, :, :1])]
    )
    pushed = last(solve_along(lambda x, sigma: torch.zeros_like(x), faded, shifted(40, 1.0, "linear"))).x
    mixed = (2 * before[:, :, 0] + after[:, :, 0]) / 3  # the first of the two mixed frames
    sigma = faded.mask[0, 0, 1, 0, 0]
    torch.testing.assert_close(pushed[:, :, 1], (1 - sigma) * mixed + sigma * faded.latent[:, :, 1], atol=0.06, rtol=0)
    assert torch.equal(pushed[:, :, 0], before[:, :, 0])
