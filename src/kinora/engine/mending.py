"""Seams: two neighbouring frames between which a picture jumps further than it moves. Pure numpy.

A latent frame stands for four frames, which agree with one another and less with the next four: something of every
group (brightness, a shadow, where an outline lies) is drawn anew. In a clip that only flickers. Where it meets given
frames, or runs into its own start, it shows. Motion tells the two apart: across a seam each pixel may change about as
it does in the steps beside it, and the rest of the jump is spread out over the made frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating[Any]]

JUDGED = 4
"""Frames on each side that tell how much moves there; of their steps the median counts, lest one be a seam itself."""

SWAY = 0.5
"""A pixel's step across a seam may differ from the mean of the two beside it by this share of what usually moves there.
With the whole of it steps may turn back where the picture goes on: then two seams in 72 still show."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seam:
    """The edge before decoded pixel frame `at` of a film, and on which sides frames are given, which never change.

    before, after: the given frames next to the edge (uint8 T H W C, at most the nearest four count), or None where
    frames are made. reach: over how many made frames the jump is spread, on each side that is made. most: the levels of
    255 by which the picture may change across it on average, however fast both sides move; nor may it change more than
    the made frames usually do.
    """

    at: int
    reach: int
    before: Frames | None = None
    after: Frames | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        assert self.before is None or self.after is None, "a seam between given frames: nothing there may change"
        assert self.reach > 0, f"{self.reach=}"

    @property
    def first(self) -> int:
        """The first frame that the seam may change or must see."""
        return self.at - self.reach if self.before is None else self.at

    @property
    def needed(self) -> int:
        """How many frames of the film have to be there before the jump is spread."""
        return self.at if self.after is not None else self.at + self.reach

    def mend(self, frames: Floats, start: int) -> None:
        """Spread the jump, in frames (float32 T H W C) that begin with frame `start` of the film."""
        at, judged = self.at - start, min(self.reach, JUDGED)
        before = frames[at - judged : at] if self.before is None else self.before[-JUDGED:].astype(np.float32)
        after = frames[at : at + judged] if self.after is None else self.after[:JUDGED].astype(np.float32)
        excess = beyond(after[0] - before[-1], expected(before, after), SWAY * motion(before, after))
        if self.most is not None:
            made = frames[at - self.reach : at] if self.before is None else frames[at : at + self.reach]
            excess = held(before[-1], after[0], excess, min(self.most, usual(made)))
        share = weights(self.reach, both=self.before is None and self.after is None)
        for away in range(self.reach):
            if self.before is None and at - 1 - away >= 0:
                frames[at - 1 - away] += share[away] * excess
            if self.after is None:
                frames[at + away] -= share[away] * excess


def motion(before: Floats, after: Floats) -> Floats:
    """By how many levels each pixel changes with every step around an edge between `before` and `after`, H W 1.

    The mean over both sides (T H W C) of its median step, averaged over its neighbours. One frame alone tells of no
    motion: then the other side's counts.
    """
    steps = [np.abs(np.diff(side, axis=0)).mean(axis=-1) for side in (before, after) if len(side) > 1]
    sides = [np.median(side, axis=0) for side in steps] or [np.zeros(before.shape[1:3], np.float32)]
    return _neighbours(np.mean(sides, axis=0))[..., None]


def expected(before: Floats, after: Floats) -> Floats:
    """The step across an edge between `before` and `after` (T H W C) that goes on as they do, H W C.

    It is the mean of the steps beside it, and so takes on half of what given frames, which can't be changed, jump by
    right at the edge: such a jump comes in two steps. One frame alone counts as standing still.
    """
    steps = [np.diff(side[-2:], axis=0).sum(axis=0) for side in (before, after[:2])]
    return np.asarray((steps[0] + steps[1]) / 2)


def beyond(step: Floats, course: Floats, sway: Floats) -> Floats:
    """What a step (H W C) has beyond `sway` (H W 1) around the step that was expected."""
    off = step - course
    excess: Floats = np.sign(off) * np.maximum(np.abs(off) - sway, 0)
    return excess


def held(last: Floats, following: Floats, excess: Floats, most: float) -> Floats:
    """What is too much of the step between two frames (H W C), so that what is left changes by `most` on average.

    `excess` of it is too much in any case.
    """
    step = following - last
    left = step - excess
    level = float(np.abs(left).mean())
    return excess if level <= most else step - left * np.float32(most / level)


def usual(frames: Frames | Floats) -> float:
    """The median step from one frame (of T H W C) to the next, in levels of 255 on average; of one frame any."""
    steps = np.abs(np.diff(frames.astype(np.float32), axis=0)).mean(axis=(1, 2, 3))
    return float(np.median(steps)) if len(steps) else math.inf


def weights(reach: int, *, both: bool) -> Floats:
    """The share of a jump that each of `reach` frames takes on, the nearest first.

    With one side made that falls smoothly from nearly all of it. With `both` it is what is left of a straight ramp:
    each side meets the other halfway.
    """
    away = (np.arange(reach, dtype=np.float32) + 0.5) / reach
    share: Floats = (1 - away) / 2 if both else (1 + np.cos(np.pi * away)) / 2
    return share


class Mender:
    """Takes the decoded frames of a film in order and gives them back mended, once no later seam can change them."""

    def __init__(self, seams: Sequence[Seam]) -> None:
        self._open = sorted(seams, key=lambda seam: seam.at)
        self._held: Floats | None = None  # frames not given back yet
        self._start = 0  # the number of the first of them
        self.given_back = 0

    def add(self, frames: Frames) -> Frames:
        """Those frames (uint8 T H W C, maybe none) that now follow the ones given back before."""
        if not self._open and self._held is None:
            self._start += len(frames)
            self.given_back = self._start
            return frames
        late = frames.astype(np.float32)
        held = late if self._held is None else np.concatenate((self._held, late))
        stop = self._start + len(held)
        while self._open and self._open[0].needed <= stop:
            self._open.pop(0).mend(held, self._start)
        ready = min([stop, *(max(self._start, seam.first) for seam in self._open)]) - self._start
        self._held = held[ready:] if ready < len(held) else None
        self._start += ready
        self.given_back = self._start
        return np.rint(held[:ready].clip(0, 255)).astype(np.uint8)


def calmest(frames: Frames) -> int:
    """Where a clip that runs into itself is best cut: the frame (of uint8 T H W C) that follows the smallest step.

    A ring has no beginning; a player that takes a moment to start over is seen least where least moves.
    """
    wide = frames.astype(np.int16)
    return int(np.abs(wide - np.roll(wide, 1, axis=0)).mean(axis=(1, 2, 3)).argmin())


def _neighbours(picture: Floats) -> Floats:
    """Mean over 3 x 3 pixels, H W."""
    height, width = picture.shape
    wide = np.pad(picture, 1, mode="edge")
    mean: Floats = np.mean([wide[i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=0)
    return mean
