"""Latent frames become the pixel frames that are delivered, piece by piece and in order."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kinora.checkpoints.store import Model
from kinora.engine.film import Carry, Cut, Film
from kinora.engine.frames.coding import DECODE_LATENTS, Frames, pixels
from kinora.engine.mending import Mender, calmest

LEAD = 4
"""Latent frames that a decoder is shown before a ring, from its end, so that it remembers them at its first."""


class Projector:
    """Decodes one film. Each shot has a decoder of its own, which sees nothing across the cut."""

    def __init__(self, model: Model, film: Film) -> None:
        self._model, self._film = model, film
        self._at = 0  # decoded frames of the film so far
        self._cut: Cut | None = None
        self._left = 0  # frames of the shot still to come
        self._mender = Mender(film.seams)

    def show(self, latents: Float[Tensor, "1 c t h w"], cut: Cut) -> Iterator[Frames]:
        """Those frames (uint8 T H W C) of the next latent frames of the shot `cut` that are delivered.

        Raises KinoraError when the numbers have run away.
        """
        if self._film.ring:
            yield from self._round(latents.to(self._model.pixels))
            return
        if cut is not self._cut:
            self._cut, self._stream = cut, self._model.vae.stream()
            self._left = self._model.limits.grid.frames_of(cut.stop - cut.start) - cut.trim
        start, stop = self._film.kept
        for chunk in torch.split(latents.to(self._model.pixels), DECODE_LATENTS, dim=2):
            if self._at >= stop:
                return
            frames = restored(pixels(self._stream(chunk)[0], self._model.name), self._at, self._film.carry)
            if self._film.matte is not None:
                frames = self._film.matte.over(frames, self._at)
            frames = frames[: self._left]
            self._at += len(frames)
            self._left -= len(frames)
            frames = self._mender.add(frames)
            first = self._mender.given_back - len(frames)
            shown = frames[max(0, start - first) : max(0, stop - first)]
            if len(shown):
                yield shown

    def _round(self, latents: Float[Tensor, "1 c t h w"]) -> Iterator[Frames]:
        """All frames of a ring, from where it is best cut."""
        stream, count = self._model.vae.stream(), latents.shape[2]
        stream(latents[:, :, [index % count for index in range(-LEAD, 0)]])
        chunks = torch.split(latents, DECODE_LATENTS, dim=2)
        frames = np.concatenate([pixels(stream(chunk)[0], self._model.name) for chunk in chunks])
        yield from given(np.roll(frames, -calmest(frames), axis=0))


def given(frames: Frames | None) -> Iterator[Frames]:
    """Frames that nobody has to make, in pieces of a second."""
    if frames is not None:
        yield from (frames[start : start + 8] for start in range(0, len(frames), 8))


def restored(frames: Frames, start: int, carry: tuple[Carry, ...]) -> Frames:
    """Decoded frames, from frame `start` of the film on, with what decoding lost of given ones put back."""
    for one in carry:
        for index in range(len(frames)):
            weight = one.weight(start + index)
            if weight > 0:
                changed = frames[index] + np.rint(weight * one.residual).astype(np.int16)
                frames[index] = changed.clip(0, 255).astype(np.uint8)
    return frames
