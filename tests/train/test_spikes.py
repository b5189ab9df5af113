"""Ordinary gradients pass, spikes don't, and a new level is accepted in the end."""

import math
import random

import pytest

from kinora.train.spikes import SpikeConfig, SpikeGuard, Verdict


@pytest.fixture
def guard() -> SpikeGuard:
    guard = SpikeGuard(SpikeConfig(warmup=20, patience=3))
    generator = random.Random(0)
    for _ in range(200):
        assert guard.judge(1 + 0.1 * generator.gauss(0, 1)) is Verdict.TAKE
    return guard


def test_it_learns_mean_and_spread(guard):
    assert guard.mean == pytest.approx(1, abs=0.05)
    assert 0.05 < math.sqrt(guard.variance) < 0.15


@pytest.mark.parametrize("norm", [5.0, math.inf, math.nan])
def test_a_spike_is_skipped(guard, norm):
    assert guard.judge(norm) is Verdict.SKIP
    assert guard.judge(1.0) is Verdict.TAKE
    assert math.isfinite(guard.mean)


def test_repeated_spikes_roll_back(guard):
    assert [guard.judge(math.nan) for _ in range(4)] == [
        Verdict.SKIP,
        Verdict.SKIP,
        Verdict.ROLL_BACK,
        Verdict.SKIP,
    ]


def test_good_steps_between_spikes_start_the_count_anew(guard):
    for _ in range(5):
        assert guard.judge(math.inf) is Verdict.SKIP
        assert guard.judge(1.0) is Verdict.TAKE


def test_a_lasting_new_level_is_accepted(guard):
    verdicts = [guard.judge(3.0) for _ in range(200)]
    assert verdicts[-1] is Verdict.TAKE


def test_the_start_is_not_judged_but_for_nonsense():
    guard = SpikeGuard(SpikeConfig(warmup=10))
    assert guard.judge(1.0) is Verdict.TAKE
    assert guard.judge(1000.0) is Verdict.TAKE
    assert guard.judge(math.nan) is Verdict.SKIP


def test_a_restored_guard_judges_alike(guard):
    other = SpikeGuard(guard.config)
    other.load_state_dict(guard.state_dict())
    norms = [1.0, 1.5, 9.0, 0.9, math.nan]
    assert [guard.judge(norm) for norm in norms] == [other.judge(norm) for norm in norms]
    assert guard.state_dict() == other.state_dict()
