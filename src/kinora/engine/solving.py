"""From a film's noise to its clean latents, told step by step and handed on as soon as they can be shown."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.checkpoints.store import Model
from kinora.engine.film import Cut, Film
from kinora.engine.script import Script
from kinora.flow.conditions import apply
from kinora.flow.rollout import BlockStep, rollout_steps
from kinora.flow.schedule import from_sigma, shifted
from kinora.flow.sliding import slide_steps
from kinora.flow.solvers import Solver, dpmpp, euler, heun, unipc
from kinora.flow.state import LatentState
from kinora.flow.windows import Reach, Window, is_stream, plan

SOLVERS: dict[str, Solver] = {"euler": euler, "heun": heun, "unipc": unipc, "dpmpp": dpmpp}


@dataclass(frozen=True)
class Solved:
    """Step `done` of `total`; `latents`, where there are any, are final and follow those told before, in shot `cut`."""

    done: int
    total: int
    cut: Cut
    latents: Float[Tensor, "1 c t h w"] | None = None


def solve_film(model: Model, film: Film, script: Script) -> Iterator[Solved]:
    """Solve `film`, a step at a time. Raises InvalidRequest where its conditions don't fit it or one another.

    A shot within the model's window is solved at once, a longer one window after window (see `flow.windows`).
    """
    rows, columns = (side // step for side, step in zip(film.plan.size, model.limits.grid.stride[1:], strict=True))
    noise = LatentState.noise([film.plan.seed], (model.vae.channels, film.latents, rows, columns))
    state = apply(noise.to(model.device, torch.float32), film.conditions)
    sigmas = shifted(film.plan.steps, float(model.defaults.shift))
    cuts = list(film.cuts())
    shots = [
        _Shot(model, film, script, cut, part)
        for cut, part in zip(cuts, state.split([cut.stop - cut.start for cut in cuts]), strict=True)
    ]
    total = sum(sum(shot.unsolved) for shot in shots) * (len(from_sigma(sigmas, state.start)) - 1)
    done = 0
    for shot in shots:
        ready = _Ready(shot)
        for told in shot.steps(sigmas):
            done += shot.unsolved[told.block]
            latents = ready.add(shot.windows[told.block].made.start, told.step.x) if told.finished else None
            yield Solved(done, total, shot.cut, latents)


class _Shot:
    """One shot, its windows and how they are solved."""

    def __init__(self, model: Model, film: Film, script: Script, cut: Cut, state: LatentState) -> None:
        self.cut, self.state = cut, state
        self._model, self._film, self._script = model, film, script
        chosen = model.defaults
        self._reach = Reach(window=chosen.window, block=chosen.block, sink=chosen.sink)
        self.known: list[bool] = (state.mask == 0).flatten(3).all(dim=3)[0, 0].tolist()
        edges = [edge - cut.start for edge in cut.edges]
        self.windows: list[Window] = plan(self.known, self._reach, edges=edges, backwards=film.backwards)
        self.unsolved = [not all(self.known[frame] for frame in window.made) for window in self.windows]

    def steps(self, sigmas: Tensor) -> Iterator[BlockStep]:
        """The steps of all windows in their order."""
        script, solver = self._script, SOLVERS[self._model.defaults.solver]
        if len(self.windows) > 1 and self._model.defaults.long == "causal" and is_stream(self.windows):
            return rollout_steps(
                script.stream(window=self._reach.window, sink=self._reach.sink),
                self.state.split([len(window.made) for window in self.windows]),
                sigmas,
                prompts=lambda block: script.context(self._prompt(block)),
                seeds=[self._film.plan.seed],
                reach=self._reach,
                solver=solver,
            )
        return slide_steps(lambda block: script.velocity(self._prompt(block)), self.state, self.windows, sigmas, solver)

    def _prompt(self, window: int) -> str:
        return self._film.prompt_at(self.cut.start + self.windows[window].made[-1])


class _Ready:
    """Latents of a shot in the order of time, in whatever order they are solved."""

    def __init__(self, shot: _Shot) -> None:
        made = {frame for window in shot.windows for frame in window.made}
        given = (frame for frame in range(len(shot.known)) if frame not in made)
        self._waiting = {frame: shot.state.clean[:, :, frame : frame + 1] for frame in given}
        self._front = 0

    def add(self, start: int, latents: Float[Tensor, "1 c n h w"]) -> Float[Tensor, "1 c m h w"] | None:
        """Add latents that begin at frame `start`; returns those that now follow what was returned before."""
        self._waiting[start] = latents
        come = []
        while (part := self._waiting.pop(self._front, None)) is not None:
            come.append(part)
            self._front += part.shape[2]
        return torch.cat(come, dim=2) if come else None
