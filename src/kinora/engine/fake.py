"""An engine without a model: colour bars that slide, the same events, no torch, in milliseconds.

    FakeEngine(default_guard()).generate(Shot("anything", seconds=2))

The server, the studio and the command line are tested against it; it checks, screens, reviews, reports and cancels
exactly where the real one does. `steps` take `pause` seconds each, for tests of progress and cancelling.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kinora.clip import Clip
from kinora.engine.events import Done, Event, Frames, Progress, Refused
from kinora.engine.memory import peak_memory
from kinora.request import Limits, Plan, Shot
from kinora.safety import FrameBook, Guard

BARS = np.array(
    [[235, 235, 235], [235, 235, 16], [16, 235, 235], [16, 235, 16], [235, 16, 235], [235, 16, 16], [16, 16, 235]],
    np.uint8,
)

LIMITS = Limits(size=(128, 128), fps=8, seconds=4.0, max_seconds=60.0, steps=8, guidance=4.0, max_pixels=2048 * 2048)

CHUNK = 8


class FakeEngine:
    """Films colour bars under a guard; `limits` say what it pretends to be able to do."""

    def __init__(self, guard: Guard, *, limits: Limits = LIMITS, pause: float = 0.0) -> None:
        if not isinstance(guard, Guard):
            raise TypeError(f"{guard!r} is no guard: an engine needs one that can screen prompts and review frames")
        self.guard = guard
        self.limits = limits
        self.pause = pause

    def generate(self, shot: Shot) -> Iterator[Event]:
        """Check `shot` at once, then tell the events of `Engine.generate`.

        Raises InvalidRequest if `limits` don't allow the shot.
        """
        plan = self.limits.plan(shot)
        verdict = self.guard.screen(plan.prompt)
        if not verdict.allowed:
            return iter([Refused(verdict)])
        return self._film(plan)

    def _film(self, plan: Plan) -> Iterator[Event]:
        yield Progress("read", 1, 1)
        for index in range(plan.steps):
            time.sleep(self.pause)
            yield Progress("denoise", index + 1, plan.steps)
        book, total, chunks = FrameBook(), plan.frames, []
        while book.reviewed < total:
            start = book.reviewed
            chunk = _bars(plan, start, min(CHUNK, total - start))
            verdict = self.guard.review(chunk, book)
            if not verdict.allowed:
                yield Refused(verdict)
                return
            chunks.append(chunk)
            yield Frames(start, chunk)
            yield Progress("decode", book.reviewed, total)
        yield Done(_clip(plan, np.concatenate(chunks), book))


def _bars(plan: Plan, start: int, count: int) -> npt.NDArray[np.uint8]:
    """Seven vertical bars; each frame slides them by one pixel, and the seed says where they begin."""
    height, width = plan.size
    columns = np.arange(width) + np.arange(start, start + count)[:, None] + plan.seed % width
    colours = BARS[columns % width * len(BARS) // width]  # [count, width, 3]
    return np.repeat(colours[:, None], height, axis=1)


def _clip(plan: Plan, frames: npt.NDArray[np.uint8], book: FrameBook) -> Clip:
    return Clip(
        frames=frames,
        fps=plan.fps,
        prompt=plan.prompt,
        negative=plan.negative,
        seed=plan.seed,
        model="fake",
        version="1",
        steps=plan.steps,
        guidance=plan.guidance,
        info={
            "frames_reviewed": book.reviewed,
            "warnings": book.warnings,
            "timings": {},
            "peak_memory": peak_memory(),
        },
    )
