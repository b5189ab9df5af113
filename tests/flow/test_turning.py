import pytest
import torch

from kinora.flow.conditions import Prefix, Suffix, apply
from kinora.flow.path import on_latent
from kinora.flow.sample import solve
from kinora.flow.schedule import shifted
from kinora.flow.solvers import last
from kinora.flow.state import LatentState
from kinora.flow.turning import around, turning

SIGMAS = shifted(6, 2.0, "linear")
SHAPE = (2, 8, 3, 3)


def towards(value):
    """Exact velocity of a process whose frames are all `value`."""
    return lambda x, sigma: (x - value) / on_latent(sigma).clamp(min=1e-6)


def test_each_side_is_asked_about_what_it_sees_and_nothing_else():
    seen = []

    def asked(x, sigma):
        seen.append((x[0, 0, :, 0, 0].tolist(), sigma[0].tolist()))
        return torch.zeros_like(x)

    x = torch.arange(8.0).view(1, 1, 8, 1, 1).expand(1, *SHAPE)
    sigma = torch.tensor([[0, 0, 0.5, 0.5, 0.5, 0.5, 0, 0]])
    turning(asked, asked, 2, 2)(x, sigma)
    assert seen == [([0, 1, 2, 3, 4, 5], [0, 0, 0.5, 0.5, 0.5, 0.5]), ([2, 3, 4, 5, 6, 7], [0.5, 0.5, 0.5, 0.5, 0, 0])]
    tokens = sigma[:, :, None, None].expand(1, 8, 3, 3)
    assert turning(towards(0.0), towards(0.0), 2, 2)(x, tokens).shape == x.shape


@pytest.mark.parametrize("sigma", [torch.full((1,), 0.7), torch.full((1, 8), 0.7)])
def test_the_velocity_goes_over_evenly_from_one_side_to_the_other(sigma):
    mixed = turning(lambda x, _: torch.zeros_like(x), lambda x, _: torch.ones_like(x), 2, 1)(
        torch.zeros(1, *SHAPE), sigma
    )
    shares = mixed[0, 0, 2:7, 0, 0]
    assert (shares.diff() > 0).all()
    assert torch.allclose(shares + shares.flip(0), torch.ones(5))
    assert 0 < shares[0] < 0.1
    assert (mixed[:, :, [0, 1, 7]] == 0).all()


def test_what_lies_between_two_scenes_is_solved_step_by_step():
    """The first frame is near the scene before, the last one near the scene after, and none jumps over the middle."""
    left, right = torch.full((1, 2, 2, 3, 3), -1.0), torch.full((1, 2, 2, 3, 3), 1.0)
    state = apply(LatentState.noise([0], SHAPE), [Prefix(left), Suffix(right)])
    made = last(solve(turning(towards(-1.0), towards(1.0), 2, 2), state, SIGMAS)).x[0, 0, :, 0, 0]
    assert made.diff().min() > -1e-4
    assert made.diff().max() < 0.8
    assert made[2] < -0.75
    assert made[5] > 0.75


def test_a_ring_is_opened_anywhere_and_put_back_in_order():
    views = []

    def marked(x, sigma):
        views.append(x[0, 0, :, 0, 0].int().tolist())
        return x + on_latent(sigma)

    x = torch.arange(8.0).view(1, 1, 8, 1, 1).expand(1, *SHAPE)
    ring = around(marked, seed=3)
    for _ in range(40):
        assert torch.equal(ring(x, torch.full((1, 8), 0.5)), x + 0.5)
    assert {view[1] for view in views} == set(range(8))  # every edge is the opening at some time
    for view in views:
        assert view == [(view[1] + index) % 8 for index in range(-1, 8)]
    again = around(marked, seed=3)
    for view in views[:40]:
        again(x, torch.full((1,), 0.5))
        assert views[-1] == view


def test_no_edge_of_a_ring_is_wider_than_the_others():
    """A process that draws each frame like its left neighbour: opened in one place only, the ring would jump there."""

    def chained(x, sigma):
        clean = torch.cat((x[:, :, :1], x[:, :, :-1]), dim=2)
        return (x - clean) / on_latent(sigma).clamp(min=1e-6)

    def widest(velocity):
        made = last(solve(velocity, LatentState.noise([1], (1, 8, 4, 4)), shifted(24, 2.0, "linear"))).x
        steps = (made - made.roll(1, dims=2)).abs().mean(dim=(0, 1, 3, 4))
        return steps[0] / steps[1:].max()

    assert widest(around(chained, 0)) < 1.5
