"""The way out of an engine, the same for all of them: frames are reviewed, kept and told, and in the end make a clip.

with Delivery(guard, plan) as delivery:
    if (yield from delivery.tell(chunks)):     # the guard refused one, and was told so
        return
    yield Done(delivery.clip(model="tiny", version="1", timings={}))
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.clip import Clip
from kinora.engine.events import Event, Frames, Progress, Refused
from kinora.engine.frames.reel import Reel
from kinora.engine.memory import peak_memory
from kinora.request import Plan, Real
from kinora.safety import FrameBook, Guard, reviewed_by

Pixels = npt.NDArray[np.uint8]


class Delivery:
    """What of one clip has been let through; leaving its `with` block frees what it kept on disk."""

    def __init__(self, guard: Guard, plan: Plan) -> None:
        self._guard, self._plan = guard, plan
        self._book = FrameBook(fps=plan.fps, prompt=plan.prompt)
        self._reel = Reel(plan.size)

    def __enter__(self) -> Delivery:
        return self

    def __exit__(self, *error: object) -> None:
        self._reel.__exit__(*error)

    def tell(self, chunks: Iterable[Pixels]) -> Generator[Event, None, bool]:
        """Review frames (uint8 T H W C), the next of the clip, and tell them.

        Returns whether the guard refused some, which then was the last event. Raises OutputError when the disk of
        temporary files is full.
        """
        for chunk in chunks:
            verdict = reviewed_by(self._guard, chunk, self._book)
            if not verdict.allowed:
                yield Refused(verdict)
                return True
            self._reel.append(chunk)
            yield Frames(self._book.reviewed - len(chunk), chunk)
            yield Progress("decode", self._book.reviewed, self._plan.frames)
        return False

    def clip(
        self,
        *,
        model: str,
        version: str,
        timings: Mapping[str, Real],
        before: Mapping[str, Any] | None = None,
        sampling: Mapping[str, Any] | None = None,
    ) -> Clip:
        """The clip, all of which has been told. `before` is what its `info` says first, `timings` are in seconds."""
        plan, reviewed = self._plan, self._book.reviewed
        assert reviewed == len(self._reel) == plan.frames, f"{reviewed} reviewed, {len(self._reel)} of {plan.frames}"
        return Clip(
            frames=self._reel.frames(),
            fps=plan.fps,
            prompt=plan.prompt,
            negative=plan.negative,
            seed=plan.seed,
            model=model,
            version=version,
            steps=plan.steps,
            guidance=plan.guidance,
            info={
                **(before or {}),
                **self._book.proof,
                "warnings": self._book.warnings,
                "timings": {stage: round(seconds, 3) for stage, seconds in timings.items()},
                "peak_memory": peak_memory(),
                **({"sampling": dict(sampling)} if sampling is not None else {}),
            },
        )


def required(guard: Guard) -> Guard:
    """The guard itself. Raises TypeError for what can't screen prompts and review frames: no engine goes without."""
    if not isinstance(guard, Guard):
        raise TypeError(f"{guard!r} is no guard: an engine needs one that can screen prompts and review frames")
    return guard
