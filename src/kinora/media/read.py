"""Files into frames: any video PyAV reads, one frame at a time, upright and in sRGB."""

from __future__ import annotations

import stat
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
from kinora.media import colour

Frames = npt.NDArray[np.uint8]

MAX_PIXELS = 80_000_000
"""The largest picture read, an 8K video frame twice over: a small file may claim any size."""

MAX_FRAMES = 36_000
"""The most frames decoded of one file: ten minutes at 60 a second."""

FORMATS = "mov,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,ogg,asf,ivf,h264,hevc,obu,dv,mxf"
"""Containers opened. Playlists (m3u8, concat, dash) stay shut: they make FFmpeg open other files and addresses."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a file says of its first video stream.

    `size` is (height, width) as shown: after `rotation` (counter-clockwise degrees) is undone, and with `pixel_shape`
    (a pixel's width over its height, as shown) 1. `seconds` is None where the container doesn't say.
    """

    size: Size
    fps: Fraction
    seconds: float | None
    codec: str
    rotation: int
    has_audio: bool
    pixel_shape: float = 1.0


@dataclass(frozen=True)
class TimedFrame:
    """A decoded frame, not yet a picture; shown from `time` (seconds after the first) for `duration`."""

    time: float
    duration: float
    frame: av.VideoFrame


def probe(path: str | Path) -> VideoInfo:
    """Describe a video by its header and first frame.

    Raises BadInputFile when the file is missing, unreadable or holds no video frame.
    """
    with _opened(path) as (container, stream):
        first = next(container.decode(stream), None)
        if first is None:
            raise BadInputFile(path, rule="its video stream holds no frame")
        rotation = int(first.rotation) % 360
        turned = rotation % 180 == 90
        shape = float(stream.sample_aspect_ratio or 1)
        height, width = first.height, max(1, round(first.width * shape))
        seconds = None
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            seconds = container.duration / av.time_base
        return VideoInfo(
            size=(width, height) if turned else (height, width),
            fps=stream.average_rate or stream.guessed_rate or Fraction(25),
            seconds=seconds,
            codec=stream.codec_context.name,
            rotation=rotation,
            has_audio=bool(container.streams.audio),
            pixel_shape=1 / shape if turned else shape,
        )


def tags_of(path: str | Path) -> dict[str, str]:
    """Every tag of the container, its streams and chapters, by key. Raises BadInputFile as `probe` does."""
    with _opened(path) as (container, _):
        tags = dict(container.metadata)
        for stream in container.streams:
            tags |= {f"{key} of stream {stream.index}": text for key, text in stream.metadata.items()}
        for number, chapter in enumerate(container.chapters()):
            tags |= {f"{key} of chapter {number}": text for key, text in chapter["metadata"].items()}
        return tags


def decoded(path: str | Path) -> Iterator[TimedFrame]:
    """Yield each frame in presentation order with its time; memory holds one at a time.

    Raises BadInputFile when the file is missing, or at the frame where it turns out to be damaged or endless.
    """
    with _opened(path) as (container, stream):
        stream.thread_type = "AUTO"
        usual = float(1 / (stream.average_rate or stream.guessed_rate or Fraction(25)))
        start, end = None, 0.0
        for count, frame in enumerate(container.decode(stream)):
            if count == MAX_FRAMES:
                raise BadInputFile(path, rule=f"more than {MAX_FRAMES:,} frames", remedy="cut it first")
            start = frame.time if start is None else start
            time = end if frame.time is None or start is None else max(frame.time - start, 0.0)
            if frame.is_corrupt:
                rule = f"damaged {time:.1f} s after its start"
                raise BadInputFile(path, rule=rule, remedy="export it again, or cut it there")
            duration = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else usual
            yield TimedFrame(time, duration, frame)
            end = time + duration


def read_frames(path: str | Path) -> Iterator[Frames]:
    """Yield each frame (uint8 H W 3, upright, sRGB) in presentation order; memory holds one at a time.

    Raises BadInputFile when the file is missing, or at the frame where it turns out to be damaged.
    """
    for shown in decoded(path):
        pixels = colour.rgb(shown.frame)
        yield colour.upright(
            colour.to_srgb(pixels, shown.frame) if colour.is_wide(shown.frame) else pixels, shown.frame
        )


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
def _opened(path: str | Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """The file and its first video stream; what PyAV raises about it becomes BadInputFile."""
    check_file(path)  # before FFmpeg, to which a name may mean an address or a device
    try:
        with av.open(str(Path(path).absolute()), options={"format_whitelist": FORMATS}) as container:
            if not container.streams.video:
                raise BadInputFile(path, rule="holds no video stream")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise BadInputFile(path, rule="its video is damaged, or of a kind that can't be decoded")
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            width, height = stream.codec_context.width, stream.codec_context.height
            if width * height > MAX_PIXELS:
                raise too_large(path, (height, width))
            yield container, stream
    except (av.error.FFmpegError, OSError) as error:
        rule = f"not a readable video ({error.strerror or error})"
        raise BadInputFile(path, rule=rule, remedy="use an MP4, WebM or MOV file") from error


def check_file(path: str | Path) -> None:
    """Raise BadInputFile unless there is an ordinary file of that name with something in it."""
    try:
        found = Path(path).stat()
        if not stat.S_ISREG(found.st_mode):
            raise BadInputFile(path, rule="is not a file")
        if found.st_size == 0:
            raise BadInputFile(path, rule="is empty")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInputFile(path, rule="no such file") from error
    except (OSError, ValueError) as error:
        raise BadInputFile(path, rule=f"can't be read ({getattr(error, 'strerror', None) or error})") from error


def too_large(path: str | Path, size: Size) -> BadInputFile:
    """The error for a picture over `MAX_PIXELS`."""
    rule = f"{size[1]}x{size[0]} pixels; pictures of up to {MAX_PIXELS:,} are read"
    return BadInputFile(path, rule=rule, remedy="scale it down first")
