"""The six verbs as values: what a user asks, and how it becomes a draft. No torch.

A request checks on construction what holds for every model; `draft` reads the files it names and checks the rest
against one model's limits, so that all a user can get wrong is known before any weight is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, runtime_checkable, runtime_checkable

import numpy as np

from kinora.clip import Clip
from kinora.engine.edits.drafts import Bridge, Draft, Fade, Ring, Variation
from kinora.engine.edits.sources import Reader, Source, name_of, size_for, too_long
from kinora.errors import InvalidRequest
from kinora.grid import Size
from kinora.media import Fit, Given
from kinora.media.still import count_stills
from kinora.request import DEFAULT_MODEL, Limits, Plan, Real, Shot

BETWEEN_SECONDS = 2
"""What join, blend and loop put between two ends when nobody says: the model then sees it and both ends at once."""

STRENGTH = 0.6


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every verb may be told; None is the model's own choice, as in `Shot`.

    `size` None keeps the source's own size where the model makes such clips, else is the model's; `fit` says how a
    source of another size gets there.
    """

    size: Size | None = None
    fit: Fit = "cover"
    seed: int | None = None
    steps: int | None = None
    guidance: Real | None = None
    negative: str = ""
    model: str = DEFAULT_MODEL
    expand: bool = True


@runtime_checkable
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
        read = _reader(self.image, self.options, limits)
        plan = _plan(self.options, limits, read.size, self.prompt, self.seconds)
        given = read.picture(self.image)
        if plan.frames < 2:
            raise InvalidRequest(f"{plan.seconds:g} seconds", rule="is the picture itself", remedy="ask for more")
        return Bridge(
            plan=plan,
            made=plan.frames - 1,
            before=given.frames,
            expand=self.options.expand,
            info=_info(self.verb, (self.image, given)),
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
        read = _reader(self.video, self.options, limits)
        plan = _plan(self.options, limits, read.size, self.prompt, self.seconds, wordless=True)
        given = read.clip(self.video)
        before, after = (given.frames, None) if self.direction == "forward" else (None, given.frames)
        whole = _whole(plan, len(given.frames) + plan.frames, limits, said=given.prompt)
        info = _info(self.verb, (self.video, given))
        return Bridge(plan=whole, made=plan.frames, before=before, after=after, expand=self.options.expand, info=info)


@dataclass(frozen=True, kw_only=True, eq=False)
class Join:
    """Two clips with `seconds` of new video between them, from the end of the first to the start of the second."""

    verb: ClassVar[str] = "join"
    first: Source
    second: Source
    prompt: str = ""
    seconds: Real | None = None
    options: Options = field(default_factory=Options)

    def draft(self, limits: Limits) -> Bridge:
        """Read both clips."""
        read = _reader(self.first, self.options, limits)
        plan, made = _between(self.options, limits, read.size, self.prompt, self.seconds)
        first, second = read.clip(self.first), read.clip(self.second)
        plan = _whole(plan, len(first.frames) + made + len(second.frames), limits)
        info = _info(self.verb, (self.first, first), (self.second, second))
        return Bridge(
            plan=plan, made=made, before=first.frames, after=second.frames, expand=self.options.expand, info=info
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
        read = _reader(self.first, self.options, limits)
        plan, overlap = _between(self.options, limits, read.size, "", self.seconds)
        first, second = read.clip(self.first), read.clip(self.second)
        group = limits.grid.stride[0]
        for source, given in ((self.first, first), (self.second, second)):
            if len(given.frames) < overlap + group:
                rule = f"too short to blend over {overlap / read.fps:g} of its {len(given.frames) / read.fps:g} seconds"
                raise InvalidRequest(name_of(source), rule=rule, remedy="ask for fewer --seconds")
        prompts = self.first_prompt or first.prompt, self.second_prompt or second.prompt
        both = " ".join(dict.fromkeys(prompt for prompt in prompts if prompt))
        plan = _whole(plan, len(first.frames) + len(second.frames) - overlap, limits, said=both)
        info = _info(self.verb, (self.first, first), (self.second, second))
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

    def draft(self, limits: Limits) -> Bridge | Ring:
        """Read the video, if there is one."""
        group = limits.grid.stride[0]
        if self.video is None:
            plan = _plan(self.options, limits, self.options.size, self.prompt, self.seconds)
            if plan.frames < 3 * group:
                least = 3 * group / plan.fps
                raise InvalidRequest(
                    f"{plan.seconds:g} seconds", rule="too short to loop", remedy=f"ask for at least {least:g}"
                )
            # Three eighths of the clip, up to two seconds: enough to come back, and most of it stays as it was.
            closing = group * max(1, min(4, round(plan.frames * 3 / 8 / group)))
            return Ring(plan=plan, closing=closing, expand=self.options.expand, info=_info(self.verb))
        read = _reader(self.video, self.options, limits)
        plan, made = _between(self.options, limits, read.size, self.prompt, self.seconds)
        given = read.clip(self.video)
        plan = _whole(plan, len(given.frames) + made, limits, said=given.prompt)
        info = _info(self.verb, (self.video, given))
        return Bridge(
            plan=plan,
            made=made,
            before=given.frames,
            after=given.frames,
            closes=True,
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
    mask: Source | None = None
    options: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        if not 0 < self.strength <= 1:
            rule = "strength lies above 0 and at most at 1"
            raise InvalidRequest(f"strength {self.strength:g}", rule=rule, remedy=f"try {STRENGTH}")

    def draft(self, limits: Limits) -> Variation:
        """Read the clip and the mask."""
        read = _reader(self.video, self.options, limits)
        plan = _plan(self.options, limits, read.size, self.prompt, None)
        given = read.clip(self.video)
        plan = _whole(plan, len(given.frames), limits)
        info = _info(self.verb, (self.video, given)) | {"strength": self.strength}
        if self.mask is None:
            return Variation(
                plan=plan, clip=given.frames, strength=self.strength, expand=self.options.expand, info=info
            )
        painted = _painted(read, self.mask)
        white = painted.frames.mean(axis=-1) > 127
        if not white.any():
            rule = "the mask has nothing white, so nothing may change"
            raise InvalidRequest(name_of(self.mask), rule=rule, remedy="paint white what may change")
        if len(white) > 1:  # as long as the clip: its last picture stays
            white = white[np.minimum(np.arange(len(given.frames)), len(white) - 1)]
        info["report"] += [f"{name_of(self.mask)}: {line}" for line in painted.report]
        return Variation(
            plan=plan, clip=given.frames, strength=self.strength, mask=white, expand=self.options.expand, info=info
        )


def _reader(source: Source, options: Options, limits: Limits) -> Reader:
    size = options.size or size_for(source, limits)
    return Reader(size=size, fps=limits.fps, fit=options.fit, max_seconds=limits.max_seconds)


def _painted(read: Reader, mask: Source) -> Given:
    """A mask: a video if it is one, else a picture."""
    if isinstance(mask, Clip):
        return read.clip(mask)
    still = mask.ndim == 3 if isinstance(mask, np.ndarray) else count_stills(mask) == 1
    return read.picture(mask) if still else read.clip(mask)


def _plan(
    options: Options,
    limits: Limits,
    size: Size | None,
    prompt: str,
    seconds: Real | None,
    *,
    wordless: bool = False,
) -> Plan:
    """Every choice made, as for a shot of `seconds`, which if `wordless` may have no prompt."""
    shot = Shot(
        prompt or ("as it is" if wordless else prompt),
        seconds=seconds,
        size=size,
        seed=options.seed,
        steps=options.steps,
        guidance=options.guidance,
        negative=options.negative,
        model=options.model,
    )
    return replace(limits.plan(shot), prompt=prompt)


def _between(options: Options, limits: Limits, size: Size, prompt: str, seconds: Real | None) -> tuple[Plan, int]:
    """The plan and the number of frames of what lies between two given ends: whole latent frames."""
    wanted = min(BETWEEN_SECONDS, limits.max_seconds) if seconds is None else seconds
    plan, group = _plan(options, limits, size, prompt, wanted, wordless=True), limits.grid.stride[0]
    if plan.frames % group:
        below = plan.frames // group * group
        near = " or ".join(f"{frames / plan.fps:g}" for frames in (below, below + group) if frames)
        rule = f"between two clips lie multiples of {group / plan.fps:g} seconds"
        raise InvalidRequest(f"{wanted:g} seconds", rule=rule, remedy=f"nearest: {near}")
    return plan, plan.frames


def _whole(plan: Plan, frames: int, limits: Limits, *, said: str = "") -> Plan:
    """The plan of the finished clip, given and made together; `said` is its prompt if the user gave none."""
    if frames > round(limits.max_seconds * plan.fps):
        raise too_long(frames / plan.fps, limits.max_seconds)
    prompt = plan.prompt or said
    # Without words on either side there is nothing to steer by, and guidance would double the work for nothing.
    return replace(plan, frames=frames, prompt=prompt, guidance=plan.guidance if prompt or plan.negative else 1)


def _info(verb: str, *read: tuple[Source, Given]) -> dict[str, Any]:
    """What the finished clip says of its making: the verb, the sources' names, and what was done to them.

    `parents` are the sources themselves, for the file's credentials.
    """
    report = [f"{name_of(source)}: {line}" for source, given in read for line in given.report]
    parents = [source for source, _ in read]
    return {"edit": verb, "sources": [name_of(source) for source in parents], "report": report, "parents": parents}
