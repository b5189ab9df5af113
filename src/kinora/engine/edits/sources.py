"""What users bring, by name or as frames, read at the size and rate of the model. No torch."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kinora.clip import Clip
from kinora.errors import InvalidRequest
from kinora.grid import Size
from kinora.media import Fit, Given, fitted, load_frames, load_image, native_size
from kinora.media.fit import described
from kinora.media.ingest import resampled
from kinora.request import Limits, Real, Shot

Frames = npt.NDArray[np.uint8]

Source: TypeAlias = str | Path | Clip | npt.NDArray[np.uint8]
"""A file, a finished clip, or frames: uint8 T H W 3 at the model's rate, or one picture H W 3."""

Mask: TypeAlias = Source | npt.NDArray[np.bool_]
"""White, or True, where things may change. Arrays may do without colours: H W or T H W."""

LARGER = 2
"""A source keeps its own size up to this many times the pixels of the model's own; beyond, time and quality suffer."""


@dataclass(frozen=True)
class Reader:
    """Reads what one request brings: at `fps`, fitted to `size`, nothing longer than `max_seconds`."""

    size: Size
    fps: int
    fit: Fit
    max_seconds: Real

    def clip(self, source: Source) -> Given:
        """Read a video. Raises BadInputFile, or InvalidRequest if it has no frames or too many."""
        if isinstance(source, str | Path):
            return load_frames(source, fps=self.fps, size=self.size, fit=self.fit, max_seconds=self.max_seconds)
        if isinstance(source, Clip):
            shown = [(index / source.fps, 1 / source.fps, frame) for index, frame in enumerate(source.frames)]
            given = self._fitted(np.stack(list(resampled(shown, self.fps))), source.prompt)
            if source.fps != self.fps:
                given.report.append(f"{source.fps} frames a second, read at {self.fps}")
            return given
        return self._fitted(_checked(source, axes=4), "")

    def picture(self, source: Source) -> Given:
        """Read a picture, as one frame. Raises BadInputFile, or InvalidRequest if it is none."""
        if isinstance(source, str | Path):
            return load_image(source, size=self.size, fit=self.fit)
        if isinstance(source, Clip):
            given = self._fitted(source.frames[:1], source.prompt)
            if len(source.frames) > 1:
                given.report.append(f"of its {len(source.frames)} frames the first is taken")
            return given
        return self._fitted(_checked(source, axes=3)[None], "")

    def _fitted(self, frames: Frames, prompt: str) -> Given:
        if len(frames) > round(self.max_seconds * self.fps):
            raise too_long(len(frames) / self.fps, self.max_seconds)
        words = described((frames.shape[1], frames.shape[2]), self.size, self.fit)
        ready = np.stack([fitted(frame, self.size, self.fit) for frame in frames])
        return Given(ready, self.fps, [] if words is None else [words], prompt)


def size_for(source: Source, limits: Limits) -> Size:
    """The size to work at when nobody says: the source's own if the model makes such clips, else the model's."""
    if isinstance(source, str | Path):
        own = native_size(source)
    else:
        frames = source.frames if isinstance(source, Clip) else source
        check_array(frames)
        own = (frames.shape[-3], frames.shape[-2]) if frames.ndim in (3, 4) else (0, 0)
    if own[0] * own[1] > LARGER * limits.size[0] * limits.size[1]:
        return limits.size
    try:
        limits.plan(Shot("any", size=own))
    except InvalidRequest:
        return limits.size
    return own


def is_file_name(words: str) -> bool:
    """Whether words are a file's name and no prompt: what looks like one is one, even if there is no such file."""
    return os.path.isfile(words) or _FILE.fullmatch(words) is not None  # noqa: PTH113 - Path raises if it is too long


_FILE = re.compile(r"\S+\.\w{2,4}|.+\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|gif|webp|png)", re.IGNORECASE)


def too_long(seconds: Real, most: Real) -> InvalidRequest:
    """The error for a clip that would be longer than the model makes."""
    rule = f"this model makes up to {most:g} seconds"
    return InvalidRequest(f"{seconds:g} seconds in all", rule=rule, remedy="cut it first, or ask for less")


def name_of(source: Mask) -> str:
    """What a report calls the source."""
    if isinstance(source, str | Path):
        return Path(source).name
    return "a clip" if isinstance(source, Clip) or source.ndim == 4 else "a picture"


def check_array(source: object) -> None:
    """Raise InvalidRequest for what is no array, from a program that no type checker has read."""
    if not isinstance(source, np.ndarray):
        rule, remedy = "is no file's name, no clip and no array of frames", "of a PIL image, np.asarray(image) is one"
        raise InvalidRequest(f"a {type(source).__name__}", rule=rule, remedy=remedy)


def _checked(frames: Frames, *, axes: int) -> Frames:
    check_array(frames)
    wanted = {3: "one picture, H W 3", 4: "frames, T H W 3"}[axes]
    if frames.dtype != np.uint8 or frames.ndim != axes or frames.shape[-1] != 3 or 0 in frames.shape:
        shape = " ".join(str(side) for side in frames.shape)
        raise InvalidRequest(f"an array of {shape}", rule=f"must be {wanted}, of uint8", remedy="convert it first")
    return frames
