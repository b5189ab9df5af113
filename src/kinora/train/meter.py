"""Figures of a run between two rows of metrics."""

import math
import time
from dataclasses import dataclass, field

from kinora.train.spikes import Verdict

__all__ = ["Meter"]


@dataclass
class Meter:
    """Figures between two rows of metrics; `losses` are running means per bucket and live through a resume."""

    losses: dict[str, float] = field(default_factory=dict)
    norms: list[float] = field(default_factory=list)
    tokens: int = 0
    rate: float = 0.0
    skipped: int = 0
    rolled_back: int = 0
    began: float = field(default_factory=time.monotonic)

    def add(self, tokens: int, bucket: str, loss: float, norm: float, rate: float, verdict: Verdict) -> None:
        """Count one step."""
        self.track(bucket, loss)
        self.norms.append(norm)
        self.tokens += tokens
        self.rate = rate
        self.skipped += verdict is not Verdict.TAKE
        self.rolled_back += verdict is Verdict.ROLL_BACK

    def track(self, name: str, loss: float) -> None:
        """Move a running mean; losses that are no numbers are the spike guard's business."""
        if math.isfinite(loss):
            before = self.losses.get(name, loss)
            self.losses[name] = before + 0.05 * (loss - before)

    def read(self) -> dict[str, object]:
        """The figures since the last reading, whose clock this starts anew."""
        now = time.monotonic()
        row: dict[str, object] = {
            "loss": dict(self.losses),
            "grad_norm": sum(self.norms) / max(1, len(self.norms)),
            "rate": self.rate,
            "tokens_per_second": self.tokens / max(1e-9, now - self.began),
            "skipped": self.skipped,
            "rolled_back": self.rolled_back,
        }
        self.norms, self.tokens, self.skipped, self.rolled_back, self.began = [], 0, 0, 0, now
        return row
