"""The six verbs as values: what a user asks, and how it becomes a draft. No torch.

A request checks on construction what holds for every model; `draft` reads the files it names and checks the rest
against one model's limits, so that all a user can get wrong is known before any weight is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from kinora.engine.edits.drafts import Bridge, Draft, Fade, Ring, Variation, both
from kinora.engine.edits.planning import Options, between, info_of, painted, plan_for, reader_for, whole_plan
from kinora.engine.edits.sources import Mask, Source, is_file_name, name_of
from kinora.errors import InvalidRequest
from kinora.media import check_picture
from kinora.request import Limits, Real
from kinora.values import check_kinds

STRENGTH = 0.6


@runtime_checkable
class Edit(Protocol):
    """A request for one of the verbs."""

    verb: ClassVar[str]

    @property
    def options(self) -> Options:
        """What every verb may be told."""

    def draft(self, limits: Limits) -> Draft:
        """Read the files and make every choice. Raises InvalidRequest or BadInputFile."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Animate:
    """A picture that starts to move: the clip's first frame is the picture itself."""

    verb: ClassVar[str] = "animate"
    image: Source
    prompt: str
    seconds: Real | None = None
    options: Options = field(default_factory=Options)

    def draft(self, limits: Limits) -> Bridge:
        """Read the picture."""
        if isinstance(self.image, str | Path):
            check_picture(self.image)
        read = reader_for(self.image, self.options, limits)
        plan = plan_for(self.options, limits, read.size, self.prompt, self.seconds)
        given = read.picture(self.image)
        if plan.frames < 2:
            raise InvalidRequest(f"{plan.seconds:g} seconds", rule="is the picture itself", remedy="ask for more")
        return Bridge(
            plan=plan,
            made=plan.frames - 1,
            before=given.frames,
            previous=given.prompt,
            expand=self.options.expand,
            info=info_of(self.verb, (self.image, given)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Extend:
    """A clip that goes on, or one whose beginning is told: exactly `seconds` of new video at one end.

    Without a prompt it goes on as the clip says it was made, or by what is seen alone.
    """

    verb: ClassVar[str] = "extend"
    video: Source
    prompt: str = ""
    seconds: Real | None = None
    direction: str = "forward"
    options: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        if self.direction not in ("forward", "backward"):
            raise InvalidRequest(self.direction, rule="a clip extends forward or backward", remedy="try forward")

    def draft(self, limits: Limits) -> Bridge:
        """Read the clip."""
        read = reader_for(self.video, self.options, limits)
        plan = plan_for(self.options, limits, read.size, self.prompt, self.seconds, wordless=True)
        given = read.clip(self.video)
        before, after = (given.frames, None) if self.direction == "forward" else (None, given.frames)
        whole = whole_plan(plan, len(given.frames) + plan.frames, limits, said=given.prompt)
        info = info_of(self.verb, (self.video, given))
        return Bridge(
            plan=whole,
            made=plan.frames,
            before=before,
            after=after,
            previous=given.prompt,
            expand=self.options.expand,
            info=info,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Join:
    """Two clips with `seconds` of new video between them, from the end of the first to the start of the second.

    Without a prompt the new video begins under the words of the first and ends under those of the second, as far as
    those are known: a finished `Clip` has them, a file has not.
    """

    verb: ClassVar[str] = "join"
    first: Source
    second: Source
    prompt: str = ""
    seconds: Real | None = None
    options: Options = field(default_factory=Options)

    def draft(self, limits: Limits) -> Bridge:
        """Read both clips."""
        read = reader_for(self.first, self.options, limits)
        plan, made = between(self.options, limits, read.size, self.prompt, self.seconds)
        first, second = read.clip(self.first), read.clip(self.second)
        words = None if self.prompt or first.prompt == second.prompt else (first.prompt, second.prompt)
        said = both(first.prompt, second.prompt)
        plan = whole_plan(plan, len(first.frames) + made + len(second.frames), limits, said=said)
        return Bridge(
            plan=plan,
            made=made,
            before=first.frames,
            after=second.frames,
            words=words,
            previous=first.prompt if self.prompt else "",
            expand=self.options.expand,
            info=info_of(self.verb, (self.first, first), (self.second, second)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Blend:
    """Two clips that turn into one another over `seconds`, each under its own words."""

    verb: ClassVar[str] = "blend"
    first: Source
    second: Source
    first_prompt: str = ""
    second_prompt: str = ""
    seconds: Real | None = None
    options: Options = field(default_factory=Options)

    def draft(self, limits: Limits) -> Fade:
        """Read both clips."""
        read = reader_for(self.first, self.options, limits)
        plan, overlap = between(self.options, limits, read.size, "", self.seconds)
        first, second = read.clip(self.first), read.clip(self.second)
        group = limits.grid.stride[0]
        for source, given in ((self.first, first), (self.second, second)):
            if len(given.frames) < overlap + group:
                longest = (len(given.frames) - group) // group * group / read.fps
                rule = f"too short to blend over {overlap / read.fps:g} of its {len(given.frames) / read.fps:g} seconds"
                remedy = f"ask for at most --seconds {longest:g}" if longest > 0 else "extend it first"
                raise InvalidRequest(name_of(source), rule=rule, remedy=remedy)
        prompts = self.first_prompt or first.prompt, self.second_prompt or second.prompt
        plan = whole_plan(plan, len(first.frames) + len(second.frames) - overlap, limits, said=both(*prompts))
        info = info_of(self.verb, (self.first, first), (self.second, second))
        return Fade(
            plan=plan,
            first=first.frames,
            second=second.frames,
            overlap=overlap,
            prompts=prompts,
            expand=self.options.expand,
            info=info,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Loop:
    """A clip that runs into its own start: of words, `seconds` long in all; or a video with `seconds` added to it."""

    verb: ClassVar[str] = "loop"
    video: Source | None = None
    prompt: str = ""
    seconds: Real | None = None
    options: Options = field(default_factory=Options)

    @classmethod
    def of(cls, source: Source | None, *, prompt: str = "", seconds: Real | None = None, options: Options) -> Loop:
        """The request for a source that may be a video, or in words what a clip of its own shows.

        Raises InvalidRequest for words in both places.
        """
        if not isinstance(source, str) or is_file_name(source):
            return cls(video=source, prompt=prompt, seconds=seconds, options=options)
        if prompt:
            raise InvalidRequest("prompt", rule="is for closing a video", remedy="say it all in one sentence")
        return cls(prompt=source, seconds=seconds, options=options)

    def draft(self, limits: Limits) -> Bridge | Ring:
        """Read the video, if there is one."""
        group = limits.grid.stride[0]
        if self.video is None:
            plan = plan_for(self.options, limits, self.options.size, self.prompt, self.seconds)
            if plan.frames < 3 * group:
                least = 3 * group / plan.fps
                raise InvalidRequest(
                    f"{plan.seconds:g} seconds", rule="too short to loop", remedy=f"ask for at least {least:g}"
                )
            # Three eighths of the clip, up to two seconds: enough to come back, and most of it stays as it was.
            closing = group * max(1, min(4, round(plan.frames * 3 / 8 / group)))
            return Ring(plan=plan, closing=closing, expand=self.options.expand, info=info_of(self.verb))
        read = reader_for(self.video, self.options, limits)
        plan, made = between(self.options, limits, read.size, self.prompt, self.seconds)
        given = read.clip(self.video)
        plan = whole_plan(plan, len(given.frames) + made, limits, said=given.prompt)
        info = info_of(self.verb, (self.video, given))
        return Bridge(
            plan=plan,
            made=made,
            before=given.frames,
            after=given.frames,
            closes=True,
            previous=given.prompt,
            expand=self.options.expand,
            info=info,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Remix:
    """A clip made again under other words. `strength` is the share of the solver's steps that are taken anew.

    Near 0 only textures change, at 1 nothing of the clip is left. White in `mask`, a picture or a video, may change;
    what is black comes out to the bit.
    """

    verb: ClassVar[str] = "remix"
    video: Source
    prompt: str
    strength: Real = STRENGTH
    mask: Mask | None = None
    options: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        check_kinds(self, real=("strength",))
        if not 0 < self.strength <= 1:
            rule = "strength lies above 0 and at most at 1"
            raise InvalidRequest(f"strength {self.strength:g}", rule=rule, remedy=f"try {STRENGTH}")

    def draft(self, limits: Limits) -> Variation:
        """Read the clip and the mask."""
        read = reader_for(self.video, self.options, limits)
        plan = plan_for(self.options, limits, read.size, self.prompt, None)
        given = read.clip(self.video)
        plan = whole_plan(plan, len(given.frames), limits)
        info = info_of(self.verb, (self.video, given)) | {"strength": self.strength}
        if self.mask is None:
            return Variation(
                plan=plan, clip=given.frames, strength=self.strength, expand=self.options.expand, info=info
            )
        brush = painted(read, self.mask)
        white = brush.frames.mean(axis=-1) > 127
        if not white.any():
            rule = "the mask has nothing white, so nothing may change"
            raise InvalidRequest(name_of(self.mask), rule=rule, remedy="paint white what may change")
        if len(white) > len(given.frames):
            brush.report.append(f"longer than the clip: its last {len(white) - len(given.frames)} frames are not used")
        if len(white) > 1:  # as long as the clip: its last picture stays
            white = white[np.minimum(np.arange(len(given.frames)), len(white) - 1)]
        info["report"] += [f"{name_of(self.mask)}: {line}" for line in brush.report]
        return Variation(
            plan=plan, clip=given.frames, strength=self.strength, mask=white, expand=self.options.expand, info=info
        )
