"""The guard: what every request and every frame passes, and what it may answer.

    guard = default_guard()
    guard.screen("a red ball bounces")       # Verdict(allowed=True)
    guard.review(frames, book)               # the same for pictures; book.reviewed grows by len(frames)

An Engine is built with a guard or not at all, and command line, Python, server and workers all go through an Engine,
so there is no road around this package. A guard is any object with these two methods.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Verdict:
    """What a guard says. A refusal names the policy's categories and a reason fit to show to the user."""

    allowed: bool
    categories: tuple[str, ...] = ()
    reason: str = ""


ALLOWED = Verdict(True)


@dataclass
class FrameBook:
    """What the guard has seen of one clip: kept by the engine, written by the guard.

    `reviewed` counts frames and must equal the frames of the finished clip; `warnings` are for the user to read;
    `last` is the newest frame, so that a review chunk by chunk sees across the seams.
    """

    reviewed: int = 0
    warnings: list[str] = field(default_factory=list)
    last: Frames | None = None
    still: int = 0
    dark: int = 0


@runtime_checkable
class Guard(Protocol):
    """Decides what may be asked for and what may be shown."""

    def screen(self, prompt: str) -> Verdict:
        """Judge a prompt before anything is computed."""

    def review(self, frames: Frames, book: FrameBook) -> Verdict:
        """Judge the next frames (uint8, T H W C) of a clip and enter each of them in `book`.

        The first refusal ends the clip: none of it is delivered.
        """
