"""Training the transformer by flow matching on cached latents: the loop, its events, and what survives a stop.

train_flow(config, cache, out)  ->  out/state.pt, out/metrics.jsonl, out/sheets/*.png
"""

import copy
import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import torch
from torch import Tensor

from kinora.data.cache import LatentCache
from kinora.data.loader import Batch, Loader, prefetch
from kinora.errors import InvalidRequest
from kinora.models.dit import DiT, DiTConfig
from kinora.train.compute import prepare
from kinora.train.config import FlowConfig
from kinora.train.ema import Ema
from kinora.train.heldout import HeldOut
from kinora.train.meter import Meter
from kinora.train.motion_head import MotionHead
from kinora.train.objective import flow_loss, generator_for
from kinora.train.optim import HEAD, FlowOptimizer
from kinora.train.parallel import Ranks
from kinora.train.report import Report
from kinora.train.sheet import SheetMaker
from kinora.train.spikes import SpikeGuard, Verdict
from kinora.train.state import STATE_FILE, TrainState, load_state, save_state

__all__ = ["FlowRun", "train_flow"]


def train_flow(
    config: FlowConfig,
    cache: LatentCache,
    out: Path,
    *,
    held_out: LatentCache | None = None,
    init: Mapping[str, Tensor] | None = None,
    sheet: SheetMaker | None = None,
    report: Report | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainState:
    """Train until the budget is spent or `stop` says so; return the last state, which also stands in `out`.

    A checkpoint in `out` is continued. `init`: weights to start from when there is none. `held_out`: samples for the
    held-out loss; without, the end of `cache` is kept for it. Raises InvalidRequest when the checkpoint in `out` is of
    another model, and the errors of the cache and the device.
    """
    if held_out is None:
        cache, held_out = cache.split(config.held_out.images, config.held_out.clips)
    run = FlowRun(config, cache)
    with report or Report(out) as report:
        if (out / STATE_FILE).exists():
            run.restore(load_state(out))
            if run.ranks.first:
                report.rewind(run.step)
        elif init is not None:
            run.start_from(init)
        events = Events(run, out, held_out, sheet, report)
        with closing(prefetch(run.batch, run.step, workers=config.loader.workers)) as batches:
            for batch in batches:
                position = run.ranks.agree(2.0 if stop() else run.position)
                if position >= 1:
                    break
                run.advance(batch, position)
                events.happen()
        events.finish()
    return run.state()


class FlowRun:
    """A run in memory: model, optimizer, average, and how far it is."""

    def __init__(self, config: FlowConfig, cache: LatentCache) -> None:
        self.config = config
        self.ranks = Ranks.join(config.device)
        self.compute = prepare(config)
        self.loader = Loader(cache, config.loader, seed=config.seed)
        self.manifest = cache.manifest
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.model = DiT(config.model)
        weights = {name: param.detach().clone() for name, param in self.model.named_parameters()}
        self.model.to(self.compute.device, self.compute.dtype)
        if config.compile:
            self.compute.compile(self.model)
        self.motion = self._motion_head()
        self.optimizer = FlowOptimizer(self.model, config.optim, self.ranks, self.motion)
        self.optimizer.load_masters(weights)
        self.ema = Ema(self._own_masters(), config.ema)
        self.spikes = SpikeGuard(config.spikes)
        self.step = 0
        self.samples = 0
        self.meter = Meter()
        self._minutes_before = 0.0
        self._began = time.monotonic()
        self._snapshot = self._take_snapshot()

    @property
    def minutes(self) -> float:
        """Wall-clock minutes spent on the run, those before a resume included."""
        return self._minutes_before + (time.monotonic() - self._began) / 60

    @property
    def position(self) -> float:
        """Where in the run, 0 to 1."""
        return self.config.budget.position(self.step, self.minutes)

    def batch(self, step: int) -> Batch:
        """The batch of a step. With a budget of minutes the mixture follows the clock, else the step."""
        batch = self.loader.batch(step, self.config.mixture(self.config.budget.position(step, self.minutes)))
        batch = batch.part(self.ranks.rank, self.ranks.size)
        return batch.pinned() if self.compute.device.type == "cuda" else batch

    def advance(self, batch: Batch, position: float) -> None:
        """One step: forward, backward, and the update, unless the gradient is a spike."""
        generator = generator_for(self.config.seed, self.step, self.ranks.rank, self.compute.device)
        batch = batch.to(self.compute.device, self.compute.dtype)
        loss, motion = flow_loss(self.model, batch, self.config, generator, self.motion)
        total = loss if motion is None else loss + self.config.motion * motion
        total.backward()  # type: ignore[no-untyped-call]  # torch's own annotation is missing
        shared = torch.stack([loss.detach(), loss.detach() if motion is None else motion.detach()])
        norm = self.optimizer.gather(shared)
        loss_value, motion_value, norm_value = torch.cat([shared, norm[None]]).tolist()  # a step's only wait
        verdict = self.spikes.judge(norm_value if math.isfinite(loss_value) else math.nan)
        rate = self.config.rate(position)
        if verdict is Verdict.TAKE:
            self.optimizer.apply(rate)
            self.ema.update(self.optimizer.masters)
            if (self.step + 1) % self.config.snapshot_steps == 0:
                self._snapshot = self._take_snapshot()
        elif verdict is Verdict.ROLL_BACK:
            self._restore_snapshot()
        self.optimizer.zero_grad()
        self.step += 1
        self.samples += len(batch.latents) * self.ranks.size
        self.meter.add(batch.tokens * self.ranks.size, batch.bucket, loss_value, norm_value, rate, verdict)
        if motion is not None:
            self.meter.track("motion", motion_value)

    def state(self) -> TrainState:
        """Everything `restore` needs; its tensors are the run's own, so save it before the next step."""
        return TrainState(
            step=self.step,
            minutes=self.minutes,
            samples=self.samples,
            config=self.config.to_dict(),
            manifest=self.manifest,
            model={name: master.detach() for name, master in self.optimizer.masters.items()},
            ema=self.ema.tensors,
            ema_updates=self.ema.num_updates,
            optimizer=self.optimizer.state_dict(),
            spikes=self.spikes.state_dict(),
            losses=dict(self.meter.losses),
        )

    def restore(self, state: TrainState) -> None:
        """Go on from a state. Raises InvalidRequest when it is of another model."""
        if DiTConfig.from_dict(state.config["model"]) != self.config.model:
            raise InvalidRequest(
                f"recipe {self.config.name}",
                rule=f"the checkpoint is of {state.config['name']}, a model of other sizes",
                remedy="use its recipe, or another --out",
            )
        self.optimizer.load_masters(state.model)
        self.optimizer.load_state_dict(state.optimizer)
        self.ema.load(state.ema, state.ema_updates)
        self.spikes.load_state_dict(dict(state.spikes))
        self.meter.losses.update(state.losses)
        self.step, self.samples = state.step, state.samples
        self._minutes_before, self._began = state.minutes, time.monotonic()
        self._snapshot = self._take_snapshot()

    def start_from(self, weights: Mapping[str, Tensor]) -> None:
        """Begin with given weights instead of random ones; optimizer and average start anew."""
        self.optimizer.load_masters(weights)
        self.ema = Ema(self._own_masters(), self.config.ema)
        self._snapshot = self._take_snapshot()

    def _motion_head(self) -> MotionHead | None:
        if not self.config.motion:
            return None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            return MotionHead(self.model).to(self.compute.device, self.compute.dtype)

    def _own_masters(self) -> dict[str, Tensor]:
        """The transformer's masters, without a head's: what is averaged and shipped."""
        return {name: master for name, master in self.optimizer.masters.items() if not name.startswith(HEAD)}

    def _take_snapshot(self) -> TrainState:
        return copy.deepcopy(self.state())

    def _restore_snapshot(self) -> None:
        good = copy.deepcopy(self._snapshot)
        self.optimizer.load_masters(good.model)
        self.optimizer.load_state_dict(good.optimizer)
        self.ema.load(good.ema, good.ema_updates)


class Events:
    """What happens beside the steps, each at its own pace: metrics, held-out losses, sheets, checkpoints."""

    def __init__(
        self, run: FlowRun, out: Path, held_out: LatentCache, sheet: SheetMaker | None, report: Report
    ) -> None:
        self.run, self.out, self.report, self.sheet = run, out, report, sheet
        config = run.config
        self.held_out = HeldOut(held_out, config.held_out, config.loader, run.compute)
        cadence = config.cadence
        self._events: dict[str, tuple[float, Callable[[], None]]] = {
            "metrics": (cadence.metrics, self._metrics),
            "held_out": (cadence.held_out, self._held_out),
            "sheet": (cadence.sheet, self._sheet),
            "checkpoint": (cadence.checkpoint, self._checkpoint),
        }
        self._last = dict.fromkeys(self._events, run.minutes)

    def happen(self) -> None:
        """Do what is due; the first process does it for all."""
        if not self.run.ranks.first:
            return
        for name, (every, act) in self._events.items():
            if self.run.minutes - self._last[name] >= every:
                act()
                self._last[name] = self.run.minutes

    def finish(self) -> None:
        """Do everything at the end of the run; a run stopped before saves what it needs to go on, and no more."""
        if not self.run.ranks.first:
            return
        for name, (_, act) in self._events.items():
            if self.run.position >= 1 or name in ("metrics", "checkpoint"):
                act()

    def _metrics(self) -> None:
        if not self.run.meter.norms:
            return  # no step since the last row
        self._row("train", **self.run.meter.read(), position=self.run.position, samples=self.run.samples)

    def _held_out(self) -> None:
        with self.run.ema.applied(self.run.model) as model:
            self._row("held_out", loss=self.held_out.losses(model, self._learnt()))

    def _sheet(self) -> None:
        if self.sheet is None:
            return
        clips = self.run.loader.cache.clips
        frames = clips[0].shard.shape[2] if len(clips) and "full" in self._learnt() else 1
        with self.run.ema.applied(self.run.model) as model:
            self.sheet.draw(model, frames, self.run.compute, self.out / "sheets" / f"{self.run.step:07d}.png")

    def _checkpoint(self) -> None:
        save_state(self.out, self.run.state())

    def _learnt(self) -> set[str]:
        """Stills, and clips once the mixture has any."""
        mixture = self.run.config.mixture(self.run.position)
        return {"still", "full"} if any(weight for name, weight in mixture.items() if name != "still") else {"still"}

    def _row(self, kind: str, **values: object) -> None:
        self.report.row(kind, step=self.run.step, minutes=round(self.run.minutes, 3), **values)
