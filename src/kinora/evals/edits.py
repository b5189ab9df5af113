"""What the editing verbs promise, measured: given frames kept, seams that do not show, loops that close, remixes.

    for finding in judge(engine, prompts, seconds=2): print(finding)

Sources are clips of the model itself, so the figures are those of the verb and not of how well foreign footage is
understood; `pictures` adds photos to be animated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kinora.engine.edits import Animate, Edit, Extend, Join, Loop, Options, Remix
from kinora.engine.edits.perform import edit
from kinora.engine.engine import Engine
from kinora.engine.events import collect
from kinora.evals.motion import LUMA, WORKING_SIDE, Floats, Frames, resized, smoothed
from kinora.request import Real, Shot

TILES = 4
"""Motion is measured in so many by so many parts of the picture."""

STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Finding:
    """One measured promise of a verb; `goal` is None where there is nothing to reach, only a curve to see."""

    verb: str
    measure: str
    value: Real
    goal: Real | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        goal = "" if self.goal is None else f"  ({'met' if self.met else 'MISSED'}: {sign} {self.goal:g})"
        return f"{self.verb:<16} {self.measure:<44} {self.value:8.3f}{goal}"


def judge(
    engine: Engine,
    prompts: Sequence[str],
    *,
    seconds: Real = 2,
    steps: int | None = None,
    pictures: Sequence[Frames] = (),
    follows: Callable[[int, Frames], Real] | None = None,
) -> Iterator[Finding]:
    """Film each prompt, edit the clip in every way and tell what came of it.

    `follows` says, 0 to 1, how far a clip shows prompt number n: each clip is remixed towards the next prompt.
    """
    clips = [
        _collect(engine, Shot(prompt, seconds=seconds, seed=seed, steps=steps)) for seed, prompt in enumerate(prompts)
    ]
    for seed, (prompt, clip) in enumerate(zip(prompts, clips, strict=True)):
        told = Options(seed=100 + seed, steps=steps)
        yield from _animated(engine, clip[0], prompt, seconds, told, "animate")
        count = len(clip)
        forward = _made(engine, Extend(video=clip, prompt=prompt, seconds=seconds, options=told))
        yield Finding("extend", "largest change of a given frame", change(forward[:count], clip), 0)
        yield Finding("extend", "seam's flow jump / 99th percentile", seam(forward, [count]), 1)
        back = [
            _made(engine, Extend(video=clip, prompt=prompt, seconds=seconds, direction="backward", options=again))
            for again in (Options(seed=200 + index, steps=steps) for index in range(3))
        ]
        yield Finding(
            "extend backward", "largest change of a given frame", max(change(b[-count:], clip) for b in back), 0
        )
        yield Finding("extend backward", "seam's flow jump / 99th percentile", seam(back[0], [count]), 1)
        apart = min(float(distance(a[0], b[0])) for a, b in pairwise(back))
        yield Finding("extend backward", "distance of the beginnings of three", apart, 2, at_least=True)
        other = clips[(seed + 1) % len(clips)]
        joined = _made(engine, Join(first=clip, second=other, prompt=prompt, seconds=2, options=told))
        kept = max(change(joined[:count], clip), change(joined[-len(other) :], other))
        yield Finding("join", "largest change of a given frame", kept, 0)
        seams = [count, len(joined) - len(other)]
        yield Finding("join", "seams' flow jump / 99th percentile", seam(joined, seams), 1)
        yield Finding(
            "loop",
            "last to first / median distance",
            closing(_made(engine, Loop(video=clip, seconds=2, options=told))),
            1,
        )
        words = Loop(prompt=prompt, seconds=max(seconds, 2), options=told)
        yield Finding("loop of words", "last to first / median distance", closing(_made(engine, words)), 1)
        for strength in STRENGTHS:
            following = (seed + 1) % len(prompts)
            remixed = _made(engine, Remix(video=clip, prompt=prompts[following], strength=strength, options=told))
            yield Finding("remix", f"structure kept at strength {strength:g}", likeness(remixed, clip))
            if follows is not None:
                yield Finding("remix", f"prompt followed at strength {strength:g}", follows(following, remixed))
    for picture in pictures:
        yield from _animated(engine, picture, prompts[0], seconds, Options(steps=steps, seed=0), "animate a photo")


def psnr(one: Frames, other: Frames) -> float:
    """Peak signal to noise in dB; 99 for equal pictures."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return min(99.0, 10 * np.log10(255**2 / error)) if error else 99.0


def change(frames: Frames, given: Frames) -> float:
    """The largest difference of any value, 0 if all are as given."""
    return float(np.abs(frames.astype(int) - given).max())


def distance(one: Frames, other: Frames) -> Floats:
    """Mean absolute difference of pictures."""
    return np.asarray(np.abs(one.astype(np.float32) - other).mean(axis=(-3, -2, -1)))


def closing(frames: Frames) -> float:
    """How far the last frame is from the first, in median steps from frame to frame: at most 1 plays round unseen."""
    return float(distance(frames[-1], frames[0]) / max(float(np.median(distance(frames[1:], frames[:-1]))), 1e-6))


def likeness(one: Frames, other: Frames) -> float:
    """Correlation of the smoothed brightness of two clips: 1 for the same composition, about 0 for unrelated ones."""
    a, b = (luma - luma.mean(axis=(1, 2), keepdims=True) for luma in (_luma(one), _luma(other)))
    return float(np.mean((a * b).sum((1, 2)) / np.sqrt((a**2).sum((1, 2)) * (b**2).sum((1, 2)) + 1e-9)))


def flow(frames: Frames) -> Floats:
    """Motion from each frame to the next, [T - 1, tiles, 2] in pixels of a picture 64 wide (Lucas-Kanade)."""
    luma = _luma(frames)
    now, following = luma[:-1], luma[1:]
    dy, dx = (np.gradient((now + following) / 2, axis=axis) for axis in (1, 2))
    dt = following - now

    def summed(values: Floats) -> Floats:
        side = WORKING_SIDE // TILES
        return values.reshape(-1, TILES, side, TILES, side).sum((2, 4)).reshape(len(values), -1)

    xx, yy, xy = summed(dx * dx) + 1e-3, summed(dy * dy) + 1e-3, summed(dx * dy)
    xt, yt = summed(dx * dt), summed(dy * dt)
    determinant = xx * yy - xy * xy
    return np.stack([xy * yt - yy * xt, xy * xt - xx * yt], axis=-1) / determinant[..., None]


def seam(frames: Frames, at: Sequence[int]) -> float:
    """The largest change of motion where given frames meet made ones, over the 99th percentile of all others.

    `at` are the indices of the first frame after each seam.
    """
    jumps = np.linalg.norm(np.diff(flow(frames), axis=0), axis=-1).mean(axis=-1)  # [T - 2]; jump i is about frame i + 1
    touched = sorted({index for one in at for index in (one - 2, one - 1) if 0 <= index < len(jumps)})
    others = np.delete(jumps, touched)
    return float(jumps[touched].max() / max(float(np.quantile(others, 0.99)), 1e-6))


def _animated(
    engine: Engine, picture: Frames, prompt: str, seconds: Real, told: Options, name: str
) -> Iterator[Finding]:
    frames = _made(engine, Animate(image=picture, prompt=prompt, seconds=seconds, options=told))
    yield Finding(name, "PSNR of frame 0 to the fitted picture, dB", psnr(frames[0], picture), 30, at_least=True)
    yield Finding(
        name, "distance of the last frame to the first", float(distance(frames[-1], frames[0])), 1, at_least=True
    )


def _made(engine: Engine, request: Edit) -> Frames:
    return np.asarray(collect(edit(engine, request.draft(engine.model.limits)), request.verb).frames)


def _collect(engine: Engine, shot: Shot) -> Frames:
    return np.asarray(collect(engine.generate(shot), shot.prompt).frames)


def _luma(frames: Frames) -> Floats:
    return smoothed(resized((frames.astype(np.float32) @ LUMA / 255).astype(np.float32), WORKING_SIDE))
