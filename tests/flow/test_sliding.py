import itertools

import pytest
import torch

from kinora.flow.conditions import Keyframes, NoiseStart, Prefix, Suffix, apply
from kinora.flow.path import on_latent
from kinora.flow.sample import solve
from kinora.flow.schedule import shifted
from kinora.flow.sliding import slide_steps
from kinora.flow.solvers import last
from kinora.flow.state import LatentState
from kinora.flow.windows import Reach, plan

C, H, W = 2, 3, 4
SIGMAS = shifted(6, 3.0, "linear")
REACH = Reach(window=5, block=2, sink=1)


def ramp(x, sigma):
    """Exact velocity of a process that rises by 1 a frame and passes through the held frames seen; 0 without any."""
    held = [frame for frame in range(x.shape[2]) if sigma[0, frame] == 0]
    at = torch.arange(x.shape[2], dtype=x.dtype)
    offset = torch.stack([x[:, :, frame] - frame for frame in held]).mean(dim=0)[:, :, None] if held else 0.0
    return (x - (at[:, None, None] + offset)) / on_latent(sigma).clamp(min=1e-6)


def slid(state, velocity=ramp, backwards=False):
    known = (state.mask == 0).flatten(3).all(dim=3)[0, 0].tolist()
    windows = plan(known, REACH, backwards=backwards)
    made = state.clean.clone()
    for told in slide_steps(lambda window: velocity, state, windows, SIGMAS):
        if told.finished:
            made[:, :, list(windows[told.block].made)] = told.step.x
    return made


def noise(frames):
    return LatentState.noise([0], (C, frames, H, W))


def values(latent):
    return [round(value, 3) for value in latent.mean(dim=(0, 1, 3, 4)).tolist()]


def constant(value, frames):
    return torch.full((1, C, frames, H, W), float(value))


def test_one_window_is_the_ordinary_solver():
    state = Prefix(constant(3, 2)).apply(noise(5))
    assert torch.equal(slid(state), last(solve(ramp, state, SIGMAS)).x)


def test_each_window_goes_on_from_what_is_settled_and_held_frames_stay():
    latents = {0: constant(10, 1)}
    made = slid(Keyframes(latents).apply(noise(5 + 2)))
    assert values(made)[:5] == [10, 11, 12, 13, 14]
    # In sight of the second window at 0, 1, 2 are frames 0, 3 and 4: it continues their mean.
    offset = (10 - 0 + 13 - 1 + 14 - 2) / 3
    assert values(made)[5:] == pytest.approx([3 + offset, 4 + offset], abs=2e-3)


def test_backwards_each_window_leads_up_to_what_is_settled():
    made = slid(Suffix(constant(10, 1)).apply(noise(9)))
    assert values(made)[-4:] == [7, 8, 9, 10]
    assert values(made)[0] < values(made)[4] < values(made)[8]


def test_both_ends_are_kept_and_the_middle_sees_both():
    ends = [Prefix(constant(0, 2)), Suffix(constant(100, 2))]
    made = slid(apply(noise(12), ends))
    assert values(made)[:2] == [0, 0]
    assert values(made)[-2:] == [100, 100]
    assert 20 < values(made)[6] < 80


def test_a_variation_starts_in_every_window_from_the_old_video():
    seen = []

    def watched(x, sigma):
        seen.append(sigma.max().item())
        return ramp(x, sigma)

    slid(NoiseStart(constant(5, 9), 0.5).apply(noise(9)), watched)
    assert max(seen) == 0.5


def test_steps_are_told_one_by_one_and_can_be_cancelled():
    windows = plan([False] * 9, REACH)
    steps = slide_steps(lambda window: ramp, noise(9), windows, SIGMAS)
    told = [(one.block, one.step.index, one.step.x.shape[2], one.finished) for one in itertools.islice(steps, 8)]
    assert told == [(0, i, 5, i == 5) for i in range(6)] + [(1, 0, 2, False), (1, 1, 2, False)]
    steps.close()


def test_each_window_has_the_velocity_of_its_prompt():
    asked = []
    windows = plan([False] * 9, REACH)
    list(slide_steps(lambda window: asked.append(window) or ramp, noise(9), windows, SIGMAS))
    assert asked == [0, 1, 2]
