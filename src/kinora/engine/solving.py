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
from kinora.flow.sample import solve
from kinora.flow.schedule import from_sigma, shifted
from kinora.flow.solvers import Solver, dpmpp, euler, heun, unipc
from kinora.flow.state import LatentState

SOLVERS: dict[str, Solver] = {"euler": euler, "heun": heun, "unipc": unipc, "dpmpp": dpmpp}


@dataclass(frozen=True)
class Solved:
    """Step `done` of `total`; `latents`, where there are any, are final and follow those told before, in shot `cut`."""

    done: int
    total: int
    cut: Cut
    latents: Float[Tensor, "1 c t h w"] | None = None


def solve_film(model: Model, film: Film, script: Script) -> Iterator[Solved]:
    """Solve `film`, a step at a time. Raises InvalidRequest where its conditions don't fit it or one another."""
    rows, columns = (side // step for side, step in zip(film.plan.size, model.limits.grid.stride[1:], strict=True))
    noise = LatentState.noise([film.plan.seed], (model.vae.channels, film.latents, rows, columns))
    state = apply(noise.to(model.device, torch.float32), film.conditions)
    sigmas = shifted(film.plan.steps, float(model.defaults.shift))
    cuts = list(film.cuts())
    steps = len(from_sigma(sigmas, state.start)) - 1
    total = steps * len(cuts)
    for cut, part in zip(cuts, state.split([cut.stop - cut.start for cut in cuts]), strict=True):
        velocity = script.velocity(film.prompt_at(cut.start))
        for step in solve(velocity, part, sigmas, SOLVERS[model.defaults.solver]):
            finished = step.index + 1 == step.total
            yield Solved(cut.index * steps + step.index + 1, total, cut, step.x if finished else None)
