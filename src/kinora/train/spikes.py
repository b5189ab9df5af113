"""Gradient spikes: recognise a bad step before it is taken, and go back when they keep coming."""

import math
from dataclasses import dataclass
from enum import Enum

__all__ = ["SpikeConfig", "SpikeGuard", "Verdict"]


class Verdict(Enum):
    """What to do with a gradient."""

    TAKE = "take"
    SKIP = "skip"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, kw_only=True)
class SpikeConfig:
    """`limit` is in standard deviations of the gradient norm; `patience` spikes in a row force a roll-back."""

    limit: float = 5.0
    decay: float = 0.98
    warmup: int = 50
    patience: int = 5


class SpikeGuard:
    """An exponential mean and variance of the gradient norm; a norm far above the mean, or not finite, is a spike.

    A skipped norm still moves the mean, clipped to the limit, so a lasting change of level is accepted after a while
    instead of stopping the training for good.
    """

    def __init__(self, config: SpikeConfig) -> None:
        self.config = config
        self.mean = 0.0
        self.variance = 0.0
        self.seen = 0
        self.streak = 0

    def judge(self, norm: float) -> Verdict:
        """Judge one gradient norm, in the order of the steps."""
        ceiling = self.ceiling
        if math.isfinite(norm) and norm <= ceiling:
            self.streak = 0
            self._learn(norm)
            return Verdict.TAKE
        self.streak += 1
        if math.isfinite(norm):
            self._learn(ceiling)
        if self.streak >= self.config.patience:
            self.streak = 0
            return Verdict.ROLL_BACK
        return Verdict.SKIP

    @property
    def ceiling(self) -> float:
        """The largest norm taken now; the standard deviation counts as at least 10 % of the mean."""
        if self.seen < self.config.warmup:
            return math.inf
        return self.mean + self.config.limit * max(math.sqrt(self.variance), 0.1 * self.mean)

    def _learn(self, norm: float) -> None:
        weight = max(1 - self.config.decay, 1 / (self.seen + 1))
        difference = norm - self.mean
        self.mean += weight * difference
        self.variance = (1 - weight) * (self.variance + weight * difference * difference)
        self.seen += 1

    def state_dict(self) -> dict[str, float]:
        """Everything `load_state_dict` needs to go on judging exactly as before."""
        return {"mean": self.mean, "variance": self.variance, "seen": self.seen, "streak": self.streak}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Restore what `state_dict` gave."""
        self.mean, self.variance = float(state["mean"]), float(state["variance"])
        self.seen, self.streak = int(state["seen"]), int(state["streak"])
