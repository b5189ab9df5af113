"""A state, a velocity and a solver become a clean latent."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.flow.schedule import from_sigma
from kinora.flow.solvers import Solver, Step, Velocity, unipc
from kinora.flow.state import LatentState


@runtime_checkable
class Solve(Protocol):
    """What `solve` and `solve_along` are: two ways to hold what a state holds."""

    def __call__(
        self, velocity: Velocity, state: LatentState, sigmas: Float[Tensor, " n"], solver: Solver = unipc
    ) -> Iterator[Step]:
        """Generates what the state does not hold, yielding every step."""


def solve(
    velocity: Velocity, state: LatentState, sigmas: Float[Tensor, " n"], solver: Solver = unipc
) -> Iterator[Step]:
    """Generates what the state does not hold, yielding every step; held tokens are exactly clean in each of them.

    `velocity` is called with sigma per latent frame [b t], or per token [b t h w] where the mask cuts through frames.
    A state that starts below the grid's first sigma (see `NoiseStart`) takes only the rest of the grid.
    """

    def masked(x: Tensor, sigma: Tensor) -> Tensor:
        # A token's own noise level is mask * sigma, so along the solver's sigma it moves at mask * velocity.
        return state.mask.to(x.dtype) * velocity(state.pin(x), state.sigma(sigma))

    for step in solver(masked, state.begin(), from_sigma(sigmas, state.start)):
        yield replace(step, x=state.pin(step.x))


def solve_along(
    velocity: Velocity, state: LatentState, sigmas: Float[Tensor, " n"], solver: Solver = unipc
) -> Iterator[Step]:
    """As `solve`, for models that know only one sigma for the whole clip: held tokens are as noisy as all others.

    They go down the straight path from noise to what they hold, beside the tokens that are made (RePaint's
    replacement, arXiv 2201.09865). A token with a mask between 0 and 1 leaves that path at the first step at or below
    its own sigma and is made from there (Differential Diffusion, arXiv 2306.00950). `velocity` gets sigma as [b].
    """
    noise = (state.latent - (1 - state.start) * state.clean) / state.start

    def along(x: Tensor, sigma: Tensor) -> Tensor:
        made = velocity(x, sigma.expand(x.shape[0]))
        return torch.where(state.mask < sigma, noise - state.clean, made)

    for step in solver(along, state.latent, from_sigma(sigmas, state.start)):
        yield replace(step, x=state.pin(step.x) if step.index + 1 == step.total else step.x)
