"""What becomes of a file in the process beside the server: what it is, what the guard sees, where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from kinora.errors import BadInputFile
from kinora.grid import Size
from kinora.media.read import probe, read_frames
from kinora.media.still import count_stills, read_image, stills
from kinora.request import Real
from kinora.safety.detector import examine
from kinora.safety.frames import FrameReview
from kinora.safety.people import shows_people
from kinora.safety.policy import FrameBook, Policy, Verdict

LOOKED_AT = 24
"""Frames of an upload that the guard looks at before it is taken; the engine's guard sees all of them. Of large ones
fewer, so that all together have no more pixels than one picture may: 24 frames of 64 megapixels would be 4.6 GB."""

LONGEST = 10_000
"""Frames counted in an animation."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A file that can be read. `seconds` is 0 for a picture; `prompt` is that of a job whose video this is.

    people: whether it shows some; None where nobody asked, or where that can't be told.
    """

    size: Size
    seconds: Real
    verdict: Verdict
    prompt: str = ""
    people: bool | None = None

    @property
    def moves(self) -> bool:
        """Whether it is a video or an animation."""
        return self.seconds > 0


def look(path: Path, policy: str, max_pixels: int, max_seconds: Real, find_people: bool) -> Seen:
    """Open a file and show its first frames to the reviewers of a policy; with `find_people`, look for people too.

    Raises BadInputFile when it is no picture or video, damaged, too large or too long.
    """
    if count := count_stills(path):
        size, seconds, fps = _animation(path, count)
    else:
        found = probe(path)
        size, fps = found.size, found.fps
        seconds = found.seconds or _counted(path, fps)
    if size[0] * size[1] > max_pixels:
        rule = f"{size[1]}x{size[0]} pixels; this server takes up to {max_pixels:,}"
        raise BadInputFile("the file", rule=rule, remedy="scale it down first")
    if seconds > max_seconds:
        rule = f"{seconds:.1f} seconds; this server takes up to {max_seconds:g}"
        raise BadInputFile("the file", rule=rule, remedy="cut it first")
    frames = max(1, min(LOOKED_AT, max_pixels // (size[0] * size[1])))
    shown = [read_image(path)] if count else list(islice(read_frames(path), frames))
    if not shown:
        raise BadInputFile("the file", rule="holds no picture")
    book = FrameBook(fps=float(fps))
    verdict = FrameReview.of(Policy.named(policy).frames)(np.stack(shown), book)
    people = shows_people(np.stack(shown)) if find_people else None
    return Seen(size=size, seconds=seconds, verdict=verdict, people=people)


def examined(path: Path, names: list[tuple[str, str]]) -> dict[str, Any]:
    """What is found of where a file comes from, in plain values; `names`: models and versions that a mark may name."""
    report = examine(path, names=names)
    mark, model = report.evidence.watermark, None
    if mark is not None and mark.found and mark.payload is not None:
        payload = mark.payload
        model = next((f"{name} {version}" for name, version in names if payload.names(name, version)), None)
    return {**report.as_dict(), "model": model}


def _animation(path: Path, count: int) -> tuple[Size, Real, Fraction]:
    first = read_image(path)
    size = first.shape[0], first.shape[1]
    if count == 1:
        return size, 0.0, Fraction(1)
    seconds = sum(still.duration for still in islice(stills(path), LONGEST))
    return size, seconds, Fraction(count).limit_denominator(1000) / Fraction(seconds).limit_denominator(1000)


def _counted(path: Path, fps: Fraction) -> Real:
    """The length of a file whose container doesn't say."""
    return sum(1 for _ in read_frames(path)) / float(fps)
