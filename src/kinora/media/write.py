"""Frames into files: H.264 MP4, animated GIF and WebP, PNG, JPEG. The extension chooses.

What is written here is bare. Pictures that leave Kinora go through `kinora.safety.release`, which marks and signs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from kinora.errors import OutputError
from kinora.media.image import write_gif, write_jpeg, write_png, write_webp
from kinora.media.target import Written, check_target, replacing

CRF = 16
"""x264's constant quality: 37 dB and up on Kinora's own clips, some 2 kB a frame at 128x128."""

Frames = npt.NDArray[np.uint8]

Finish = Callable[[Path], object]
"""Done to the finished temporary file, before it takes its name; if it raises there is no file."""


def write_clip(path: str | Path, frames: Frames, *, fps: int, finish: Finish | None = None) -> Written:
    """Write `frames` (T H W C) to `path` as its extension says; a PNG or JPEG of several frames is a contact sheet.

    The file appears whole or not at all. Raises OutputError if the place, the extension, the size or a full disk
    forbids it.
    """
    assert frames.ndim == 4, f"{frames.shape=}"
    assert len(frames) > 0, "a clip without frames"
    path = check_target(path)
    kind = path.suffix.lower()
    if kind == ".mp4":
        return write_video(path, frames, fps=fps, finish=finish)
    with replacing(path) as temporary:
        _WRITERS[kind](temporary, frames, fps)
        if finish is not None:
            finish(temporary)
    return Written(path, len(frames))


_WRITERS = {".gif": write_gif, ".webp": write_webp, ".png": write_png, ".jpg": write_jpeg, ".jpeg": write_jpeg}


def write_video(path: str | Path, frames: Iterable[Frames], *, fps: int, finish: Finish | None = None) -> Written:
    """Encode frames (H W C each) one at a time into an MP4 any player and browser shows: H.264, yuv420p, faststart.

    Memory does not grow with the length. Raises OutputError as `write_clip` does.
    """
    path = check_target(path)
    with replacing(path) as temporary:
        count = _encode(temporary, path, frames, fps)
        kept = _count_packets(temporary)
        assert kept == count, f"{count} frames encoded, {kept} in {path}"
        if finish is not None:
            finish(temporary)
    return Written(path, count)


def _encode(temporary: Path, path: Path, frames: Iterable[Frames], fps: int) -> int:
    count = 0
    # faststart: the index goes first, so that a browser plays before it has the whole file.
    with av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = _add_stream(container, path, frame.shape[0], frame.shape[1], fps)
            container.mux(stream.encode(yuv(frame)))
            count += 1
        assert stream is not None, "a clip without frames"
        container.mux(stream.encode(None))
    return count


def _add_stream(
    container: av.container.OutputContainer, path: Path, height: int, width: int, fps: int
) -> av.VideoStream:
    if height % 2 or width % 2:
        rule = "H.264 with 4:2:0 colour needs even sides"
        raise OutputError(f"{path} at {width}x{height}", rule=rule, remedy="use .webp or .gif")
    # mbtree off: with it, x264 wrote other bytes for the same frames in 3 of 100 runs (AVX-512, also on one thread).
    options = {"crf": str(CRF), "preset": "medium", "x264-params": "mbtree=0"}
    stream = container.add_stream("libx264", rate=fps, options=options)
    stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
    # Untagged video is guessed to be BT.601 by some players, which shifts reds and greens.
    codec = stream.codec_context
    codec.color_range, codec.colorspace = ColorRange.MPEG, Colorspace.ITU709
    codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


def yuv(frame: Frames) -> av.VideoFrame:
    """A frame (H W 3) as the encoders take it: 4:2:0, BT.709, limited range."""
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


def _count_packets(path: Path) -> int:
    """How many frames the file holds, by reading it: a muxer that ran out of disk may not say so."""
    with av.open(str(path)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)
