"""What tells a good edit from a bad one, by its frames: what changed, what shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kinora.evals.motion import LUMA, WORKING_SIDE, Floats, Frames, resized, smoothed
from kinora.request import Real

TILES = 4
"""Motion is measured in so many by so many parts of the picture."""


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


def summary(findings: Iterable[Finding]) -> str:
    """A Markdown table: for each measure the smallest, the middle and the largest value, and how often it was met."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.verb, finding.measure), []).append(finding)
    rows = ["| verb | what | least | median | most | asked for | met |", "|---|---|---|---|---|---|---|"]
    for (verb, measure), found in groups.items():
        values = np.array([one.value for one in found], dtype=float)
        low, middle, high = (f"{value:.3g}" for value in (values.min(), np.median(values), values.max()))
        goal = found[0].goal
        asked = "" if goal is None else f"at {'least' if found[0].at_least else 'most'} {goal:g}"
        met = "" if goal is None else f"{sum(bool(one.met) for one in found)} of {len(found)}"
        rows.append(f"| {verb} | {measure} | {low} | {middle} | {high} | {asked} | {met} |")
    return "\n".join(rows)


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


def roughness(frames: Frames, begin: int, stop: int) -> float:
    """The largest step to, within or from frames [begin, stop), over the largest elsewhere: a cut is many."""
    steps = distance(frames[1:], frames[:-1])
    inside = steps[begin - 1 : stop]
    return float(inside.max() / max(float(np.delete(steps, range(begin - 1, stop)).max()), 1e-6))


def around(frames: Frames) -> float:
    """`seam` of a clip that is played round, where its end meets its start."""
    half = len(frames) // 2
    return seam(np.roll(frames, half, axis=0), [half])


def _luma(frames: Frames) -> Floats:
    return smoothed(resized((frames.astype(np.float32) @ LUMA / 255).astype(np.float32), WORKING_SIDE))
