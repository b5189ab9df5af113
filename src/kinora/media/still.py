"""Pictures into arrays through Pillow: photos, drawings, animated GIF, WebP, AVIF and PNG; upright, sRGB, opaque."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, ImageSequence, UnidentifiedImageError

from kinora.errors import BadInputFile
from kinora.media.read import MAX_FRAMES, MAX_PIXELS, check_file, too_large

Frames = npt.NDArray[np.uint8]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF", "MPO", "BMP", "TIFF", "JPEG2000", "PPM", "QOI", "TGA")
"""Formats opened, those of them that this Pillow has; PostScript and others that run programs stay shut."""

TURNED = range(2, 9)
"""EXIF's orientations of pictures that are not stored as they are shown: 1 is upright, anything else no orientation."""

LEAST = 0.02
"""Seconds: shorter or absent durations of animations are shown for a tenth of a second, as browsers do."""


@dataclass(frozen=True)
class Still:
    """One picture (uint8 H W 3), shown for `duration` seconds if it is part of an animation."""

    pixels: Frames
    duration: float
    report: tuple[str, ...]


def read_image(path: str | Path) -> Frames:
    """Read a picture as uint8 H W 3, turned upright as its EXIF says, in sRGB, transparency laid on white.

    Raises BadInputFile when it is missing, no picture, damaged or larger than `MAX_PIXELS`.
    """
    return next(stills(path)).pixels


def stills(path: str | Path) -> Iterator[Still]:
    """Yield the pictures of an animation, or the one there is. Raises BadInputFile as `read_image` does."""
    with opened(path) as image:
        for index, picture in enumerate(ImageSequence.Iterator(image)):
            if index == MAX_FRAMES:
                raise BadInputFile(path, rule=f"more than {MAX_FRAMES:,} frames", remedy="cut it first")
            if picture.width * picture.height > MAX_PIXELS:
                raise too_large(path, (picture.height, picture.width))
            picture.load()  # only now does a WebP know how long this one stays
            duration = float(picture.info.get("duration") or 0) / 1000
            yield _still(picture, duration if duration >= LEAST else 0.1)


def count_stills(path: str | Path) -> int:
    """How many pictures the file holds, more than one in an animation; 0 if it is no picture at all.

    Raises BadInputFile when there is no such file.
    """
    try:
        with opened(path) as image:
            return int(getattr(image, "n_frames", 1)) if image.format != "MPO" else 1  # MPO: one view for each eye
    except NotAPicture:
        return 0


class NotAPicture(BadInputFile):
    """The file is not of a format Pillow knows; it may be a video."""


def _still(picture: Image.Image, duration: float) -> Still:
    report = []
    if picture.getexif().get(0x0112) in TURNED:
        report.append("turned upright as its EXIF says")
    shown = ImageOps.exif_transpose(picture)
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith(("I", "F")):  # 16 bits of grey, which Pillow would clip rather than scale
        deep = np.asarray(shown, np.float32)
        span = 65535 if picture.mode.startswith("I") else max(float(deep.max()), 1e-6)
        shown = Image.fromarray((deep / span * 255).clip(0, 255).round().astype(np.uint8))
    elif profile:
        shown, said = _in_srgb(shown, profile)
        report += said
    opaque = shown.convert("RGBA")
    if np.asarray(opaque.getchannel("A")).min() < 255:
        report.append("transparent parts laid on white")
    white = Image.new("RGBA", opaque.size, "white")
    return Still(np.asarray(Image.alpha_composite(white, opaque).convert("RGB")), duration, tuple(report))


def _in_srgb(picture: Image.Image, profile: bytes) -> tuple[Image.Image, list[str]]:
    """The picture with its colour profile (Display P3 of phones, Adobe RGB of cameras, CMYK) applied."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(source).strip()
        if "srgb" in name.lower():
            return picture, []
        target = ImageCms.createProfile("sRGB")
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        if picture.mode in ("P", "PA", "1", "LA"):
            picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode != "P" else "RGB")
            mode = picture.mode
        converted = ImageCms.profileToProfile(picture, source, target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture, ["its colour profile can't be used: read as sRGB"]
    assert converted is not None, "only in-place conversion returns nothing"
    return converted, [f"colours converted from {name or 'its profile'} to sRGB"]


@contextmanager
def opened(path: str | Path) -> Iterator[Image.Image]:
    """The picture; what Pillow raises about it, now or while its pixels are read, becomes BadInputFile."""
    check_file(path)
    Image.init()
    try:
        with Image.open(path, formats=[name for name in FORMATS if name in Image.OPEN]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise too_large(path, (image.height, image.width))
            yield image
    except UnidentifiedImageError as error:
        rule = "not a readable picture (of no known format)"
        raise NotAPicture(path, rule=rule, remedy="use a PNG, JPEG, WebP or AVIF file") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        rule = f"pictures of up to {MAX_PIXELS:,} pixels are read"
        raise BadInputFile(path, rule=rule, remedy="scale it down first") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        rule = f"not a readable picture ({error})"
        raise BadInputFile(path, rule=rule, remedy="use a PNG, JPEG, WebP or AVIF file") from error
