import pytest
import torch

from kinora.flow.guidance import guided


class Counting:
    """A velocity that is its text plus its input, and counts calls and rows."""

    def __init__(self):
        self.calls, self.rows = 0, 0

    def __call__(self, x, sigma, text):
        self.calls, self.rows = self.calls + 1, self.rows + len(x)
        level = sigma.reshape(-1, *[1] * 4) if sigma.ndim == 1 else sigma
        return x + text.reshape(-1, 1, 1, 1, 1) * (1 + level)


X = torch.randn(2, 2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
TEXT, NEGATIVE = torch.tensor([3.0, 5.0]), torch.tensor([1.0, 2.0])
SIGMA = torch.tensor([0.5, 0.25])


def stack(a, b):
    return torch.cat([a, b])


def test_the_formula():
    v = guided(Counting(), TEXT, NEGATIVE, 4.0)(X, SIGMA)
    cond, uncond = Counting()(X, SIGMA, TEXT), Counting()(X, SIGMA, NEGATIVE)
    torch.testing.assert_close(v, uncond + 4 * (cond - uncond))


@pytest.mark.parametrize("sigma", [SIGMA, torch.tensor(0.5)])
def test_batched_equals_sequential(sigma):
    one, two = Counting(), Counting()
    batched = guided(one, TEXT, NEGATIVE, 3.0, join=stack)(X, sigma)
    torch.testing.assert_close(batched, guided(two, TEXT, NEGATIVE, 3.0)(X, sigma))
    assert (one.calls, one.rows) == (1, 4)
    assert (two.calls, two.rows) == (2, 4)


@pytest.mark.parametrize("join", [None, stack])
def test_scale_one_is_one_plain_call(join):
    velocity = Counting()
    torch.testing.assert_close(guided(velocity, TEXT, join=join)(X, SIGMA), Counting()(X, SIGMA, TEXT))
    assert (velocity.calls, velocity.rows) == (1, 2)


@pytest.mark.parametrize(("level", "calls"), [(0.1, 1), (0.2, 2), (0.5, 2), (0.8, 2), (0.9, 1)])
def test_guidance_acts_within_its_interval(level, calls):
    velocity = Counting()
    guided(velocity, TEXT, NEGATIVE, 3.0, interval=(0.2, 0.8))(X, torch.tensor(level))
    assert velocity.calls == calls


def test_held_frames_do_not_hide_the_noise_level():
    sigma = torch.tensor([0.0, 0.5])  # the first sample is wholly held
    velocity = Counting()
    guided(velocity, TEXT, NEGATIVE, 3.0, interval=(0.2, 0.8))(X, sigma)
    assert velocity.calls == 2


def test_guidance_without_a_negative_is_refused():
    with pytest.raises(ValueError, match="needs a negative text"):
        guided(Counting(), TEXT, scale=3.0)
