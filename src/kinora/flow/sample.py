"""A state, a velocity and a solver become a clean latent."""

from collections.abc import Iterator
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from kinora.flow.schedule import from_sigma
from kinora.flow.solvers import Solver, Step, Velocity, unipc
from kinora.flow.state import LatentState


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
