"""Steps that are not computed: where the velocity hardly changes, the next one is told from the last ones.

    velocity = Reuse(velocity, steps=50, tolerance=TOLERANCES["safe"])   # use it in a solver; `velocity.reused` counts

After EasyCache (arXiv 2507.02860), which needs no calibration for a model: how much the velocity changed for a change
of x, when both were last computed, says how far it will have moved by now; what that adds up to since the last computed
step is kept below `tolerance`. Where a step is left out, the velocity is carried on along its last change (TaylorSeer,
arXiv 2503.06923, first order), which halves the error of repeating it. Not exact: docs/models.md has what it costs.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from kinora.flow.solvers import Velocity

TOLERANCES = {"safe": 0.08, "fast": 0.2}
"""As shares of the velocity's size, by the names of `request.CACHES`."""

IN_A_ROW = 3
"""Steps left out one after another at most."""


class Reuse:
    """A velocity that skips some calls of another one; for one solving from beginning to end.

    `edges` are sigmas at which another model takes over: the first step below one is computed.
    """

    def __init__(self, velocity: Velocity, *, steps: int, tolerance: float, edges: Sequence[float] = ()) -> None:
        self._velocity, self._steps, self._tolerance, self._edges = velocity, steps, tolerance, tuple(edges)
        self._warm = max(3, steps // 5)  # where the composition is decided, and nothing is known of the changes
        self._called = self._in_a_row = 0
        self._computed: list[tuple[float, Tensor, Tensor]] = []  # sigma, x and velocity of the last two
        self._moved = 0.0
        self._last_x: Tensor | None = None
        self.reused = 0

    def __call__(self, x: Float[Tensor, "b c t h w"], sigma: Tensor) -> Float[Tensor, "b c t h w"]:
        """The velocity at x, computed or told from before."""
        at = sigma.max().item()
        index, self._called = self._called, self._called + 1
        if self._computed and any(at < edge <= self._computed[-1][0] for edge in self._edges):
            self._computed.clear()
        if self._warm <= index < self._steps - 1 and len(self._computed) == 2 and self._in_a_row < IN_A_ROW:
            self._moved += self._change(x)
            if self._moved < self._tolerance:
                self._last_x = x
                self._in_a_row += 1
                self.reused += 1
                return self._carried(at)
        v = self._velocity(x, sigma)
        self._computed = [*self._computed[-1:], (at, x, v)]
        self._moved, self._in_a_row, self._last_x = 0.0, 0, x
        return v

    def _change(self, x: Tensor) -> float:
        """How far the velocity will have moved since the step before, as a share of its size."""
        (_, x0, v0), (_, x1, v1) = self._computed
        rate = (v1 - v0).abs().mean() / (x1 - x0).abs().mean().clamp_min(1e-12)
        assert self._last_x is not None
        return float(rate * (x - self._last_x).abs().mean() / v1.abs().mean().clamp_min(1e-12))

    def _carried(self, at: float) -> Tensor:
        (s0, _, v0), (s1, _, v1) = self._computed
        return v1 + (v1 - v0) * ((at - s1) / (s1 - s0))
