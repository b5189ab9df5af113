"""Real files in: any video or picture a user has, as frames at the model's size and rate, and words for what was done.

    given = load_frames("holiday.mov", fps=8, size=(128, 128), max_seconds=60)
    given.frames                   # uint8 T H W C, upright, sRGB
    given.report                   # ["turned upright", "read at 8 of 29.97 frames a second", ...]

Phones record sideways, in HDR, at a rate that changes as they please; none of it reaches the model, and nothing is
cropped, dropped or converted without a line in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from kinora.errors import BadInputFile
from kinora.grid import Size
from kinora.media import colour
from kinora.media.fit import Fit, described, fitted
from kinora.media.read import TimedFrame, VideoInfo, decoded, probe
from kinora.media.still import Still, count_stills, stills
from kinora.request import Real

Frames = npt.NDArray[np.uint8]
Shown = TypeVar("Shown")

LATE = 6e-3
"""Seconds by which a picture may come after its moment and still be taken for it: a GIF's clock has ticks of 10 ms."""

SLACK = 0.06
"""Seconds a file may last longer than allowed: a frame more than asked for, as encoders like to leave."""


@dataclass(frozen=True, eq=False)
class Given:
    """Frames (uint8 T H W C) of what a user gave, at `fps`; `report` says in words what was done to get them.

    `prompt` is what they were told to show, if that is known: of a finished `Clip`, not of a file.
    """

    frames: Frames
    fps: int
    report: list[str]
    prompt: str = ""


def load_image(path: str | Path, *, size: Size, fit: Fit = "cover") -> Given:
    """Read a picture as one frame of `size` (height, width); of an animation, the first.

    Raises BadInputFile when it is missing, damaged, too large, or a video.
    """
    count, still = check_picture(path), next(stills(path))
    report = list(still.report)
    if count > 1:
        report.append(f"an animation of {count} pictures: the first is taken")
    if (words := described(_size(still.pixels), size, fit)) is not None:
        report.append(words)
    return Given(fitted(still.pixels, size, fit)[None], 1, report)


def check_picture(path: str | Path) -> int:
    """Return how many pictures the file holds, several in an animation. Raises BadInputFile if it is none."""
    count = count_stills(path)
    if count == 0:
        raise BadInputFile(path, rule=_why_no_picture(path), remedy="use a PNG, JPEG, WebP or AVIF file")
    return count


def load_frames(path: str | Path, *, fps: int, size: Size, fit: Fit = "cover", max_seconds: Real = 60) -> Given:
    """Read a video or an animation at `fps` and `size` (height, width), resampled in time by its timestamps.

    At each of the model's moments stands the frame that a player shows then. Raises BadInputFile when the file is
    missing, damaged, a still picture, too large, or longer than `max_seconds`.
    """
    if check_video(path):
        return _animation(path, fps, size, fit, max_seconds)
    return _video(path, fps, size, fit, max_seconds)


def check_video(path: str | Path) -> int:
    """Return how many pictures an animation holds, 0 for a video. Raises BadInputFile if the file begins as neither."""
    count = count_stills(path)
    if count == 1:
        raise BadInputFile(path, rule="is a still picture, not a video", remedy="`kinora animate` makes it move")
    if count == 0:
        probe(path)
    return count


def native_size(path: str | Path) -> Size:
    """The (height, width) at which a picture or video is shown. Raises BadInputFile as the readers do."""
    return _size(next(stills(path)).pixels) if count_stills(path) else probe(path).size


def resampled(shown: Iterable[tuple[float, float, Shown]], fps: int) -> Iterator[Shown]:
    """Of things shown at (time, duration), what is on at 0, 1 / fps, 2 / fps, ..., until the last one ends.

    >>> list(resampled([(0.0, 0.5, "a"), (0.5, 0.1, "b"), (0.6, 0.4, "c")], fps=4))
    ['a', 'a', 'c', 'c']
    """
    moment, end = 0, 0.0
    latest: list[Shown] = []
    for time, duration, thing in shown:
        while latest and moment / fps < time - LATE:
            yield latest[0]
            moment += 1
        latest, end = [thing], max(end, time + duration)
    while latest and moment < max(1, round(end * fps)):
        yield latest[0]
        moment += 1


def _video(path: str | Path, fps: int, size: Size, fit: Fit, max_seconds: Real) -> Given:
    info, seen = probe(path), _Seen()
    timed = ((one.time, one.duration, one) for one in seen.watch(decoded(path)))
    frames = _taken(_within(timed, path, max_seconds), lambda one: _picture(one, info, size, fit), fps)
    report = []
    if info.rotation:
        report.append(f"turned upright (it is stored turned by {info.rotation} degrees)")
    if seen.curve:
        report.append(f"HDR ({seen.curve}) tone-mapped to sRGB")
    elif seen.wide:
        report.append("wide colours converted to sRGB")
    if seen.assumed:
        report.append(seen.assumed)
    if abs(info.pixel_shape - 1) > 1e-3:
        report.append(f"its pixels are not square ({info.pixel_shape:.3f}): shown at {info.size[1]}x{info.size[0]}")
    if seen.steps and max(seen.steps) > 1.5 * min(seen.steps) + LATE:
        report.append(f"its frame rate varies: read at {fps} frames a second by its timestamps")
    elif abs(float(info.fps) - fps) > 0.01:
        report.append(f"{float(info.fps):.4g} frames a second, read at {fps}")
    if (words := described(info.size, size, fit)) is not None:
        report.append(words)
    if info.seconds is not None and seen.end < info.seconds - (1.0 if info.has_audio else 0.3):  # sound may go on
        report.append(f"it says it lasts {info.seconds:.1f} s but breaks off after {seen.end:.1f} s")
    if info.has_audio:
        report.append("its sound is left out")
    return Given(frames, fps, report)


def _animation(path: str | Path, fps: int, size: Size, fit: Fit, max_seconds: Real) -> Given:
    report: list[str] = []
    sizes: list[Size] = []

    def timed() -> Iterator[tuple[float, float, Still]]:
        time = 0.0
        for still in stills(path):
            sizes.append(_size(still.pixels))
            report.extend(line for line in still.report if line not in report)
            yield time, still.duration, still
            time += still.duration

    frames = _taken(_within(timed(), path, max_seconds), lambda still: fitted(still.pixels, size, fit), fps)
    report.append(f"an animation of {len(sizes)} pictures, read at {fps} frames a second")
    if (words := described(sizes[0], size, fit)) is not None:
        report.append(words)
    return Given(frames, fps, report)


def _within(
    shown: Iterable[tuple[float, float, Shown]], path: str | Path, max_seconds: Real
) -> Iterator[tuple[float, float, Shown]]:
    """Pass on what is shown; raises BadInputFile, before any of it is kept, once it lasts longer than it may."""
    empty = True
    for time, duration, thing in shown:
        if time + duration > max_seconds + SLACK:
            raise BadInputFile(path, rule=f"lasts longer than {max_seconds:g} seconds", remedy="cut it first")
        empty = False
        yield time, duration, thing
    if empty:
        raise BadInputFile(path, rule="its video stream holds no frame")


def _taken(shown: Iterable[tuple[float, float, Shown]], picture: Callable[[Shown], Frames], fps: int) -> Frames:
    """The pictures of the moments; what is shown over several is converted once."""
    frames: list[Frames] = []
    latest: list[Shown] = []
    for one in resampled(shown, fps):
        frames.append(frames[-1] if latest and latest[0] is one else picture(one))
        latest = [one]
    return np.stack(frames)


class _Seen:
    """What a video turned out to be while its frames went by."""

    def __init__(self) -> None:
        self.curve = ""
        self.wide = False
        self.assumed: str | None = None
        self.steps: set[float] = set()
        self.end = 0.0

    def watch(self, frames: Iterable[TimedFrame]) -> Iterator[TimedFrame]:
        """Pass frames on."""
        before = None
        for one in frames:
            self.wide |= colour.is_wide(one.frame)
            self.curve = self.curve or colour.curve(one.frame)
            self.assumed = self.assumed or colour.assumed(one.frame)
            if before is not None and one.time > before:
                self.steps.add(round(one.time - before, 3))
            before, self.end = one.time, one.time + one.duration
            yield one


def _picture(shown: TimedFrame, info: VideoInfo, size: Size, fit: Fit) -> Frames:
    """Fitted before it is tone-mapped, which then costs only what is kept."""
    pixels = fitted(colour.upright(colour.rgb(shown.frame), shown.frame), size, fit, shape=info.pixel_shape)
    return colour.to_srgb(pixels, shown.frame) if colour.is_wide(shown.frame) else pixels


def _why_no_picture(path: str | Path) -> str:
    try:
        probe(path)
    except BadInputFile:
        return "not a readable picture"
    return "is a video, not a picture"


def _size(pixels: Frames) -> Size:
    return pixels.shape[0], pixels.shape[1]
