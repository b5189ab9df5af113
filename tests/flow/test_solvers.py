import math
from pathlib import Path

import pytest
import torch

from kinora.flow.schedule import shifted
from kinora.flow.solvers import dpmpp, euler, heun, last, unipc

FIXTURES = Path(__file__).parents[3] / "shared/fixtures/wan/schedulers.safetensors"
MEAN, SPREAD = 0.7, 0.5


def gaussian_velocity(x, sigma):
    """E[noise - clean | x] when clean ~ N(MEAN, SPREAD^2): the exact velocity of a model that has learnt everything."""
    variance = (1 - sigma) ** 2 * SPREAD**2 + sigma**2
    return (sigma - (1 - sigma) * SPREAD**2) / variance * (x - (1 - sigma) * MEAN) - MEAN


def gaussian_flow(x, start, end):
    """Where the exact flow takes x: it keeps the standardised position."""

    def std(sigma):
        return math.sqrt((1 - sigma) ** 2 * SPREAD**2 + sigma**2)

    return (1 - end) * MEAN + (x - (1 - start) * MEAN) * std(end) / std(start)


@pytest.fixture
def noise():
    return torch.randn(1, 2, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("solver", "order"), [(euler, 1), (heun, 2), (dpmpp, 2), (unipc, 2)])
def test_order_of_convergence(noise, solver, order):
    start, end = 0.9, 0.2

    def error(steps):
        sigmas = torch.linspace(start, end, steps + 1, dtype=torch.float64)
        return (last(solver(gaussian_velocity, noise, sigmas)).x - gaussian_flow(noise, start, end)).abs().max().item()

    measured = math.log2(error(128) / error(256))
    assert measured > order - 0.15
    assert measured < order + 1.2


@pytest.mark.parametrize("solver", [euler, heun, dpmpp, unipc])
def test_noise_becomes_the_data_distribution(noise, solver):
    sigmas = shifted(50, 2.0, "linear").double()
    torch.testing.assert_close(
        last(solver(gaussian_velocity, noise, sigmas)).x, MEAN + SPREAD * noise, atol=0.08, rtol=0
    )


def test_higher_orders_are_worth_it_at_few_steps(noise):
    sigmas, exact = shifted(10, 2.0, "wan").double(), MEAN + SPREAD * noise
    by = {s: (last(s(gaussian_velocity, noise, sigmas)).x - exact).abs().max() for s in (euler, dpmpp, unipc)}
    assert by[unipc] < by[dpmpp] < by[euler]


@pytest.mark.parametrize("solver", [euler, heun, dpmpp, unipc])
def test_straight_paths_need_one_step(noise, solver):
    clean = torch.full_like(noise, 0.3)

    def velocity(x, sigma):
        return (x - clean) / sigma

    for steps in (1, 4):
        torch.testing.assert_close(last(solver(velocity, noise, shifted(steps, 3.0, "linear").double())).x, clean)


@pytest.mark.parametrize(("solver", "calls"), [(euler, 5), (heun, 9), (dpmpp, 5), (unipc, 5)])
def test_steps_tell_where_the_solver_stands(noise, solver, calls):
    sigmas, seen = shifted(5, 3.0), []

    def velocity(x, sigma):
        seen.append(sigma.item())
        return torch.zeros_like(x)

    steps = list(solver(velocity, noise.float(), sigmas))
    assert [s.index for s in steps] == [0, 1, 2, 3, 4]
    assert {s.total for s in steps} == {5}
    assert [s.sigma for s in steps] == sigmas[1:].tolist()
    assert len(seen) == calls
    assert min(seen) > 0


@pytest.mark.parametrize("solver", [euler, heun, dpmpp, unipc])
def test_closing_a_solver_stops_the_velocity(noise, solver):
    calls = []

    def velocity(x, sigma):
        calls.append(sigma)
        return torch.zeros_like(x)

    steps = solver(velocity, noise, shifted(10))
    next(steps)
    done = len(calls)
    steps.close()
    assert len(calls) == done <= 2


def test_low_precision_stays_low(noise):
    x = last(unipc(gaussian_velocity, noise.bfloat16(), shifted(4))).x
    assert x.dtype == torch.bfloat16


@pytest.mark.parametrize("grid", [[0.0, 1.0], [1.2, 0.0], [0.5, 0.5, 0.0], [0.5, -0.1]])
def test_a_grid_that_does_not_fall_is_refused(noise, grid):
    with pytest.raises(ValueError, match="must fall strictly"):
        last(euler(gaussian_velocity, noise, torch.tensor(grid)))


def test_a_grid_without_an_interval_is_refused(noise):
    with pytest.raises(ValueError, match="at least two sigmas"):
        last(unipc(gaussian_velocity, noise, torch.tensor([1.0])))


@pytest.mark.skipif(not FIXTURES.exists(), reason="the shared Wan fixtures are not beside this checkout")
@pytest.mark.parametrize(("steps", "shift"), [(50, 5), (40, 12), (8, 3), (4, 8)])
@pytest.mark.parametrize(
    ("name", "kind", "solver"),
    [
        ("wan_unipc", "wan", unipc),
        ("wan_dpmpp", "wan-dpm++", dpmpp),
        ("diffusers_unipc", "diffusers-unipc", unipc),
        ("diffusers_euler", "diffusers-euler", euler),
    ],
)
def test_trajectories_end_where_the_originals_do(name, kind, solver, steps, shift):
    from safetensors.torch import load_file

    fixtures = load_file(FIXTURES)

    def velocity(z, sigma):
        return 0.3 * torch.einsum("oc,bcthw->bothw", fixtures["W"], torch.tanh(z)) + 0.1 * sigma * z

    x = last(solver(velocity, fixtures["x0"], shifted(steps, float(shift), kind))).x
    torch.testing.assert_close(x, fixtures[f"{name}.s{steps}.shift{shift}.x"], atol=1e-5, rtol=0)
