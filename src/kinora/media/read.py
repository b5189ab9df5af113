"""Files into frames: any video PyAV reads, one frame at a time, upright."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from kinora.errors import BadInputFile
from kinora.grid import Size

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a file says of its first video stream.

    `size` is (height, width) as shown, after `rotation` (counter-clockwise degrees) is undone; `seconds` is None
    where the container doesn't say.
    """

    size: Size
    fps: Fraction
    seconds: float | None
    codec: str
    rotation: int
    has_audio: bool


def probe(path: str | Path) -> VideoInfo:
    """Describe a video by its header and first frame.

    Raises BadInputFile when the file is missing, unreadable or holds no video frame.
    """
    with _reading(path), av.open(str(path)) as container:
        stream = _video_stream(container, path)
        first = next(container.decode(stream), None)
        if first is None:
            raise BadInputFile(path, rule="its video stream holds no frame")
        rotation = int(first.rotation) % 360
        turned = rotation % 180 == 90
        seconds = None
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            seconds = container.duration / av.time_base
        return VideoInfo(
            size=(first.width, first.height) if turned else (first.height, first.width),
            fps=stream.average_rate or stream.guessed_rate or Fraction(25),
            seconds=seconds,
            codec=stream.codec_context.name,
            rotation=rotation,
            has_audio=bool(container.streams.audio),
        )


def read_frames(path: str | Path) -> Iterator[Frames]:
    """Yield each frame (uint8 H W 3, upright) in presentation order; memory holds one at a time.

    Raises BadInputFile when the file is missing, or at the frame where it turns out to be damaged.
    """
    with _reading(path), av.open(str(path)) as container:
        stream = _video_stream(container, path)
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            upright = np.rot90(frame.to_ndarray(format="rgb24"), k=round(frame.rotation / 90))
            yield np.ascontiguousarray(upright)


def read_video(path: str | Path, *, max_frames: int | None = None) -> tuple[Frames, VideoInfo]:
    """Read a whole (short) video as uint8 T H W 3, or its first `max_frames` frames.

    Raises BadInputFile as `read_frames` does.
    """
    info = probe(path)
    frames: list[Frames] = []
    for frame in read_frames(path):
        frames.append(frame)
        if len(frames) == max_frames:
            break
    return np.stack(frames), info


@contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    """Turn what PyAV raises about a file into BadInputFile."""
    try:
        yield
    except FileNotFoundError as error:
        raise BadInputFile(path, rule="no such file") from error
    except (av.error.FFmpegError, OSError) as error:
        rule = f"not a readable video ({error.strerror or error})"
        raise BadInputFile(path, rule=rule, remedy="use an MP4, WebM, MOV or GIF file") from error


def _video_stream(container: av.container.InputContainer, path: str | Path) -> av.VideoStream:
    if not container.streams.video:
        raise BadInputFile(path, rule="holds no video stream")
    return container.streams.video[0]
