"""A run that stops, is killed or meets bad gradients ends as if nothing had happened."""

import json
from dataclasses import replace

import pytest
import torch

from kinora.errors import BadInputFile, InvalidRequest
from kinora.models.dit import DiTConfig
from kinora.train.config import Budget, Phase
from kinora.train.loop import FlowRun, train_flow
from kinora.train.optim import OptimConfig
from kinora.train.report import METRICS_FILE
from kinora.train.spikes import SpikeConfig, Verdict
from kinora.train.state import STATE_FILE, load_state

CLOCK = {"minutes", "tokens_per_second"}


def rows(out, kind="train"):
    """What a run said at each step, without what the clock says."""
    told = [json.loads(line) for line in (out / METRICS_FILE).read_text().splitlines()]
    told = [row for row in told if row["kind"] == kind]
    assert len({row["step"] for row in told}) == len(told)
    return {row["step"]: {k: v for k, v in row.items() if k not in CLOCK} for row in told}


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class KilledError(Exception):
    """Stands for a kill: nothing is saved on the way out."""


class After:
    """Answers no for a number of steps, then yes, or raises."""

    def __init__(self, steps, error=None):
        self.left, self.error = steps, error

    def __call__(self):
        self.left -= 1
        if self.left < 0 and self.error:
            raise self.error
        return self.left < 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("at", [1, 5, 8])
def test_a_stopped_run_goes_on_to_the_bit(config, cache, tmp_path, dtype, at):
    config = replace(config, dtype=dtype)
    whole = train_flow(config, cache, tmp_path / "whole")
    stopped = train_flow(config, cache, tmp_path / "parts", stop=After(at))
    assert stopped.step == at
    assert rows(tmp_path / "parts", "held_out") == {}, "a stopped run leaves at once"
    resumed = train_flow(config, cache, tmp_path / "parts")
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")
    assert rows(tmp_path / "parts", "held_out") == rows(tmp_path / "whole", "held_out")
    assert equal(resumed.model, whole.model)
    assert equal(resumed.ema, whole.ema)


def test_a_killed_run_goes_on_from_its_last_checkpoint(config, cache, tmp_path):
    train_flow(config, cache, tmp_path / "whole")
    often = replace(config, cadence=replace(config.cadence, checkpoint=1e-9))
    with pytest.raises(KilledError):
        train_flow(often, cache, tmp_path / "parts", stop=After(7, KilledError()))
    assert load_state(tmp_path / "parts").step == 7
    train_flow(config, cache, tmp_path / "parts")
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")


def test_figures_after_the_checkpoint_are_forgotten(config, cache, tmp_path):
    train_flow(config, cache, tmp_path, stop=After(4))
    with pytest.raises(KilledError):
        train_flow(config, cache, tmp_path, stop=After(5, KilledError()))
    assert max(rows(tmp_path)) == 9
    with (tmp_path / METRICS_FILE).open("a") as file:
        file.write('{"kind": "train", "st')  # cut short by the kill
    train_flow(config, cache, tmp_path)
    steps = [json.loads(line)["step"] for line in (tmp_path / METRICS_FILE).read_text().splitlines()]
    assert steps == sorted(steps)
    assert set(rows(tmp_path)) == set(range(1, 13))


def test_a_finished_run_does_not_go_on(config, cache, tmp_path):
    first = train_flow(config, cache, tmp_path)
    again = train_flow(config, cache, tmp_path)
    assert again.step == first.step == 12
    assert equal(first.model, again.model)


def test_a_run_learns(config, cache, tmp_path):
    config = replace(config, budget=Budget(steps=60), ema=0.9)
    train_flow(config, cache, tmp_path)
    told = rows(tmp_path, "held_out")[60]["loss"]
    assert told["still"] < 1.2, "untrained: 2 = E|noise - clean|^2 of clean latents near 1"
    assert told["full"] < 1.2
    assert set(told) == {f"{b}@{s}" for b in ("still", "full") for s in config.held_out.sigmas} | {"still", "full"}


def test_phases_follow_the_budget(config, cache, tmp_path):
    config = replace(config, phases=(Phase(share=0.5, mixture={"still": 1}), Phase(share=0.5, mixture={"full": 1})))
    state = train_flow(config, cache, tmp_path)
    losses = [set(row["loss"]) for _, row in sorted(rows(tmp_path).items())]
    assert losses == [{"still"}] * 6 + [{"still", "full"}] * 6
    assert state.samples == 6 * 10 + 6 * 2  # 40 tokens of 4 and of 20


def test_a_budget_of_minutes_ends(config, cache, tmp_path):
    state = train_flow(replace(config, budget=Budget(minutes=0.02)), cache, tmp_path)
    assert 0.02 <= state.minutes < 0.5
    assert state.step > 1


def test_another_model_is_not_continued(config, cache, tmp_path):
    train_flow(config, cache, tmp_path, stop=After(1))
    other = replace(config, model=DiTConfig(dim=64, heads=2, layers=1, ffn_dim=64, freq_dim=32))
    with pytest.raises(InvalidRequest, match="another --out"):
        train_flow(other, cache, tmp_path)


def test_a_torn_checkpoint_is_the_users_error(config, cache, tmp_path):
    train_flow(config, cache, tmp_path, stop=After(1))
    whole = (tmp_path / STATE_FILE).read_bytes()
    (tmp_path / STATE_FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInputFile, match="not a whole checkpoint"):
        train_flow(config, cache, tmp_path)


def test_given_weights_are_where_a_run_begins(config, cache):
    weights = {name: tensor + 0.25 for name, tensor in FlowRun(config, cache).state().model.items()}
    run = FlowRun(replace(config, dtype="bfloat16"), cache)
    run.start_from(weights)
    assert equal(run.state().model, weights)
    assert equal(run.state().ema, weights)
    published = dict(run.model.named_parameters())
    assert all(torch.equal(published[name], tensor.bfloat16()) for name, tensor in weights.items())


def test_bad_gradients_are_skipped_and_then_undone(config, cache):
    config = replace(config, spikes=SpikeConfig(patience=2, warmup=2), snapshot_steps=3, optim=OptimConfig())
    run = FlowRun(config, cache)
    for step in range(4):
        run.advance(run.batch(step), 0.3)
    good = {name: tensor.clone() for name, tensor in run.state().model.items()}
    bad = replace(run.batch(4), latents=run.batch(4).latents * torch.nan)
    run.advance(bad, 0.3)
    assert equal(run.state().model, good), "one bad step is left out"
    run.advance(bad, 0.3)
    assert run.meter.rolled_back == 1
    assert not equal(run.state().model, good), "a second one takes the run back to the snapshot after step 3"
    replay = FlowRun(config, cache)
    for step in range(3):
        replay.advance(replay.batch(step), 0.3)
    assert equal(run.state().model, replay.state().model)
    run.advance(run.batch(6), 0.3)
    assert run.spikes.judge(1e9) is Verdict.SKIP
    assert all(torch.isfinite(tensor).all() for tensor in run.state().model.values())
