"""Bare bodies, found by NudeNet's detector (an extra: `pip install 'kinora[nudenet]'`).

Its package holds the weights (a YOLOv8n of 12 MB), so it works offline. Mind its licence: the package's metadata say
MIT, the licence file in it is the AGPL-3.0, and so is that of the library its weights were trained with. We take it for
AGPL-3.0; Kinora neither contains nor requires it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.safety.frames_findings import Finding, Showing
from kinora.safety.reviewers import need

Frames = npt.NDArray[np.uint8]

LABELS = {
    "FEMALE_GENITALIA_EXPOSED": "sexual",
    "MALE_GENITALIA_EXPOSED": "sexual",
    "FEMALE_BREAST_EXPOSED": "sexual",
    "BUTTOCKS_EXPOSED": "sexual",
    "ANUS_EXPOSED": "sexual",
}
"""What counts, and as what. Faces, feet, arms, bellies and what is covered are no matter of a review."""

BATCH = 8


class NudeNetReviewer:
    """Reports the most certain detection of each category in each frame."""

    name = "nudenet"

    def __init__(self, *, labels: Mapping[str, str] = LABELS) -> None:
        self._labels = labels
        self._detector = need("nudenet", extra="nudenet", reason="the reviewer nudenet").NudeDetector()

    def begin(self, clip: Showing) -> Any:  # noqa: ARG002 - frames are judged one by one
        """Start on a clip."""
        return self._look

    def _look(self, frames: Frames) -> Sequence[Finding]:
        pictures = [np.ascontiguousarray(frame[..., ::-1]) for frame in frames]  # the detector takes OpenCV's BGR
        found = []
        for index, detections in enumerate(self._detector.detect_batch(pictures, batch_size=BATCH)):
            scores: dict[str, tuple[float, str]] = {}
            for one in detections:
                if (category := self._labels.get(one["class"])) is not None:
                    scores[category] = max(scores.get(category, (0.0, "")), (float(one["score"]), one["class"]))
            for category, (score, label) in scores.items():
                shown = label.replace("_", " ").lower()
                found.append(Finding(index, category, score, f"nudenet sees {shown} ({score:.2f})"))
        return found
