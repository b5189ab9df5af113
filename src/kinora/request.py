"""What a user asks for: a `Shot`, and the `Limits` of the model that is to make it.

A Shot checks on construction what holds for every model; `Limits.plan` checks the rest and makes the
choices left open, before any weight is read or any number crunched. Nothing is ever rounded, resized
or cut to fit: a request is met exactly or refused with the nearest values that can be.

>>> Shot("a red ball bounces", seconds=0)
Traceback (most recent call last):
kinora.errors.InvalidRequest: 0 seconds: a clip lasts longer than 0; try 4
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypedDict

from kinora.errors import InvalidRequest
from kinora.grid import Grid, Size, format_size
from kinora.values import check_kinds, plain

MAX_STEPS = 200
MAX_GUIDANCE = 20.0
MAX_SEED = 2**63 - 1
RANDOM_SEEDS = 2**32  # a seed nobody chose is below this: short enough to write down
DEFAULT_MODEL = "kinora-small"
MAX_SHIFT = 100.0
CACHES = ("off", "safe", "fast")
"""How many steps may be told from the ones before rather than computed: none, some, more; see `kinora.flow.reuse`."""

Real = int | float
"""A number people write as 4 or 4.5 (a checker that takes `float` literally refuses the first)."""


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """A way from noise to a clip: which grid of noise levels, which solver, and what the model is told of them.

    `grid` is a kind of `kinora.flow.schedule`, `solver` a name of `kinora.engine.solving`. `whole`: the model is told
    whole thousandths, cut off, as Wan's and diffusers' UniPC do, while the solver works with the exact levels.
    """

    grid: Literal["wan", "wan-dpm++", "linear", "diffusers-unipc", "diffusers-euler"]
    solver: str
    whole: bool = False


SAMPLERS = {
    "unipc": Sampler(grid="wan", solver="unipc"),
    "dpmpp": Sampler(grid="wan", solver="dpmpp"),
    "euler": Sampler(grid="wan", solver="euler"),
    "heun": Sampler(grid="wan", solver="heun"),
    "wan-unipc": Sampler(grid="wan", solver="unipc", whole=True),
    "wan-dpm++": Sampler(grid="wan-dpm++", solver="dpmpp", whole=True),
    "diffusers-unipc": Sampler(grid="diffusers-unipc", solver="unipc", whole=True),
    "diffusers-euler": Sampler(grid="diffusers-euler", solver="euler"),
    "renoise": Sampler(grid="linear", solver="renoise"),
}
"""By name. "wan-..." are Wan's own and "diffusers-..." those of diffusers, number for number; "renoise" is for models
distilled to a few steps."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How anything is filmed: what a shot, an edit and a story may be told alike. None is the model's own choice.

    `seed` None draws one, which the finished clip reports. Guidance 1 turns guidance off; `guidance_high` is for models
    with two experts: that of the one for high noise. An empty `negative` is the model's own, one of spaces is none.
    `sampler` and `shift` choose the grid of noise levels and the solver that goes down it. `cache` says how many steps
    may be told from the ones before; "off", the default, is exact. `expand` lets a model that wants dense prompts have
    the words put into its own first.
    """

    seed: int | None = None
    steps: int | None = None
    guidance: Real | None = None
    guidance_high: Real | None = None
    negative: str = ""
    sampler: str | None = None
    shift: Real | None = None
    cache: str = "off"
    model: str = DEFAULT_MODEL
    expand: bool = True

    def __post_init__(self) -> None:
        check_kinds(self, whole=("seed", "steps"), real=("guidance", "guidance_high", "shift"))
        check_kinds(self, text=("negative", "model"))
        if self.steps is not None and not 1 <= self.steps <= MAX_STEPS:
            raise InvalidRequest(
                f"{self.steps} steps", rule=f"steps go from 1 to {MAX_STEPS}", remedy="20 to 40 suit most prompts"
            )
        for guidance in (self.guidance, self.guidance_high):
            if guidance is not None and not 1 <= guidance <= MAX_GUIDANCE:
                raise InvalidRequest(
                    f"guidance {guidance:g}",
                    rule=f"guidance goes from 1 (off) to {MAX_GUIDANCE:g}",
                    remedy="3 to 6 suit most prompts",
                )
        if self.sampler is not None and self.sampler not in SAMPLERS:
            raise InvalidRequest(self.sampler, rule="no such sampler", remedy=f"there are {', '.join(SAMPLERS)}")
        if self.cache not in CACHES:
            raise InvalidRequest(f"cache {self.cache}", rule="no such cache", remedy=f"there are {', '.join(CACHES)}")
        if self.shift is not None and not 0 < self.shift <= MAX_SHIFT:
            rule = f"a shift lies above 0 and at most at {MAX_SHIFT:g}"
            raise InvalidRequest(f"shift {self.shift:g}", rule=rule, remedy="3 to 12 suit most models; 1 is even steps")
        if self.seed is not None and not 0 <= self.seed <= MAX_SEED:
            raise InvalidRequest(
                f"seed {self.seed}", rule="a seed goes from 0 to 2^63 - 1", remedy="leave --seed out for a random one"
            )

    @property
    def chosen(self) -> dict[str, Any]:
        """These choices by name, for whatever else takes them: `Shot(prompt, **story.chosen)`."""
        return {one.name: getattr(self, one.name) for one in fields(Sampling)}


class Sampled(TypedDict, total=False):
    """The fields of `Sampling` by name, for functions that take any of them."""

    seed: int | None
    steps: int | None
    guidance: Real | None
    guidance_high: Real | None
    negative: str
    sampler: str | None
    shift: Real | None
    cache: str
    model: str
    expand: bool


@dataclass(frozen=True)
class Shot(Sampling):
    """One prompt, filmed once. `seconds`, `size` (height, width) and `fps` None take the model's own defaults."""

    prompt: str
    seconds: Real | None = None
    size: Size | None = None
    fps: int | None = None

    def __post_init__(self) -> None:
        check_kinds(self, text=("prompt",), real=("seconds",), whole=("fps",), size=("size",))
        if not self.prompt.strip():
            raise InvalidRequest(
                "empty prompt", rule="say what the video shows", remedy='for example "a red ball bounces in a meadow"'
            )
        if self.seconds is not None and not (math.isfinite(self.seconds) and self.seconds > 0):
            raise InvalidRequest(f"{self.seconds:g} seconds", rule="a clip lasts longer than 0", remedy="try 4")
        if self.fps is not None and self.fps < 1:
            raise InvalidRequest(
                f"{self.fps} fps",
                rule="a clip shows at least one frame a second",
                remedy="leave --fps out for the model's own",
            )
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A shot that one model can make, with nothing left open. `frames` is the length of the finished clip.

    Of two experts the one for high noise, at `boundary` and above, is guided by `guidance_high`; both are None for a
    model with one.
    """

    prompt: str
    negative: str
    size: Size
    fps: int
    frames: int
    seed: int
    steps: int
    guidance: Real
    sampler: str = "unipc"
    shift: Real = 1
    guidance_high: Real | None = None
    boundary: Real | None = None
    cache: str = "off"

    @property
    def sampling(self) -> dict[str, Real | str]:
        """What is said of the sampling beside steps and guidance: everything that has a say in the frames."""
        said = {
            "sampler": self.sampler,
            "shift": self.shift,
            "guidance_high": self.guidance_high,
            "boundary": self.boundary,
            "cache": None if self.cache == "off" else self.cache,
        }
        return {name: value for name, value in said.items() if value is not None}

    @property
    def seconds(self) -> float:
        """How long the clip will play."""
        return self.frames / self.fps


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one model can be asked for, and what it does when not told.

    `seconds` and `max_seconds` are its default and longest clip, `fps` the only rate it was trained at,
    `size` its default (height, width). `min_side` and `max_pixels` bound height x width. `negative` is what it is
    steered away from when nobody says. A model with two experts uses the one for low noise once sigma is below
    `boundary`, and until then the one for high noise, guided by `guidance_high`.
    """

    size: Size
    fps: int
    seconds: Real
    max_seconds: Real
    steps: int
    guidance: Real
    grid: Grid = field(default_factory=Grid)
    min_side: int = 64
    max_pixels: int = 512 * 512
    max_aspect: float = 3.0
    sampler: str = "unipc"
    shift: Real = 1
    negative: str = ""
    guidance_high: Real | None = None
    boundary: Real | None = None

    def plan(self, shot: Shot) -> Plan:
        """Return `shot` with every open choice made: the model's defaults, and a random seed.

        Raises InvalidRequest, naming the nearest values that work, if this model can't make it.
        """
        size = self.size if shot.size is None else shot.size
        fps = self.fps if shot.fps is None else shot.fps
        seconds = self.seconds if shot.seconds is None else shot.seconds
        self._check_size(*size)
        self._check_rate(fps)
        self._check_length(seconds, fps)
        if shot.guidance_high is not None and self.boundary is None:
            value = f"a second guidance of {shot.guidance_high:g}"
            raise InvalidRequest(value, rule="is for models with two experts; this has one", remedy="leave it out")
        high = self.guidance_high if shot.guidance is None else shot.guidance
        high = high if shot.guidance_high is None else shot.guidance_high
        return Plan(
            prompt=shot.prompt,
            negative=shot.negative.strip() if shot.negative else self.negative,
            size=size,
            fps=plain(fps),
            frames=round(float(seconds * fps)),
            seed=secrets.randbelow(RANDOM_SEEDS) if shot.seed is None else plain(shot.seed),
            steps=self.steps if shot.steps is None else plain(shot.steps),
            guidance=self.guidance if shot.guidance is None else plain(shot.guidance),
            sampler=self.sampler if shot.sampler is None else shot.sampler,
            shift=self.shift if shot.shift is None else plain(shot.shift),
            guidance_high=None if self.boundary is None or high is None else plain(high),
            boundary=self.boundary,
            cache=shot.cache,
        )

    def _check_size(self, height: int, width: int) -> None:
        asked = format_size((height, width))
        default = f"for example {format_size(self.size)}"
        if min(height, width) < self.min_side:
            raise InvalidRequest(asked, rule=f"sides are at least {self.min_side} pixels", remedy=default)
        if max(height, width) > self.max_aspect * min(height, width):
            raise InvalidRequest(
                asked, rule=f"the longer side is at most {self.max_aspect:g} times the shorter", remedy=default
            )
        if height * width > self.max_pixels:
            rule = f"{height * width:,} pixels a frame; this model goes up to {self.max_pixels:,}"
            raise InvalidRequest(asked, rule=rule, remedy=default)
        if not self.grid.accepts(height, width):
            rows, columns = self.grid.multiple
            multiple = f"{rows}" if rows == columns else f"{columns} (width) and {rows} (height)"
            near = self.grid.nearest_sizes(height, width, smallest=self.min_side, allowed=self._fits)
            nearest = f"nearest: {format_size(near[0])} or {format_size(near[1])}"
            raise InvalidRequest(asked, rule=f"sides must be multiples of {multiple}", remedy=nearest)

    def _fits(self, height: int, width: int) -> bool:
        """Whether shape and area are within the limits, be the size on the grid or off it."""
        return max(height, width) <= self.max_aspect * min(height, width) and height * width <= self.max_pixels

    def _check_rate(self, fps: int) -> None:
        if fps != self.fps:
            # Playing the same frames faster would change every motion, and repeating them is no frame rate.
            raise InvalidRequest(
                f"{fps} fps",
                rule=f"this model makes {self.fps} frames a second",
                remedy=f"use --fps {self.fps} or leave it out",
            )

    def _check_length(self, seconds: Real, fps: int) -> None:
        if seconds > self.max_seconds:
            raise InvalidRequest(
                f"{seconds:g} seconds",
                rule=f"this model makes up to {self.max_seconds:g} seconds",
                remedy=f"try {self.max_seconds:g}",
            )
        frames = seconds * fps
        if round(frames) < 1 or abs(frames - round(frames)) > 1e-3:
            lower = max(1, math.floor(frames))
            remedy = f"nearest: {lower / fps:g} or {(lower + 1) / fps:g}"
            raise InvalidRequest(f"{seconds:g} seconds", rule=f"a clip is whole frames at {fps} fps", remedy=remedy)
