"""The contact sheet, and writing still and animated images through Pillow."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Frames = npt.NDArray[np.uint8]

SHEET_FRAMES = 32
"""A contact sheet shows at most this many frames, evenly spread."""


def contact_sheet(frames: Frames, *, columns: int | None = None, limit: int = SHEET_FRAMES, gap: int = 2) -> Frames:
    """Lay frames (T H W C) out in reading order on one image (H W C), `gap` black pixels apart.

    Of more than `limit` frames it shows `limit`, evenly spread, the first and the last among them.
    """
    assert frames.ndim == 4, f"{frames.shape=}"
    chosen = frames[np.linspace(0, len(frames) - 1, min(limit, len(frames))).round().astype(int)]
    count, height, width, channels = chosen.shape
    # A sheet about as wide as 2:1 fits a screen.
    columns = columns or min(count, max(1, round(math.sqrt(2 * count * height / width))))
    rows = -(-count // columns)
    sheet = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), np.uint8)
    for index, frame in enumerate(chosen):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = frame
    return sheet


def write_gif(path: Path | BytesIO, frames: Frames, fps: int) -> None:
    """One palette for the whole clip: palettes of single frames flicker."""
    palette = Image.fromarray(contact_sheet(frames, limit=16, gap=0)).quantize(256, Image.Quantize.MEDIANCUT)
    images = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames]
    _animate(path, images, "GIF", durations(len(frames), fps, tick=10), disposal=1, optimize=False)


def write_webp(path: Path, frames: Frames, fps: int) -> None:
    """Lossy, at a quality where a 128x128 clip of 4 s takes about 100 kB."""
    images = [Image.fromarray(frame) for frame in frames]
    _animate(path, images, "WEBP", durations(len(frames), fps, tick=1), quality=88, method=4)


def write_png(path: Path, frames: Frames, fps: int) -> None:  # noqa: ARG001 - the three writers share one signature
    """One frame as it is; several as a contact sheet."""
    Image.fromarray(frames[0] if len(frames) == 1 else contact_sheet(frames)).save(path, "PNG")


def write_jpeg(path: Path, frames: Frames, fps: int) -> None:  # noqa: ARG001
    """As `write_png`, lossy, with its colours at full resolution."""
    sheet = frames[0] if len(frames) == 1 else contact_sheet(frames)
    Image.fromarray(sheet).save(path, "JPEG", quality=95, subsampling=0)


def durations(count: int, fps: int, *, tick: int) -> list[int]:
    """Return how many milliseconds each of `count` frames stays, in multiples of `tick`.

    Rounded so that the clip as a whole keeps its length: at 8 fps a GIF alternates 120 and 130 ms.
    """
    ends = [round((index + 1) * 1000 / fps / tick) * tick for index in range(count)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _animate(
    path: Path | BytesIO, images: list[Image.Image], kind: str, milliseconds: list[int], **options: int | bool
) -> None:
    images[0].save(path, kind, save_all=True, append_images=images[1:], duration=milliseconds, loop=0, **options)
