"""Steps left out: few, early ones never, and close to what they would have been."""

import pytest
import torch

from kinora.flow.reuse import IN_A_ROW, TOLERANCES, Reuse
from kinora.flow.schedule import shifted
from kinora.flow.solvers import last, unipc

MEAN, SPREAD = 0.7, 0.5


def gaussian(x, sigma):
    """The exact velocity where the data are normal: it changes as smoothly as a model's."""
    variance = (1 - sigma) ** 2 * SPREAD**2 + sigma**2
    return (sigma - (1 - sigma) * SPREAD**2) / variance * (x - (1 - sigma) * MEAN) - MEAN


class Counted:
    def __init__(self, velocity=gaussian):
        self.sigmas, self._velocity = [], velocity

    def __call__(self, x, sigma):
        self.sigmas.append(sigma.max().item())
        return self._velocity(x, sigma)


def noise():
    return torch.randn(1, 4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def run(tolerance, steps=40, velocity=gaussian, edges=()):
    counted, grid = Counted(velocity), shifted(steps, 3.0)
    reused = Reuse(counted, steps=steps, tolerance=tolerance, edges=edges)
    return last(unipc(reused, noise(), grid)).x, counted.sigmas, reused.reused


def test_without_tolerance_it_is_the_velocity_to_the_bit():
    x, sigmas, reused = run(0.0)
    assert torch.equal(x, last(unipc(gaussian, noise(), shifted(40, 3.0))).x)
    assert (len(sigmas), reused) == (40, 0)


def test_more_tolerance_leaves_out_more_and_costs_more():
    exact = run(0.0)[0]
    left_out, errors = [], []
    for tolerance in TOLERANCES.values():
        x, sigmas, reused = run(tolerance)
        assert len(sigmas) + reused == 40
        left_out.append(reused)
        errors.append((x - exact).abs().max().item())
    assert 0 < left_out[0] < left_out[1] <= 40 * IN_A_ROW // (IN_A_ROW + 1)
    assert errors[0] < errors[1] < 0.05


def test_the_first_and_the_last_steps_are_computed_and_few_in_a_row_are_not():
    _, sigmas, _ = run(10.0)
    grid = shifted(40, 3.0).tolist()
    computed = [sigma in sigmas for sigma in grid[:-1]]
    assert all(computed[:8])
    assert computed[-1]
    runs = "".join("x" if one else "." for one in computed).split("x")
    assert max(map(len, runs)) == IN_A_ROW


def test_where_another_model_takes_over_nothing_is_told_from_the_one_before():
    def two(x, sigma):
        return gaussian(x, sigma) * (1 if sigma >= 0.5 else -1)

    _, sigmas, _ = run(10.0, velocity=two, edges=(0.5,))
    grid = shifted(40, 3.0).tolist()
    below = [sigma for sigma in grid if sigma < 0.5]
    assert below[:2] == [sigma for sigma in sigmas if sigma < 0.5][:2]  # two are computed before one is told


@pytest.mark.parametrize("batch", [1, 3])
def test_sigma_per_frame_is_borne(batch):
    x = torch.randn(batch, 4, 3, 8, 8)
    reused = Reuse(lambda x, sigma: x, steps=10, tolerance=1.0)
    for at in (0.9, 0.8, 0.7, 0.6):
        assert reused(x * at, torch.full((batch, 3), at)).shape == x.shape
    assert reused.reused == 1
