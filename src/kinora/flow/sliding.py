"""Video of any length by full attention over windows, in which what is settled already is held clean.

Every step looks at the whole window again, which costs more than a key-value cache (`kinora.flow.rollout`), and the
context looks back at what is being made, as in training with clean frames anywhere. Windows may come in any order, so a
video can be led up to a given end, or filled in between.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from kinora.flow.rollout import BlockStep
from kinora.flow.sample import Solve, solve
from kinora.flow.solvers import Solver, Step, Velocity, unipc
from kinora.flow.state import LatentState
from kinora.flow.windows import Window


def slide_steps(
    velocity: Callable[[int], Velocity],
    state: LatentState,
    windows: Sequence[Window],
    sigmas: Float[Tensor, " n"],
    solver: Solver = unipc,
    by: Solve = solve,
) -> Iterator[BlockStep]:
    """Solves the windows of a `plan` of `state` one after another, yielding every step.

    `velocity` gives each window's own, which follows its prompt. A step's x are the latent frames the window makes; a
    window of held frames is told without solving. Over one window that sees all it is the ordinary solver. `by` says
    how held frames are held.
    """
    clean, mask = state.clean.clone(), state.mask.clone()
    for index, window in enumerate(windows):
        seen, made = list(window.seen), slice(window.made.start, window.made.stop)
        if bool((mask[:, :, made] == 0).all()):
            yield BlockStep(index, Step(0, 1, 0.0, clean[:, :, made]))
            continue
        part = replace(state, latent=state.latent[:, :, seen], clean=clean[:, :, seen], mask=mask[:, :, seen])
        first = seen.index(window.made.start)
        own = slice(first, first + len(window.made))
        for step in by(velocity(index), part, sigmas, solver):
            yield BlockStep(index, replace(step, x=step.x[:, :, own]))
        clean[:, :, made], mask[:, :, made] = step.x[:, :, own], 0
