"""From noise to a clean latent: solvers of dx/dsigma = velocity(x, sigma) down a grid of sigmas.

A solver is a generator function `solver(velocity, x, sigmas)` that yields a Step after every move, so whoever runs it
reports progress and cancels by closing it. All of them act on each number of x alone, at the same cost per step:
one call of the velocity (two for `heun`, save at the end).

    x = last(unipc(velocity, noise, shifted(20, shift=5.0))).x
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeAlias, runtime_checkable

from jaxtyping import Float
from torch import Tensor

Velocity: TypeAlias = Callable[[Float[Tensor, "b c t h w"], Tensor], Float[Tensor, "b c t h w"]]
"""(x, sigma) -> velocity. Solvers pass sigma as a tensor without axes, on x's device."""


@dataclass(frozen=True)
class Step:
    """Where a solver stands after step `index` of `total` (0, 1, ...): `x` has noise level `sigma`."""

    index: int
    total: int
    sigma: float
    x: Float[Tensor, "b c t h w"]


@runtime_checkable
class Solver(Protocol):
    """What `euler`, `heun`, `unipc` and `dpmpp` are; write your own and pass it wherever they go."""

    def __call__(
        self, velocity: Velocity, x: Float[Tensor, "b c t h w"], sigmas: Float[Tensor, " n"]
    ) -> Iterator[Step]:
        """Yields a Step for each of the n - 1 intervals of the grid."""


def last(steps: Iterable[Step]) -> Step:
    """Runs a solver to its end."""
    step = None
    for step in steps:  # noqa: B007
        pass
    if step is None:
        raise ValueError("no step was taken: the grid needs at least two sigmas")
    return step


def euler(velocity: Velocity, x: Float[Tensor, "b c t h w"], sigmas: Float[Tensor, " n"]) -> Iterator[Step]:
    """Straight moves; first order. Exact when the paths are straight, as after distillation to few steps."""
    for index, (s, s_next) in enumerate(_intervals(sigmas)):
        x = x + (s_next - s) * velocity(x, sigmas[index].to(x.device))
        yield Step(index, len(sigmas) - 1, s_next, x)


def heun(velocity: Velocity, x: Float[Tensor, "b c t h w"], sigmas: Float[Tensor, " n"]) -> Iterator[Step]:
    """The mean of the velocities at both ends of a move; second order.

    The move to sigma 0 is Euler's, as in EDM (arXiv 2206.00364, algorithm 1): models are not trained at exactly 0.
    """
    for index, (s, s_next) in enumerate(_intervals(sigmas)):
        v = velocity(x, sigmas[index].to(x.device))
        if s_next > 0:
            v = (v + velocity(x + (s_next - s) * v, sigmas[index + 1].to(x.device))) / 2
        x = x + (s_next - s) * v
        yield Step(index, len(sigmas) - 1, s_next, x)


def dpmpp(velocity: Velocity, x: Float[Tensor, "b c t h w"], sigmas: Float[Tensor, " n"]) -> Iterator[Step]:
    """DPM-Solver++(2M) (arXiv 2211.01095): second order from the last two estimates of the clean end."""
    return _multistep(velocity, x, sigmas, correct=False)


def unipc(velocity: Velocity, x: Float[Tensor, "b c t h w"], sigmas: Float[Tensor, " n"]) -> Iterator[Step]:
    """UniPC (arXiv 2302.04867), order 2, B2(h), estimating the clean end: Wan's default, best at 8 steps and more.

    The predictor is `dpmpp`; each new velocity first corrects the move that led to it, at no further call.
    """
    return _multistep(velocity, x, sigmas, correct=True)


def renoising(draw: Callable[[Float[Tensor, "b c t h w"]], Float[Tensor, "b c t h w"]]) -> Solver:
    """For models distilled to a few steps (CausVid, Self-Forcing): guess the clean end, noise it anew, guess again.

    `draw(x)` is fresh noise of the shape of x. Unlike all others this does not follow one path: it samples.
    """

    def renoise(velocity: Velocity, x: Float[Tensor, "b c t h w"], sigmas: Float[Tensor, " n"]) -> Iterator[Step]:
        for index, (s, s_next) in enumerate(_intervals(sigmas)):
            x = x - s * velocity(x, sigmas[index].to(x.device))
            if s_next > 0:
                x = (1 - s_next) * x + s_next * draw(x)
            yield Step(index, len(sigmas) - 1, s_next, x)

    return renoise


def _multistep(
    velocity: Velocity, x: Float[Tensor, "b c t h w"], sigmas: Float[Tensor, " n"], *, correct: bool
) -> Iterator[Step]:
    """Moves towards an estimate of the clean end that is extrapolated in log((1 - sigma) / sigma).

    With the clean end known, x goes from s to s_next as x + w (clean - x), w = 1 - s_next / s. The papers' expm1(-h),
    B(h) and alpha all collapse into that w on this path. What is left of each method is its estimate of `clean`.
    """
    grid: list[float] = sigmas.tolist()
    total = len(grid) - 1
    x_before, estimate_before = x, x  # of the step before; unused in the first
    slope: Float[Tensor, "b c t h w"] | None = None  # of the estimate, over a move as long as the next; None: order 1
    ratio = 1.0  # how much longer, in log-SNR, the move before the last one was
    for index, (s, s_next) in enumerate(_intervals(sigmas)):
        estimate = x - s * velocity(x, sigmas[index].to(x.device))
        if correct and index > 0:
            if slope is None:
                target = (estimate_before + estimate) / 2
            else:
                before, over = _corrector(_logsnr(s) - _logsnr(grid[index - 1]), ratio)
                target = estimate_before + before * slope + over * (estimate - estimate_before)
            x = x_before + (1 - s / grid[index - 1]) * (target - x_before)
        target, slope = estimate, None
        if 0 < index < total - 1:  # the first and the last move have order 1
            ratio = (_logsnr(s) - _logsnr(grid[index - 1])) / (_logsnr(s_next) - _logsnr(s))
            slope = (estimate - estimate_before) / ratio
            target = estimate + slope / 2
        x_before, estimate_before = x, estimate
        x = x + (1 - s_next / s) * (target - x)
        yield Step(index, total, s_next, x)


def _corrector(h: float, ratio: float) -> tuple[float, float]:
    """UniC's weights of (the slope before the move, the change over the move), for a move of h in log-SNR.

    They solve R rho = b of UniPC's section 3.3 with B(h) = expm1(-h) for the nodes (-ratio, 1).
    """
    e = math.expm1(-h)
    first = -e / h - 1
    second = -first / h - 0.5
    b1, b2 = first / e, 2 * second / e
    before = (b1 - b2) / (1 + ratio)
    return before, b1 - before


def _logsnr(sigma: float) -> float:
    """Half the log signal-to-noise ratio: log((1 - sigma) / sigma), infinite at the ends."""
    if sigma in (0.0, 1.0):
        return math.inf if sigma == 0.0 else -math.inf
    return math.log1p(-sigma) - math.log(sigma)


def _intervals(sigmas: Float[Tensor, " n"]) -> list[tuple[float, float]]:
    """Neighbouring sigmas; a grid that does not fall strictly within 1..0 is refused."""
    grid: list[float] = sigmas.tolist()
    pairs = list(pairwise(grid))
    if not all(1 >= s > s_next >= 0 for s, s_next in pairs):
        raise ValueError(f"sigmas {grid}: must fall strictly, from at most 1 to at least 0")
    return pairs
