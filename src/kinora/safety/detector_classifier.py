"""How much a clip looks like the shipped model's: logistic regression on `detector_features`.

`scripts/train_detector.py` fits the dozen weights in detector.json and measures them on clips left out; what it
measured stands in that file. No number adds more than it does to any clip of the model that was fitted: what lies
beyond was seen of nobody. It knows kinora-small alone, and pictures of other models made to look alike would pass.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np

from kinora.safety.detector_features import NAMES, Reals, features
from kinora.safety.watermark_canvas import Frames

LEAST = 0.05
"""No probability goes nearer to 0 or 1: a few hundred clips don't show rarer errors than that."""


def classify(frames: Frames) -> float:
    """The probability that the shipped model made a clip (uint8 T H W 3), if half of all clips were its own."""
    return probability(log_odds(frames))


def log_odds(frames: Frames) -> float:
    """How much a clip (uint8 T H W 3) looks like the shipped model's, without bounds: for comparing clips."""
    mean, scale, weights, most, bias = _fitted()
    return float(np.minimum((features(frames) - mean) / scale * weights, most).sum() + bias)


def probability(score: float) -> float:
    """What log odds say, as far as they can be believed."""
    return float(np.clip(1 / (1 + np.exp(-np.clip(score, -30, 30))), LEAST, 1 - LEAST))


@cache
def _fitted() -> tuple[Reals, Reals, Reals, Reals, float]:
    values = json.loads((files("kinora.safety") / "detector.json").read_text(encoding="utf-8"))
    assert tuple(values["names"]) == NAMES, "detector.json was fitted to other features: run scripts/train_detector.py"
    mean, scale, weights, most = (np.array(values[name]) for name in ("mean", "scale", "weights", "most"))
    return mean, scale, weights, most, float(values["bias"])
