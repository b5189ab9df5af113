"""What an engine tells while it films: what it reads, some Progress and Frames, then Done or Refused, always last.

    for event in engine.generate(Shot("a red ball bounces")):
        match event:
            case Read(asked, prompt, notes): ...  # first, where the words were expanded
            case Progress(stage, index, total): ...
            case Frames(start, frames): ...       # reviewed and in order
            case Done(clip): ...
            case Refused(verdict): ...

Closing the iterator cancels: the step being computed ends, and nothing after it is begun.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from kinora import errors
from kinora.clip import Clip
from kinora.safety import Verdict

Stage = Literal["read", "denoise", "decode"]


@dataclass(frozen=True)
class Read:
    """An expander changed the words: `prompt` is what the model reads instead of `asked`; `notes` say what was lost.

    Told before anything is computed.
    """

    asked: str
    prompt: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """`index` of `total` steps of a stage are done."""

    stage: Stage
    index: int
    total: int


@dataclass(frozen=True)
class Frames:
    """The next finished frames (uint8, T H W C); the first of them is frame `start` of the clip."""

    start: int
    frames: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Done:
    """The whole clip, every frame of it reviewed."""

    clip: Clip


@dataclass(frozen=True)
class Refused:
    """The guard refused the prompt or a frame; there is no clip, and Frames told before must not be shown."""

    verdict: Verdict


Event: TypeAlias = Read | Progress | Frames | Done | Refused


def collect(events: Iterable[Event], prompt: str, watch: Callable[[Event], object] | None = None) -> Clip:
    """Run a generation to its end and return the clip, showing each event to `watch` on the way.

    Raises errors.Refused if the guard said no.
    """
    running = told(events, prompt)
    while True:
        try:
            event = next(running)
        except StopIteration as end:
            clip: Clip = end.value
            return clip
        if watch is not None:
            watch(event)


def told(events: Iterable[Event], prompt: str) -> Generator[Event, None, Clip]:
    """The events of a generation, with the clip as return value; raises errors.Refused after the guard said no."""
    for event in events:
        yield event
        if isinstance(event, Done):
            return event.clip
        if isinstance(event, Refused):
            shown = prompt if len(prompt) <= 60 else f"{prompt[:57]}..."
            verdict = event.verdict
            raise errors.Refused(
                shown, rule=verdict.reason, remedy="describe it without", categories=verdict.categories
            )
    raise AssertionError("an engine ends with Done or Refused")
