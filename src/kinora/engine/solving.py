"""From a film's noise to its clean latents, told step by step and handed on as soon as they can be shown."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.checkpoints.manifest import too_long_at_once
from kinora.checkpoints.store import Model
from kinora.engine.film import Cut, Film
from kinora.engine.marks.marking import marked
from kinora.engine.open.sight import sight_of
from kinora.engine.script import Script
from kinora.flow.conditions import apply
from kinora.flow.reuse import TOLERANCES, Reuse
from kinora.flow.rollout import BlockStep, rollout_steps
from kinora.flow.sample import Solve, solve, solve_along
from kinora.flow.schedule import from_sigma, shifted
from kinora.flow.sliding import slide_steps
from kinora.flow.solvers import Solver, Velocity, dpmpp, euler, heun, renoising, unipc
from kinora.flow.state import LatentState, SeededNoise
from kinora.flow.turning import around, turning
from kinora.flow.windows import Reach, Window, is_stream, plan
from kinora.request import SAMPLERS

SOLVERS: dict[str, Solver] = {"euler": euler, "heun": heun, "unipc": unipc, "dpmpp": dpmpp}

RENOISE = 0x51ED270B
"""Turns a seed into another one, for the noise of samplers that draw more of it on the way."""


def solver_of(name: str, seed: int) -> Solver:
    """The solver that a sampler names; one that draws noise draws it from `seed`."""
    if name != "renoise":
        return SOLVERS[name]
    noise = SeededNoise([seed ^ RENOISE])
    return renoising(lambda x: noise((x.shape[1], x.shape[2], x.shape[3], x.shape[4])).to(x))


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
    noise = marked(noise, model, film.plan.seed)
    state = apply(noise.to(model.device, torch.float32), film.conditions)
    sampler = SAMPLERS[film.plan.sampler]
    sigmas = shifted(film.plan.steps, float(film.plan.shift), sampler.grid)
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
        self._reach = Reach(window=chosen.window, block=chosen.block, sink=chosen.sink, first=chosen.first)
        self._by: Solve = solve if chosen.holds == "tokens" else solve_along
        self.known: list[bool] = (state.mask == 0).flatten(3).all(dim=3)[0, 0].tolist()
        # The words may change in the midst of a window of a turn, which follows those of both sides.
        edges = [edge - cut.start for edge in cut.edges if film.turn is None or edge not in film.turn]
        self.windows: list[Window] = plan(self.known, self._reach, edges=edges, backwards=film.backwards)
        assert not film.ring or len(self.windows) == 1, "a ring longer than a window"
        if chosen.long == "once" and len(self.windows) > 1:
            raise too_long_at_once(model.name, chosen, model.limits.grid, cut.stop - cut.start)
        self._sight = sight_of(model, film, cut)
        if self._sight is not None and self.known[0]:  # channels carry all of it, and so its authors leave it free
            mask = state.mask.clone()
            mask[:, :, :1] = 1
            self.state, self.known[0] = replace(state, mask=mask), False
        self.unsolved = [not all(self.known[frame] for frame in window.made) for window in self.windows]

    def steps(self, sigmas: Tensor) -> Iterator[BlockStep]:
        """The steps of all windows in their order."""
        script, seed = self._script, self._film.plan.seed
        solver = solver_of(SAMPLERS[self._film.plan.sampler].solver, seed)
        if len(self.windows) > 1 and self._model.defaults.long == "causal" and is_stream(self.windows):
            return rollout_steps(
                script.stream(window=self._reach.window, sink=self._reach.sink),
                self.state.split([len(window.made) for window in self.windows]),
                sigmas,
                prompts=lambda block: script.context(self._prompt(block)),
                seeds=[seed],
                context_sigma=float(self._model.defaults.context),
                reach=self._reach,
                solver=solver,
                by=self._by,
            )
        steps = len(from_sigma(sigmas, self.state.start)) - 1
        return slide_steps(
            lambda window: self._reusing(self._velocity(window), steps),
            self.state,
            self.windows,
            sigmas,
            solver,
            self._by,
        )

    def _reusing(self, velocity: Velocity, steps: int) -> Velocity:
        """The velocity itself, or one that leaves out the calls that the plan's cache lets it."""
        plan = self._film.plan
        if plan.cache == "off":
            return velocity
        edges = () if plan.boundary is None else (float(plan.boundary),)
        return Reuse(velocity, steps=steps, tolerance=TOLERANCES[plan.cache], edges=edges)

    def _velocity(self, window: int) -> Velocity:
        film, towards = self._film, partial(self._script.velocity, sight=self._sight)
        if film.ring:
            return around(towards(self._prompt(window)), film.plan.seed)
        seen, fresh = self.windows[window].seen, [made for made in self.windows[window].made if not self.known[made]]
        if film.turn is None or fresh[0] + self.cut.start not in film.turn:
            return towards(self._prompt(window))
        left, right = seen.index(fresh[0]), len(seen) - 1 - seen.index(fresh[-1])
        before, after = (towards(film.prompt_at(at)) for at in (film.turn.start, film.turn.stop - 1))
        if left and right:
            return turning(before, after, left, right)
        return before if left else after

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
