"""The engine: a shot goes in, events come out.

    engine = Engine(load_model("kinora-small"), default_guard())
    for event in engine.generate(Shot("a red ball bounces in a meadow")): ...

Nothing about a request is kept on the engine, so several generations may take turns on one; weights are its only state.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from kinora.checkpoints.store import Model
from kinora.clip import Clip
from kinora.engine.events import Done, Event, Frames, Progress, Refused
from kinora.engine.memory import peak_memory
from kinora.errors import KinoraError
from kinora.flow.guidance import guided
from kinora.flow.sample import solve
from kinora.flow.schedule import shifted
from kinora.flow.solvers import Solver, Step, Velocity, dpmpp, euler, heun, unipc
from kinora.flow.state import LatentState
from kinora.models.dit import TextContext
from kinora.request import Plan, Shot
from kinora.safety import FrameBook, Guard

SOLVERS: dict[str, Solver] = {"euler": euler, "heun": heun, "unipc": unipc, "dpmpp": dpmpp}

DECODE_LATENTS = 2
"""Latent frames decoded at once: 8 frames, so that memory stays that of one second."""

Item = TypeVar("Item")


@dataclass
class Timings:
    """Seconds spent in each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Add the time the block takes to `stage`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


class Engine:
    """Films shots with one model under one guard."""

    def __init__(self, model: Model, guard: Guard) -> None:
        if not isinstance(guard, Guard):
            raise TypeError(f"{guard!r} is no guard: an engine needs one that can screen prompts and review frames")
        self.model = model
        self.guard = guard

    def generate(self, shot: Shot) -> Iterator[Event]:
        """Check `shot` at once, then film it as the caller iterates; closing the iterator cancels.

        The same shot with the same seed, on the same version, gives the same frames. Raises InvalidRequest, before
        anything is computed, if this model can't make the shot.
        """
        plan = self.model.limits.plan(shot)
        verdict = self.guard.screen(plan.prompt)
        if not verdict.allowed:
            return iter([Refused(verdict)])
        return self._film(plan)

    def _film(self, plan: Plan) -> Iterator[Event]:
        timings, book = Timings(), FrameBook()
        with timings.of("read"):
            velocity = self._velocity(plan)
        yield Progress("read", 1, 1)
        for step in _paced(self._denoise(plan, velocity), "denoise", timings):
            yield Progress("denoise", step.index + 1, step.total)
        total, frames = plan.frames, []
        for chunk in _paced(self._decode(step.x, total), "decode", timings):
            verdict = self.guard.review(chunk, book)
            if not verdict.allowed:
                yield Refused(verdict)
                return
            frames.append(chunk)
            yield Frames(book.reviewed - len(chunk), chunk)
            yield Progress("decode", book.reviewed, total)
        yield Done(self._clip(plan, np.concatenate(frames), book, timings))

    @torch.inference_mode()
    def _velocity(self, plan: Plan) -> Velocity:
        """Read the prompt and return the guided velocity towards it.

        Raises InvalidRequest if the prompt has more wordpieces than the text encoder reads.
        """
        model = self.model
        read = model.text.encode([plan.prompt, plan.negative])
        # Embedded once for all steps, and padded alike, so that one call can serve prompt and negative together.
        states = read.states.to(model.dtype)
        both = model.dit.text_context(states, read.mask)
        prompt = model.dit.text_context(states[:1], read.mask[:1])
        negative = model.dit.text_context(states[1:], read.mask[1:])

        @torch.inference_mode()
        def velocity(x: Tensor, sigma: Tensor, text: TextContext) -> Tensor:
            # The solver stays in float32 whatever the model computes in: it takes differences of near numbers.
            return model.dit(x.to(model.dtype), sigma, text).float()

        return guided(velocity, prompt, negative, float(plan.guidance), join=lambda _first, _second: both)

    def _denoise(self, plan: Plan, velocity: Velocity) -> Iterator[Step]:
        """From seeded noise to the clean latent, step by step."""
        model = self.model
        grid = model.limits.grid
        shape = grid.latent_shape(grid.frames_for(plan.seconds, plan.fps), *plan.size)
        state = LatentState.noise([plan.seed], (model.vae.channels, *shape)).to(model.device, torch.float32)
        sigmas = shifted(plan.steps, float(model.defaults.shift))
        return solve(velocity, state, sigmas, SOLVERS[model.defaults.solver])

    def _decode(self, latent: Float[Tensor, "1 c t h w"], count: int) -> Iterator[npt.NDArray[np.uint8]]:
        """The clip's `count` frames in chunks; what the 4n+1 rule made beyond them is dropped.

        Raises KinoraError when the numbers have run away.
        """
        stream = self.model.vae.stream()
        for chunk in torch.split(latent.to(self.model.dtype), DECODE_LATENTS, dim=2):
            pixels = stream(chunk)[0]
            if not torch.isfinite(pixels).all():
                remedy = "lower the guidance, or check the weights with `kinora doctor`"
                raise KinoraError(f"{self.model.name}", rule="its frames are not numbers any more", remedy=remedy)
            levels = ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            yield levels[:, :count].permute(1, 2, 3, 0).contiguous().cpu().numpy()
            count -= min(count, levels.shape[1])
            if count == 0:
                return

    def _clip(self, plan: Plan, frames: npt.NDArray[np.uint8], book: FrameBook, timings: Timings) -> Clip:
        assert book.reviewed == len(frames), f"{book.reviewed} frames reviewed, {len(frames)} delivered"
        info = {
            "frames_reviewed": book.reviewed,
            "warnings": book.warnings,
            "timings": {stage: round(seconds, 3) for stage, seconds in timings.seconds.items()},
            "peak_memory": peak_memory(),
        }
        return Clip(
            frames=frames,
            fps=plan.fps,
            prompt=plan.prompt,
            negative=plan.negative,
            seed=plan.seed,
            model=self.model.name,
            version=self.model.version,
            steps=plan.steps,
            guidance=plan.guidance,
            info=info,
        )


def _paced(items: Iterable[Item], stage: str, timings: Timings) -> Iterator[Item]:
    """Pass items on, charging to `stage` the time they take to come (and not what is done with them)."""
    iterator = iter(items)
    while True:
        with timings.of(stage):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item
