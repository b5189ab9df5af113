"""What happens to a video on its way through the world, as functions from frames to frames.

    for attack in attacks(fps=8):
        found = mark.detect(attack.apply(frames))

Names and strengths make the rows of the watermark's table. All take and return uint8 T H W 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from kinora.media import as_gif, as_jpeg, recoded

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Attack:
    """One change at one strength."""

    name: str
    strength: str
    apply: Callable[[Frames], Frames]


def coded(frames: Frames, codec: str, crf: int, fps: int) -> Frames:
    """Encoded anew; an odd row or column is cut off, as 4:2:0 needs."""
    height, width = (side - side % 2 for side in frames.shape[1:3])
    return recoded(np.ascontiguousarray(frames[:, :height, :width]), codec=codec, crf=crf, fps=fps)


def scaled(frames: Frames, factor: float) -> Frames:
    """Another size, bicubic, aspect kept."""
    size = round(frames.shape[2] * factor), round(frames.shape[1] * factor)
    return np.stack([np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BICUBIC)) for one in frames])


def cropped(frames: Frames, share: float) -> Frames:
    """A window of `share` of both sides, off the centre."""
    height, width = (round(side * share) for side in frames.shape[1:3])
    top, left = (frames.shape[1] - height) // 3, (frames.shape[2] - width) * 3 // 4
    return frames[:, top : top + height, left : left + width]


def trimmed(frames: Frames, count: int) -> Frames:
    """`count` frames out of the middle."""
    start = max(0, (len(frames) - count) // 2)
    return frames[start : start + count]


def retimed(frames: Frames, rate: float) -> Frames:
    """`rate` times as many frames a second, each a blend of its two neighbours in time."""
    at = np.minimum(np.arange(round(len(frames) * rate)) / rate, len(frames) - 1)
    before = np.floor(at).astype(int)
    after, part = np.minimum(before + 1, len(frames) - 1), (at - before)[:, None, None, None]
    return _levels(frames[before] * (1 - part) + frames[after] * part)


def brightened(frames: Frames, factor: float) -> Frames:
    """Every level multiplied."""
    return _levels(frames * factor)


def contrasted(frames: Frames, factor: float) -> Frames:
    """Levels pulled from, or to, the clip's mean."""
    mean = frames.mean()
    return _levels((frames - mean) * factor + mean)


def noisy(frames: Frames, sigma: float) -> Frames:
    """Normal noise on every value, the same for the same frames."""
    noise = np.random.default_rng(0).standard_normal(frames.shape, np.float32)
    return _levels(frames + noise * sigma)


def blurred(frames: Frames, radius: int) -> Frames:
    """A box of 2 radius + 1 pixels."""
    padded = np.pad(frames.astype(np.float32), ((0, 0), (radius, radius), (radius, radius), (0, 0)), mode="edge")
    height, width = frames.shape[1:3]
    steps = range(2 * radius + 1)
    rows = np.mean([padded[:, step : step + height] for step in steps], axis=0)
    return _levels(np.mean([rows[:, :, step : step + width] for step in steps], axis=0))


def screenshot(frames: Frames) -> Frames:
    """One frame from the middle at one and a half times its size, as a JPEG of quality 85."""
    return as_jpeg(scaled(trimmed(frames, 1), 1.5), quality=85)


def reposted(frames: Frames, fps: int) -> Frames:
    """Cut to 80 %, brought back to its size, encoded at CRF 26: what a careless repost does."""
    cut = cropped(frames, 0.8)
    return coded(scaled(cut, frames.shape[1] / cut.shape[1]), "h264", 26, fps)


def _levels(values: npt.NDArray[np.floating]) -> Frames:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def attacks(fps: int) -> tuple[Attack, ...]:
    """Every row of the table for clips of `fps` frames a second, the mildest of a kind first."""
    codecs = {"h264": ("H.264", (18, 23, 28, 32)), "h265": ("H.265", (23, 28, 32)), "vp9": ("VP9", (31, 40))}
    return (
        Attack("none", "", lambda frames: frames),
        *(
            Attack(name, f"CRF {crf}", partial(coded, codec=codec, crf=crf, fps=fps))
            for codec, (name, crfs) in codecs.items()
            for crf in crfs
        ),
        Attack("GIF", "256 colours", partial(as_gif, fps=fps)),
        *(Attack("scaled", f"{by:g}x", partial(scaled, factor=by)) for by in (0.5, 0.75, 1.5, 2.0)),
        *(Attack("cropped", f"to {by:.0%}", partial(cropped, share=by)) for by in (0.9, 0.8, 0.7)),
        Attack("cropped, H.264", "to 70%, CRF 23", lambda frames: coded(cropped(frames, 0.7), "h264", 23, fps)),
        Attack("trimmed", "8 frames", partial(trimmed, count=8)),
        Attack("single frame", "", partial(trimmed, count=1)),
        Attack("screenshot", "1.5x, JPEG 85", screenshot),
        *(Attack("frame rate", f"{by:g}x", partial(retimed, rate=by)) for by in (0.5, 1.25, 3.0)),
        *(Attack("brightness", f"{by:g}x", partial(brightened, factor=by)) for by in (0.7, 1.3)),
        Attack("contrast", "0.7x", partial(contrasted, factor=0.7)),
        *(Attack("noise", f"sigma {by:g}", partial(noisy, sigma=by)) for by in (5.0, 10.0)),
        Attack("blurred", "3x3", partial(blurred, radius=1)),
        Attack("mirrored", "", lambda frames: frames[:, :, ::-1]),
        Attack("reposted", "80%, CRF 26", partial(reposted, fps=fps)),
    )
