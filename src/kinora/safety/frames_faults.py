"""Frames that show nothing: blank, frozen or noise. No danger, but somebody who asked for a film wants to be told.

What was asked for is no fault: a prompt that speaks of darkness, stillness or a snowy screen silences the warning.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from kinora.safety.frames_findings import Finding, Showing

Frames = npt.NDArray[np.uint8]

BLANK, FROZEN, NOISE = "blank", "frozen", "noise"
PLAIN = (BLANK, FROZEN, NOISE)

DARK, LIGHT = 6, 249
"""A frame whose brightest value is at most DARK (of 255), or whose darkest is at least LIGHT, is blank."""

STILL = 2
"""A frame none of whose values differs by more than this from the last frame's stands still."""

ROUGH = 0.7
"""Difference of neighbouring pixels over that of any two: 1 in white noise; under 0.3 in film of anything."""

ASKED = {
    BLANK: re.compile(r"\b(black|blank|white|dark(ness)?|night|fad(e|es|ing)|void|blackout|fog|snow)\b", re.IGNORECASE),
    FROZEN: re.compile(
        r"\b(motionless|unmoving|frozen|freez(e|es|ing)|photo(graph)?|painting|paused?|stand(s|ing)? still"
        # A camera that stands still is no wish for a picture that does.
        r"|(?<!camera )(?<!camera is )(?<!camera stays )(still|static|stationary)(?! (camera|shot|view|frame)))\b",
        re.IGNORECASE,
    ),
    NOISE: re.compile(r"\b(noise|noisy|static|snow|snowy|grain|glitch(es|y)?|confetti)\b", re.IGNORECASE),
}


class FaultFinder:
    """Looks for faults in one clip; call it with its frames (uint8 T H W C) in order."""

    def __init__(self, clip: Showing) -> None:
        self._limit = max(2, round(clip.fps))
        self._asked = {fault for fault, words in ASKED.items() if words.search(clip.prompt)}
        self._last: Frames | None = None
        self._still = 0

    def __call__(self, frames: Frames) -> list[Finding]:
        """Report each blank or noisy frame, and each that ends a second or more without motion."""
        found: list[Finding] = []
        rough = roughness(frames)
        for index, frame in enumerate(frames):
            moved = self._last is None or np.abs(frame.astype(np.int16) - self._last).max() > STILL
            self._still = 0 if moved else self._still + 1
            self._last = frame
            blank = "black" if frame.max() <= DARK else "white" if frame.min() >= LIGHT else None
            if blank:
                found.append(Finding(index, BLANK, 1.0, f"some frames are {blank}"))
            elif self._still >= self._limit:
                found.append(Finding(index, FROZEN, 1.0, f"the picture stands still for {self._limit} frames or more"))
            if rough[index] > ROUGH:
                found.append(Finding(index, NOISE, 1.0, "some frames are noise"))
        return [finding for finding in found if finding.category not in self._asked]


def roughness(frames: Frames) -> npt.NDArray[np.float32]:
    """Per frame, the mean squared difference of neighbouring pixels over that of any two; 0 for an even picture."""
    grey = frames.mean(axis=-1, dtype=np.float32)
    spread = 2 * grey.var(axis=(1, 2))
    across, down = ((np.diff(grey, axis=axis) ** 2).mean(axis=(1, 2)) for axis in (2, 1))
    # A spread below a few grey values is the grain of an even picture and no fault.
    return np.where(spread > 2 * 8**2, np.minimum(across, down) / np.maximum(spread, 1), 0).astype(np.float32)
