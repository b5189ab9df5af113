"""A generation straight into a file: frames are encoded as they are made, so memory does not grow with the length.

clip = record(engine.generate(shot), "ball.mp4", shot.prompt, fps=8, payload=payload_of(model, version, seed, words))
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kinora.clip import Clip
from kinora.engine.events import Event, Frames, collect, told
from kinora.safety.release import check_release, release_stream
from kinora.safety.watermark_code import Payload


def record(
    events: Iterable[Event],
    path: str | Path,
    prompt: str,
    watch: Callable[[Event], object] | None = None,
    *,
    fps: int,
    payload: Payload,
) -> Clip:
    """Run a generation to its end into `path`, whose extension chooses the format, and return the clip.

    An MP4 is encoded while it is made; the other formats need the whole clip first. The file appears whole or not at
    all, marked with `payload` and signed. The clip's timings hold "write" too. Raises errors.Refused as `collect` does,
    and what `Clip.save` raises.
    """
    path = check_release(path)
    start = time.perf_counter()
    if path.suffix.lower() == ".mp4":
        filming = _Filming(events, prompt, watch)
        frames = iter(filming)
        first = next(frames)  # what is refused at once begins no file
        release_stream(path, chain([first], frames), fps=fps, payload=payload, clip=filming.whole)
        clip, made = filming.whole(), filming.seconds
    else:
        clip = collect(events, prompt, watch)
        made = time.perf_counter() - start
        clip.save(path)
    clip.info["timings"]["write"] = round(time.perf_counter() - start - made, 3)
    return clip


class _Filming:
    """The frames of a generation, one at a time (uint8 H W C); afterwards its clip and the seconds it took."""

    def __init__(self, events: Iterable[Event], prompt: str, watch: Callable[[Event], object] | None) -> None:
        self.clip: Clip | None = None
        self.seconds = 0.0
        self._events, self._watch = told(events, prompt), watch

    def whole(self) -> Clip:
        """The clip, once all frames have been taken."""
        assert self.clip is not None, "an engine ends with Done or Refused"
        return self.clip

    def __iter__(self) -> Iterator[npt.NDArray[np.uint8]]:
        while True:
            start = time.perf_counter()
            try:
                event = next(self._events)
            except StopIteration as end:
                self.clip = end.value
                return
            finally:
                self.seconds += time.perf_counter() - start
            if self._watch is not None:
                self._watch(event)
            if isinstance(event, Frames):
                yield from event.frames
