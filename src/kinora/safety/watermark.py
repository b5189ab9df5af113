"""The invisible watermark: which model of which version made these frames, in which job, written into their pixels.

    mark = Watermark(OPEN_KEY)
    frames = mark.embed(frames, Payload.of("kinora-small", "1", "job-17"))      # uint8 T H W 3, 40 dB and more
    mark.detect(frames)            # Detection(found=True, payload=Payload(...), p_value=1e-31, ...)

Spread spectrum (Cox et al. 1997) in the waves of a repeated tile, embedded with regard to what the picture already
says there (Malvar and Florencio 2003): a wave that agrees is pushed little, one that disagrees much. Every frame
carries the whole mark and knows nothing of its neighbours, so that a stream, a trim and a screenshot carry it too.
What a codec leaves of it in one frame adds up over many. That a video is marked is found where the payload, which
takes more, can't be read any longer.

The open key is public: anyone can verify what it marks, and whoever wants to can forge or remove it. Marks of a key of
one's own (`watermark_keys`) can't be forged without it, but many frames of one clip still show the mark that they
share: it is made against accidents and laziness, not against an expert. "Not found" proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from kinora.safety.watermark_canvas import (
    FLOOR,
    LUMA,
    Frames,
    Planes,
    canvas,
    cells_per_pixel,
    flatten,
    resampled,
)
from kinora.safety.watermark_code import CHIPS, Payload, decode, encode
from kinora.safety.watermark_pattern import Pattern, Waves, fold, spread
from kinora.safety.watermark_search import Views, find

MARGIN, LEAST, MOST = 1.0, 0.5, 1.5
"""A chip's wave is pushed until it reaches MARGIN, but by no less than LEAST and no more than MOST."""

PILOT = 1.5
"""A pilot is pushed so much harder: it must be found where chips can't be read any more."""

QUIET = 2.0
"""Activity, in levels of 255, of a flat surface as far as the mark's strength goes: less than detection takes it for
(FLOOR), since grain is seen there first."""

LOUDER = 1.5
"""How much stronger the mark may get in a frame that is flat nearly everywhere and would bear next to none."""

NOISE = 6.0
"""Mean squared error (of levels of 255) that a frame may take: 40.3 dB with the rounding."""

SUSPICION = 5e-5
"""A mark is reported below this p-value: one video in 20,000 that bears none."""

LOOKED_AT = 96
"""Frames of a clip that detection looks at, evenly spread."""

CHUNK = 8

# Brightness rises by 1 along this direction with the smallest change of the three colours together.
COLOUR = LUMA / np.square(LUMA).sum()


@dataclass(frozen=True, kw_only=True)
class Detection:
    """What was found, and how sure it is.

    `p_value`: at most this share of keys would fit an unmarked video as well. `payload` is None where none could be
    read. `bit_confidence`: the share of pilots read rightly, as each chip is (0.5 is chance). `share` of the marked
    picture's short side that the frames show: below 1 they were cropped. `chips` are what the payload was decoded from,
    positive for 1.
    """

    found: bool
    payload: Payload | None
    p_value: float
    bit_confidence: float
    share: float = 1.0
    mirrored: bool = False
    chips: npt.NDArray[np.floating] = field(repr=False, compare=False)

    def among(self, tried: int) -> Detection:
        """The same as the best of `tried` keys' detections, which had so many chances."""
        p_value = min(1.0, self.p_value * tried)
        sure = p_value < SUSPICION
        return replace(self, p_value=p_value, found=sure, payload=self.payload if sure else None)


class Watermark:
    """Writes and finds marks of one key."""

    def __init__(self, key: bytes) -> None:
        self._pattern = Pattern.of(key)

    def embed(self, frames: Frames, payload: Payload) -> Frames:
        """Frames (T H W 3) with the mark, each marked alone; sides under 96 pixels are too coarse to carry it."""
        signs = encode(payload) * 2.0 - 1.0
        marked = [self._embed(chunk, signs) for chunk in _chunks(frames)]
        return np.concatenate(marked) if marked else frames

    def detect(self, frames: Frames) -> Detection:
        """Look for the mark in frames (T H W 3) of one clip, as a whole."""
        assert len(frames), "no frames to look at"
        return self.detect_in(views(frames[evenly(len(frames))]))

    def detect_in(self, seen: Views) -> Detection:
        """`detect` in `views` of the frames: those serve every key that is asked for."""
        found = find(seen, self._pattern)
        sure = found.p_value < SUSPICION
        chips = self._chips(found.waves)
        return Detection(
            found=sure,
            payload=decode(chips) if sure else None,
            p_value=found.p_value,
            bit_confidence=float((found.waves[self._pattern.pilots].real > 0).mean()),
            share=found.place.share,
            mirrored=found.place.mirrored,
            chips=chips,
        )

    def _embed(self, frames: Frames, signs: npt.NDArray[np.floating]) -> Frames:
        pattern = self._pattern
        activity, residual = _residual(frames)
        # Every cell counts here alike: what codecs leave is what stands in texture.
        waves = pattern.waves(fold(residual, np.ones_like(residual)))
        wanted = signs[pattern.chips]
        push = np.zeros_like(waves)
        push[:, pattern.pilots] = PILOT * _push(waves[:, pattern.pilots].real / PILOT)
        chips = waves[:, pattern.carriers]
        push[:, pattern.carriers] = wanted[:, 0] * _push(chips.real * wanted[:, 0])
        push[:, pattern.carriers] += 1j * wanted[:, 1] * _push(chips.imag * wanted[:, 1])
        mark = spread(pattern.tile(push), *activity.shape[1:]) * (activity - FLOOR + QUIET)
        energy = np.square(mark).mean(axis=(1, 2), keepdims=True) * np.square(COLOUR).mean()
        mark *= np.minimum(LOUDER, np.sqrt(NOISE / np.maximum(energy, 1e-9)))
        height, width = frames.shape[1:3]
        change = resampled(mark, 1 / cells_per_pixel(height, width), (height, width))[..., None] * COLOUR
        return np.clip(np.rint(frames + change), 0, 255).astype(np.uint8)

    def _chips(self, waves: Waves) -> npt.NDArray[np.floating]:
        """Soft values of the chips: those written twice are added up."""
        carriers = waves[self._pattern.carriers]
        soft = np.zeros(CHIPS)
        np.add.at(soft, self._pattern.chips, np.stack([carriers.real, carriers.imag], axis=-1))
        return soft


def views(frames: Iterable[Frames]) -> Views:
    """What detection sees of a clip: the mean of the residuals of its frames (H W 3 each, one size)."""
    total: Planes | None = None
    count = 0
    for frame in frames:
        residual = _residual(frame[None])[1][0]
        total, count = residual if total is None else total + residual, count + 1
    assert total is not None, "no frames to look at"
    return Views(total / np.float32(count))


def _residual(frames: Frames) -> tuple[Planes, Planes]:
    """(activity, residual) of frames on their canvas."""
    return flatten(canvas(frames))


def _push(value: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return np.clip(MARGIN - value, LEAST, MOST)


def evenly(count: int, wanted: int = LOOKED_AT) -> npt.NDArray[np.intp]:
    """Indices of `wanted` of `count` frames, the first and the last among them, or of all."""
    return np.unique(np.linspace(0, count - 1, wanted).round().astype(int))


def _chunks(frames: Frames) -> list[Frames]:
    return [frames[at : at + CHUNK] for at in range(0, len(frames), CHUNK)]
