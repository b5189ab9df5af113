import itertools

import pytest
import torch

from kinora.errors import InvalidRequest
from kinora.flow.conditions import FirstFrame, Keyframes, LastFrame, NoiseStart, Prefix, Suffix, apply, hold
from kinora.flow.state import LatentState

SHAPE = (2, 6, 3, 4)


def frames(n, value):
    return torch.full((1, 2, n, 3, 4), float(value))


@pytest.fixture
def state():
    return LatentState.noise([0, 1], SHAPE)


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        (FirstFrame(frames(1, 3)), [0]),
        (LastFrame(frames(1, 3)), [5]),
        (Keyframes({2: frames(1, 3), -2: frames(1, 3)}), [2, 4]),
        (Prefix(frames(3, 3)), [0, 1, 2]),
        (Suffix(frames(2, 3)), [4, 5]),
    ],
)
def test_each_condition_holds_its_frames(state, condition, held):
    after = condition.apply(state)
    assert (after.mask[:, 0, :, 0, 0] == 0).nonzero().tolist() == [[b, t] for b in (0, 1) for t in held]
    assert (after.clean[:, :, held] == 3).all()
    assert torch.equal(after.latent, state.latent)
    assert (state.mask == 1).all()  # the state before is untouched


def test_conditions_combine_in_any_order(state):
    conditions = [
        FirstFrame(frames(1, 1)),
        Keyframes({2: frames(1, 2)}),
        Suffix(frames(2, 3)),
        NoiseStart(frames(6, 4), 0.7),
    ]
    expected = apply(state, conditions)
    for order in itertools.permutations(conditions):
        result = apply(state, order)
        assert result.start == 0.7
        for name in ("latent", "clean", "mask"):
            assert torch.equal(getattr(result, name), getattr(expected, name))


def test_contradictions_are_refused_and_agreement_is_not(state):
    once = Prefix(frames(3, 1)).apply(state)
    assert torch.equal(FirstFrame(frames(1, 1)).apply(once).mask, once.mask)
    with pytest.raises(InvalidRequest, match="latent frame 2: two conditions give it different content"):
        Keyframes({2: frames(1, 5)}).apply(once)


def test_noise_start_mixes_the_clip_with_the_states_own_noise(state):
    after = NoiseStart(frames(6, 4), 0.25).apply(state)
    torch.testing.assert_close(after.latent, 0.75 * frames(6, 4) + 0.25 * state.latent)
    assert (after.mask == 1).all()


def test_noise_start_is_refused_twice_or_out_of_range(state):
    with pytest.raises(InvalidRequest, match="above 0"):
        NoiseStart(frames(6, 4), 0.0).apply(state)
    with pytest.raises(InvalidRequest, match="can start from one"):
        apply(state, [NoiseStart(frames(6, 4), 0.5), NoiseStart(frames(6, 4), 0.5)])
    with pytest.raises(InvalidRequest, match="6 latent frames"):
        NoiseStart(frames(5, 4), 0.5).apply(state)


@pytest.mark.parametrize("at", [5, -1, -7, 6])
def test_frames_beyond_the_video_are_refused(state, at):
    with pytest.raises(InvalidRequest, match="the video has 6 latent frames"):
        hold(state, frames(2, 0), at=at)


def test_another_size_is_refused(state):
    with pytest.raises(InvalidRequest, match="like the video"):
        FirstFrame(torch.zeros(1, 2, 1, 3, 5)).apply(state)


def test_one_sample_serves_the_batch_and_each_may_have_its_own(state):
    own = torch.randn(2, 2, 1, 3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(FirstFrame(own).apply(state).clean[:, :, :1], own)
    with pytest.raises(InvalidRequest, match="like the video"):
        FirstFrame(own.repeat(2, 1, 1, 1, 1)).apply(state)
