"""What the editing verbs promise, measured: given frames kept, seams that do not show, loops that close, remixes.

    for finding in judge(engine, prompts, seconds=2): print(finding)

Sources are clips of the model itself, so the figures are those of the verb and not of how well foreign footage is
understood; `pictures` adds others to be animated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from kinora.clip import Clip
from kinora.engine.edits import Animate, Blend, Edit, Extend, Join, Loop, Options, Remix
from kinora.engine.edits.lowering import UNKNOWN
from kinora.engine.edits.perform import edit
from kinora.engine.engine import Engine
from kinora.engine.events import collect
from kinora.evals.edits_measures import Finding, around, change, closing, distance, likeness, psnr, roughness, seam
from kinora.evals.motion import Frames
from kinora.request import Real, Shot

STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)

SEAMS = "seams' flow jump / 99th percentile"
CLOSING = "last to first / median distance"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A clip that is edited, another one beside it, and how both were asked for; `number` seeds what is made of it."""

    number: int
    clip: Clip
    other: Clip

    @property
    def frames(self) -> Frames:
        """The clip's."""
        return np.asarray(self.clip.frames)

    def told(self, steps: int | None, again: int = 0) -> Options:
        """Options with a seed of this source's own."""
        return Options(seed=100 * (1 + again) + self.number, steps=steps)


def judge(
    engine: Engine,
    prompts: Sequence[str],
    *,
    first: int = 0,
    seconds: Real = 2,
    steps: int | None = None,
    only: Collection[str] = (),
    pictures: Mapping[str, Sequence[tuple[Frames, str]]] | None = None,
    follows: Callable[[int, Frames], Real] | None = None,
) -> Iterator[Finding]:
    """Film each prompt, edit the clip in every way (or in those of `only`, names of `VERBS`) and tell what came of it.

    Clip n is filmed with seed `first` + n. `follows` says, 0 to 1, how far a clip shows prompt number n: each clip is
    remixed towards the next prompt.
    `pictures` are animated besides: under a name for each kind, pictures with their prompts.
    """
    clips = [
        collect(engine.generate(Shot(prompt, seconds=seconds, seed=seed, steps=steps)), prompt)
        for seed, prompt in enumerate(prompts, first)
    ]
    for number, clip in enumerate(clips):
        source = Source(number=first + number, clip=clip, other=clips[(number + 1) % len(clips)])
        for verb, measured in VERBS.items():
            if not only or verb in only:
                yield from measured(engine, source, seconds, steps)
        if not only or "remix" in only:
            following = (number + 1) % len(prompts)
            yield from _remixed(engine, source, prompts[following], steps, follows and partial(follows, following))
    for name, shown in (pictures or {}).items():
        for number, (picture, prompt) in enumerate(shown):
            told = Options(steps=steps, seed=number)
            yield from _moved(engine, picture, prompt, seconds, told, f"animate {name}")


def _animate(engine: Engine, source: Source, seconds: Real, steps: int | None) -> Iterator[Finding]:
    yield from _moved(engine, source.frames[0], source.clip.prompt, seconds, source.told(steps), "animate")


def _moved(engine: Engine, picture: Frames, prompt: str, seconds: Real, told: Options, name: str) -> Iterator[Finding]:
    clip = _clip(engine, Animate(image=picture, prompt=prompt, seconds=seconds, options=told))
    frames = np.asarray(clip.frames)
    yield Finding(name, "PSNR of frame 0 to the fitted picture, dB", psnr(frames[0], picture), 30, at_least=True)
    yield Finding(name, "distance of the second frame to the first", float(distance(frames[1], frames[0])))
    last = float(distance(frames[-1], frames[0]))
    yield Finding(name, "distance of the last frame to the first", last, 1, at_least=True)
    yield Finding(name, "held to be strange by the model (1: yes)", int(UNKNOWN in clip.info["warnings"]))


def _extend(engine: Engine, source: Source, seconds: Real, steps: int | None) -> Iterator[Finding]:
    clip, count = source.frames, len(source.frames)
    forward = _made(engine, Extend(video=source.clip, seconds=seconds, options=source.told(steps)))
    yield Finding("extend", "largest change of a given frame", change(forward[:count], clip), 0)
    yield Finding("extend", SEAMS, seam(forward, [count]), 1)


def _backward(engine: Engine, source: Source, seconds: Real, steps: int | None) -> Iterator[Finding]:
    clip, count, name = source.frames, len(source.frames), "extend backward"
    back = [
        _made(
            engine, Extend(video=source.clip, seconds=seconds, direction="backward", options=source.told(steps, 1 + n))
        )
        for n in range(3)
    ]
    yield Finding(name, "largest change of a given frame", max(change(b[-count:], clip) for b in back), 0)
    for made in back:
        yield Finding(name, SEAMS, seam(made, [len(made) - count]), 1)
    apart = min(float(distance(a[0], b[0])) for a, b in pairwise(back))
    yield Finding(name, "distance of the beginnings of three", apart, 2, at_least=True)


def _join(engine: Engine, source: Source, _seconds: Real, steps: int | None) -> Iterator[Finding]:
    joined = _made(engine, Join(first=source.clip, second=source.other, seconds=2, options=source.told(steps)))
    yield from _between("join", joined, source.frames, np.asarray(source.other.frames))


def _blend(engine: Engine, source: Source, _seconds: Real, steps: int | None) -> Iterator[Finding]:
    overlap = 8 * len(source.frames) // 16 // 4 * 4  # half of it
    seconds = overlap / source.clip.fps
    blended = _made(engine, Blend(first=source.clip, second=source.other, seconds=seconds, options=source.told(steps)))
    yield from _between("blend", blended, source.frames[:-overlap], np.asarray(source.other.frames)[overlap:])


def _between(name: str, made: Frames, first: Frames, second: Frames) -> Iterator[Finding]:
    count, stop = len(first), len(made) - len(second)
    kept = max(change(made[:count], first), change(made[stop:], second))
    yield Finding(name, "largest change of a given frame", kept, 0)
    yield Finding(name, SEAMS, seam(made, [count, stop]), 1)
    yield Finding(name, "largest step between / in the clips", roughness(made, count, stop))


def _loop(engine: Engine, source: Source, _seconds: Real, steps: int | None) -> Iterator[Finding]:
    looped = _made(engine, Loop(video=source.clip, seconds=2, options=source.told(steps)))
    yield Finding("loop", "largest change of a given frame", change(looped[: len(source.frames)], source.frames), 0)
    yield Finding("loop", CLOSING, closing(looped), 1)
    yield Finding("loop", "flow jump at the start / 99th percentile", around(looped), 1)


def _words(engine: Engine, source: Source, seconds: Real, steps: int | None) -> Iterator[Finding]:
    name, asked = "loop of words", max(seconds, 2)
    looped = _made(engine, Loop(prompt=source.clip.prompt, seconds=asked, options=source.told(steps)))
    yield Finding(name, CLOSING, closing(looped), 1)
    yield Finding(name, "flow jump at the start / 99th percentile", around(looped), 1)
    largest, plain = (_bumps(frames) for frames in (looped, source.frames))
    yield Finding(name, "largest step / median, against a plain clip's", largest / plain)


def _bumps(frames: Frames) -> float:
    """The largest step from frame to frame over the median one."""
    way = distance(frames[1:], frames[:-1])
    return float(way.max() / np.median(way))


def _masked(engine: Engine, source: Source, _seconds: Real, steps: int | None) -> Iterator[Finding]:
    height, width = source.frames.shape[1:3]
    mask = np.zeros((height, width, 3), np.uint8)
    mask[:, : width // 2] = 255
    request = Remix(video=source.clip, prompt=source.other.prompt, strength=0.8, mask=mask, options=source.told(steps))
    made, white = _made(engine, request), mask[..., 0] > 0
    outside = change(made[:, ~white], source.frames[:, ~white])
    yield Finding("remix with a mask", "largest change outside the mask", outside, 0)
    inside = float(np.abs(made[:, white].astype(np.float32) - source.frames[:, white]).mean())
    yield Finding("remix with a mask", "mean change inside", inside, 2, at_least=True)


def _remixed(
    engine: Engine, source: Source, prompt: str, steps: int | None, follows: Callable[[Frames], Real] | None
) -> Iterator[Finding]:
    for strength in STRENGTHS:
        remixed = _made(engine, Remix(video=source.clip, prompt=prompt, strength=strength, options=source.told(steps)))
        yield Finding("remix", f"structure kept at strength {strength:g}", likeness(remixed, source.frames))
        if follows is not None:
            yield Finding("remix", f"prompt followed at strength {strength:g}", follows(remixed))


VERBS: dict[str, Callable[[Engine, Source, Real, int | None], Iterator[Finding]]] = {
    "animate": _animate,
    "extend": _extend,
    "backward": _backward,
    "join": _join,
    "blend": _blend,
    "loop": _loop,
    "words": _words,
    "mask": _masked,
}
"""What can be measured by name; "remix" besides, whose curve needs another prompt."""


def _clip(engine: Engine, request: Edit) -> Clip:
    return collect(edit(engine, request.draft(engine.model.limits)), request.verb)


def _made(engine: Engine, request: Edit) -> Frames:
    return np.asarray(_clip(engine, request).frames)
