"""Frames through a codec and back, in memory: what a clip looks like after somebody else's upload."""

from __future__ import annotations

import io
from collections.abc import Mapping

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageSequence

from kinora.media.image import write_gif
from kinora.media.write import yuv

Frames = npt.NDArray[np.uint8]

CODECS: Mapping[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "medium"}),
    "h265": ("libx265", {"preset": "fast", "x265-params": "log-level=none"}),
    "vp9": ("libvpx-vp9", {"b": "0", "deadline": "good", "cpu-used": "5"}),
}
"""PyAV's encoder of each codec, and its options."""


def recoded(frames: Frames, *, codec: str, crf: int, fps: int) -> Frames:
    """Frames (T H W 3, even sides) as a player shows them after encoding at constant quality `crf`."""
    encoder, options = CODECS[codec]
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream(encoder, rate=fps, options={**options, "crf": str(crf)})
        assert isinstance(stream, av.VideoStream), f"{encoder} is no video encoder"
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(yuv(frame)))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as shown:
        return np.stack([np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in shown.decode(video=0)])


def as_gif(frames: Frames, *, fps: int) -> Frames:
    """Frames as an animated GIF shows them: 256 colours for the whole clip."""
    file = io.BytesIO()
    write_gif(file, frames, fps)
    file.seek(0)
    with Image.open(file) as image:
        return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)])


def as_jpeg(frames: Frames, *, quality: int) -> Frames:
    """Each frame by itself through JPEG."""
    pictures = []
    for frame in frames:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=quality)
        pictures.append(np.asarray(Image.open(file).convert("RGB")))
    return np.stack(pictures)
