"""Decoded video frames into pictures: by their own colour tags, upright, and HDR brought down to sRGB.

A frame's tags say three things: the matrix and range of its YUV (undone by swscale), the primaries, and the transfer
curve. Phones record HDR as BT.2020 with the PQ or the HLG curve (ITU-R BT.2100); shown as they are, such numbers look
grey and dull.
"""

from __future__ import annotations

import struct
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

Frames = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating[Any]]
Pixels = npt.NDArray[Any]

UNTAGGED, RGB = 2, 0
"""ISO/IEC 23091-2 code points of a matrix: not said, and none because the frame is RGB."""

HDR = {ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG"}

WHITE = 203.0
"""Nits of diffuse white in HDR (ITU-R BT.2408): what becomes sRGB's white before highlights are rolled off."""

PEAK = 1000.0
"""Nits that become the brightest sRGB value: the display most HDR is made for, and HLG's nominal peak."""

KNEE = 0.3
"""Linear light up to here is left alone; above, it is compressed towards 1."""

TO_SRGB = {
    # Linear light of other primaries to sRGB's, both with white at D65 (ITU-R BT.2087; SMPTE EG 432-1).
    ColorPrimaries.BT2020: np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
    ),
    ColorPrimaries.SMPTE432: np.array(
        [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]], np.float32
    ),
}


def is_wide(frame: av.VideoFrame) -> bool:
    """Whether the frame's colours are HDR or of wider primaries, so that `to_srgb` has work to do."""
    return frame.color_trc in HDR or frame.color_primaries in TO_SRGB


def curve(frame: av.VideoFrame) -> str:
    """The name of the frame's HDR transfer curve; empty if it is not HDR."""
    return HDR.get(ColorTrc(frame.color_trc), "") if frame.color_trc in HDR else ""


def rgb(frame: av.VideoFrame) -> Pixels:
    """The frame's RGB (H W 3) as its matrix and range say: uint16 if `is_wide` (8 bits would band), else uint8."""
    return frame.reformat(
        format="rgb48le" if is_wide(frame) else "rgb24",
        src_colorspace=_matrix(frame),
        src_color_range=ColorRange.JPEG if _full_range(frame) else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation="BICUBIC",
    ).to_ndarray()


def to_srgb(pixels: Pixels, frame: av.VideoFrame) -> Frames:
    """What `rgb` gave for a wide frame, fitted or not, as sRGB uint8: light, tone-mapped, in sRGB's primaries."""
    code = pixels.astype(np.float32) / np.iinfo(pixels.dtype).max
    if frame.color_trc == ColorTrc.SMPTE2084:
        light = rolled_off(pq_nits(code) / WHITE)
    elif frame.color_trc == ColorTrc.ARIB_STD_B67:
        light = rolled_off(hlg_nits(code) / WHITE)
    else:
        light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    if frame.color_primaries in TO_SRGB:
        light = light @ TO_SRGB[ColorPrimaries(frame.color_primaries)].T
    light = light.clip(0, 1)
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (shown * 255).round().astype(np.uint8)


def pq_nits(code: Floats) -> Floats:
    """Light of PQ code values 0..1 (SMPTE ST 2084)."""
    power = code ** (1 / 78.84375)
    return 10000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)


def hlg_nits(code: Floats) -> Floats:
    """Light of HLG code values 0..1 [..., 3] on a display of `PEAK` nits, whose system gamma is 1.2 (BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
    return PEAK * scene * np.maximum(luminance, 1e-6)[..., None] ** 0.2


def rolled_off(light: Floats) -> Floats:
    """Linear light, 1 = diffuse white, with everything up to `PEAK` brought below 1 and the hue kept.

    A Moebius curve through the knee with slope 1 there, applied to the strongest channel, scaling all three.
    """
    peak = PEAK / WHITE
    strongest = light.max(axis=-1, keepdims=True)
    a = -(KNEE**2) * (peak - 1) / (KNEE**2 - 2 * KNEE + peak)
    b = (KNEE**2 - 2 * KNEE * peak + peak) / max(peak - 1, 1e-6)
    curved = (b * b + 2 * b * KNEE + KNEE**2) / (b - a) * (strongest + a) / (strongest + b)
    return light * np.where(strongest > KNEE, curved / np.maximum(strongest, 1e-6), 1)


def assumed(frame: av.VideoFrame) -> str | None:
    """What had to be assumed about the frame's colours, in words; None if its tags say all."""
    if frame.colorspace != UNTAGGED or not frame.format.name.startswith(("yuv", "nv", "p0")):
        return None
    name = "BT.709" if _matrix(frame) == Colorspace.ITU709 else "BT.601"
    return f"its colours are not tagged: read as {name}, {'full' if _full_range(frame) else 'video'} range"


def upright(pixels: Pixels, frame: av.VideoFrame) -> Pixels:
    """The frame turned and mirrored as its display matrix says, in quarter turns."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")  # PyAV's types know only one kind of side data
    if matrix is None:
        return pixels
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])  # a point (x, y) is shown at (a x + c y, b x + d y)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        across, down = a, d
    else:
        pixels, across, down = pixels.swapaxes(0, 1), c, b
    return np.ascontiguousarray(pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


def _matrix(frame: av.VideoFrame) -> int:
    """The frame's YUV matrix; untagged, what its size suggests, as players do."""
    if frame.colorspace not in (UNTAGGED, RGB):
        return {6: int(Colorspace.ITU601), 10: int(Colorspace.BT2020)}.get(frame.colorspace, frame.colorspace)
    large = max(frame.width, frame.height) >= 1280 or min(frame.width, frame.height) > 576
    return int(Colorspace.ITU709 if large else Colorspace.ITU601)


def _full_range(frame: av.VideoFrame) -> bool:
    return frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
