import itertools

import pytest
import torch

from kinora.errors import InvalidRequest
from kinora.flow.conditions import (
    Crossfade,
    FirstFrame,
    Keyframes,
    LastFrame,
    Loop,
    NoiseStart,
    Prefix,
    Region,
    Suffix,
    apply,
    hold,
)
from kinora.flow.sample import solve
from kinora.flow.schedule import shifted
from kinora.flow.solvers import dpmpp, euler, heun, unipc
from kinora.flow.state import LatentState

SHAPE = (2, 6, 3, 4)


def frames(n, value):
    return torch.full((1, 2, n, 3, 4), float(value))


def free(start, stop):
    """The mask over time that makes latent frames [start, stop) of 6 and holds the others."""
    at = torch.arange(6)
    return ((at >= start) & (at < stop)).float().view(1, 1, -1, 1, 1)


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
        (Loop(frames(2, 3), frames(1, 3)), [0, 1, 5]),
        (Region(frames(6, 3), free(1, 4)), [0, 4, 5]),
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


def corner():
    """A mask that frees one quarter of every frame."""
    mask = torch.zeros(1, 1, 1, 3, 4)
    mask[..., :2, :2] = 1
    return mask


def test_a_region_is_held_outside_its_mask_and_free_inside(state):
    after = Region(frames(6, 3), corner()).apply(state)
    free = corner().expand(2, 1, 6, 3, 4)
    assert torch.equal(after.mask, free)
    assert torch.equal(after.clean, torch.where(free == 1, state.clean, frames(6, 3)))
    begun = after.begin()
    assert torch.equal(begun[:, :, :, :2, :2], state.latent[:, :, :, :2, :2])
    assert (begun[:, :, :, 2:] == 3).all()


def test_regions_that_agree_leave_the_least_noise_and_others_are_refused(state):
    half = torch.full((1, 1, 1, 1, 1), 0.5)
    both = [Region(frames(6, 3), half), Region(frames(6, 3), corner())]
    for order in (both, both[::-1]):
        after = apply(state, order)
        assert (after.mask[:, :, :, :2, :2] == 0.5).all()
        assert (after.mask[:, :, :, 2:] == 0).all()
    with pytest.raises(InvalidRequest, match="latent frame 0: two conditions give it different content"):
        apply(state, [Region(frames(6, 3), corner()), Region(frames(6, 4), corner())])
    apply(state, [Region(frames(6, 3), corner()), Region(frames(6, 4), 1 - corner())])  # they share no token


def test_a_mask_that_does_not_fit_is_refused(state):
    with pytest.raises(InvalidRequest, match="a mask of latent size"):
        Region(frames(6, 3), torch.zeros(1, 1, 5, 3, 4)).apply(state)
    with pytest.raises(InvalidRequest, match="between 0"):
        Region(frames(6, 3), corner() * 2).apply(state)


def test_a_crossfade_goes_from_one_clip_to_the_other_under_noise_that_peaks_midway(state):
    after = Crossfade(frames(3, 0), frames(3, 4), at=2).apply(state)
    assert after.mask[0, 0, :, 0, 0].tolist() == pytest.approx([1, 1, 0.7071, 1, 0.7071, 1], abs=1e-4)
    shallow = Crossfade(frames(3, 0), frames(3, 4), at=2, peak=0.5).apply(state)
    assert shallow.clean[0, 0, :, 0, 0].tolist() == pytest.approx([0, 0, 1, 2, 3, 0])
    assert shallow.mask[0, 0, 3, 0, 0] == 0.5
    torch.testing.assert_close(shallow.begin()[:, :, 3], 1 + 0.5 * state.latent[:, :, 3])
    for peak in (0.0, 1.5):
        with pytest.raises(InvalidRequest, match="peak"):
            Crossfade(frames(3, 0), frames(3, 4), at=2, peak=peak).apply(state)


def test_noise_start_with_a_mask_varies_only_its_part_by_as_much_as_it_says(state):
    mask = corner() * 0.5
    after = NoiseStart(frames(6, 4), 0.8, mask).apply(state)
    begun = after.begin()
    assert (begun[:, :, :, 2:] == 4).all()
    inside = (slice(None), slice(None), slice(None), slice(2), slice(2))
    torch.testing.assert_close(begun[inside], 0.6 * frames(6, 4)[inside] + 0.4 * state.latent[inside])
    torch.testing.assert_close(after.sigma(0.8)[:, :, :2, :2], torch.full((2, 6, 2, 2), 0.4))


@pytest.mark.parametrize("solver", [euler, heun, unipc, dpmpp])
@pytest.mark.parametrize(
    "conditions",
    [
        [Loop(frames(2, 3), frames(2, 3))],
        [Region(frames(6, 3), corner())],
        [Region(frames(6, 3), free(2, 4)), NoiseStart(frames(6, 3), 0.7)],
        [NoiseStart(frames(6, 3), 0.6, corner() * 0.5)],
        [Prefix(frames(1, 3)), Crossfade(frames(3, 3), frames(3, 5), at=1), Suffix(frames(2, 3))],
    ],
)
def test_what_is_held_is_clean_at_every_step_and_seen_as_clean(state, conditions, solver):
    """A velocity that would drag everything away moves no held token, and is told sigma 0 for each."""
    given = apply(state, conditions)
    held = (given.mask == 0).expand_as(given.latent)
    assert held.any()

    def velocity(x, sigma):
        told = sigma if sigma.ndim == 4 else sigma[:, :, None, None]
        assert (told.expand_as(given.mask[:, 0])[given.mask[:, 0] == 0] == 0).all()
        assert (x[held] == 3).all()
        return x + 7

    steps = list(solve(velocity, given, shifted(5, 2.0), solver))
    assert len(steps) >= 3
    for step in steps:
        assert (step.x[held] == 3).all()
        assert (step.x[~held] != given.clean[~held]).any()
