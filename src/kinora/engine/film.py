"""Everything decided about a request, in the solver's terms: what `Engine.film` makes.

    Film.of(plan, latents=9)                                            # one prompt, filmed once
    Film(plan=plan, spans=(Span(prompt="a red ball bounces", latents=9),), conditions=(FirstFrame(latent),))
    Film(plan=plan, spans=(Span(prompt=first, latents=5, trim=1), Span(prompt=second, latents=5, cut=True)))

Each verb (generate, animate, extend, join, ...) is a function that lowers its request to a film, so a new verb needs no
new solver. Time is counted in latent frames: a shot's first latent frame is one pixel frame, each later one four, so
that a shot of n latent frames decodes to 4n-3 pixel frames. No torch here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kinora.engine.mending import Seam
from kinora.request import Plan

if TYPE_CHECKING:
    from kinora.flow.conditions import Condition

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Consecutive latent frames under one prompt; without `cut` the picture goes on through the change of words.

    cut: a new shot begins here: nothing before it is seen, and its first latent frame is one pixel frame again.
    trim: pixel frames left off the end of the shot this span ends, so that a cut can fall on any frame.
    """

    prompt: str
    latents: int
    cut: bool = False
    trim: int = 0

    def __post_init__(self) -> None:
        assert self.latents > 0, f"{self.latents=}"
        assert self.trim >= 0, f"{self.trim=}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Carry:
    """What decoding loses of a frame that was given, put back there and faded out over its neighbours.

    at: the decoded pixel frame of the film. residual: given minus decoded, int16 H W C. before, after: over how many
    frames it fades in and out, linearly; frame `at` itself comes out as it was given.
    """

    at: int
    residual: npt.NDArray[np.int16]
    before: int = 0
    after: int = 0

    def weight(self, frame: int) -> float:
        """How much of the residual pixel frame `frame` gets: 1 at `at`, 0 from `before` and `after` frames away."""
        distance = frame - self.at
        reach = (self.after if distance > 0 else self.before) + 1
        return max(0.0, 1 - abs(distance) / reach)


@dataclass(frozen=True, kw_only=True, eq=False)
class Matte:
    """Given pixels laid over the decoded ones: what a mask protects comes out to the bit.

    given: uint8 T H W C from the film's first frame on. made: how much of what is decoded shows, from 0 (given) to 1;
    T H W, or 1 H W for all frames.
    """

    given: Frames
    made: npt.NDArray[np.float32]

    def over(self, frames: Frames, start: int) -> Frames:
        """Decoded frames, from frame `start` of the film on, under the matte; beyond its end they stay as they are."""
        count = min(len(frames), len(self.given) - start)
        if count <= 0:
            return frames
        given = self.given[start : start + count]
        made = (self.made if len(self.made) == 1 else self.made[start : start + count])[..., None]
        mixed = np.rint(given + made * (frames[:count].astype(np.float32) - given)).astype(np.uint8)
        return np.concatenate((mixed, frames[count:]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """Given pixels behind held latents: some models are shown pictures, not latents, of what is given.

    frames: uint8 T H W C, those of whole latent frames from the film's latent frame `at` on.
    """

    at: int
    frames: Frames


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """A shot of the film, from one cut to the next: latent frames [start, stop), and the pixel frames left off its end.

    `edges` are the latent frames, beside `start`, at which the prompt changes.
    """

    index: int
    start: int
    stop: int
    trim: int
    edges: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Film:
    """What is solved, in latent frames of the film, and which pixel frames are delivered.

    plan: size, fps, seed, steps, guidance, negative; `plan.frames` are those delivered in all, `plan.prompt` is what
        the clip says it shows.
    spans: prompts over the film's latent frames; their lengths add up to the film's.
    conditions: in latent frames of the film, a negative index counting from its end.
    backwards: solve from the end to the beginning (for when only the end is given).
    keep: decoded pixel frames [start, stop) that are delivered; None: the first ones, as many as the plan still needs.
    before, after: given pixel frames (uint8 T H W C) delivered as they are around the made ones.
    turn: latent frames in which the scene before them becomes the scene after them, each under its side's prompt.
    ring: the last latent frame leads to the first, none of which is a single frame; the clip is cut where least moves.
    carry: what decoding loses of given frames.
    seams: where a jump is spread out (see `engine.mending`). matte: given pixels that show through.
    shown: the pixels of what the conditions hold, for models that are shown pictures.
    info: goes into the clip's `info`.
    """

    plan: Plan
    spans: tuple[Span, ...]
    conditions: tuple[Condition, ...] = ()
    backwards: bool = False
    keep: tuple[int, int] | None = None
    before: Frames | None = None
    after: Frames | None = None
    turn: range | None = None
    ring: bool = False
    carry: tuple[Carry, ...] = ()
    seams: tuple[Seam, ...] = ()
    matte: Matte | None = None
    shown: tuple[Shown, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.spans, "a film without spans"
        start, stop = self.kept
        assert 0 <= start <= stop, f"{self.keep=}"
        delivered = _length(self.before) + stop - start + _length(self.after)
        assert delivered == self.plan.frames, f"{delivered} frames delivered, {self.plan.frames} planned"

    @classmethod
    def of(cls, plan: Plan, latents: int) -> Film:
        """The film of one prompt without conditions."""
        return cls(plan=plan, spans=(Span(prompt=plan.prompt, latents=latents),))

    @property
    def latents(self) -> int:
        """Length of the film in latent frames."""
        return sum(span.latents for span in self.spans)

    @property
    def kept(self) -> tuple[int, int]:
        """Decoded pixel frames [start, stop) that are delivered."""
        return self.keep or (0, self.plan.frames - _length(self.before) - _length(self.after))

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every prompt that is read, once, in order."""
        return tuple(dict.fromkeys(span.prompt for span in self.spans))

    def prompt_at(self, latent: int) -> str:
        """The prompt of latent frame `latent`."""
        for span in self.spans:
            latent -= span.latents
            if latent < 0:
                return span.prompt
        raise IndexError(f"latent frame beyond the film's {self.latents}")

    def cuts(self) -> Iterator[Cut]:
        """The shots of the film, in order."""
        start = end = index = 0
        edges: list[int] = []
        for span, after in zip(self.spans, (*self.spans[1:], None), strict=True):
            assert not span.trim or after is None or after.cut, f"{span.trim=} within a shot"
            end += span.latents
            if after is None or after.cut:
                yield Cut(index=index, start=start, stop=end, trim=span.trim, edges=tuple(edges))
                start, edges, index = end, [], index + 1
            elif after.prompt != span.prompt:
                edges.append(end)


def _length(frames: Frames | None) -> int:
    return 0 if frames is None else len(frames)
