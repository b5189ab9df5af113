"""What a request gives besides its words: frames to start from, end at, pass through, or vary.

A condition is a value with `apply(state) -> state`; conditions combine in any order, and two that claim the same
token with different content are refused. Of two that agree on the content, the one that leaves less noise counts.
Anything with that method is a condition: a new task needs no new solver.

    state = apply(LatentState.noise([seed], shape), [FirstFrame(image), LastFrame(image)])
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.errors import InvalidRequest
from kinora.flow.path import mix
from kinora.flow.state import LatentState


@runtime_checkable
class Condition(Protocol):
    """Turns a state into one that holds more."""

    def apply(self, state: LatentState) -> LatentState:
        """Returns the state with this condition in it; raises InvalidRequest where it does not fit."""


def apply(state: LatentState, conditions: Iterable[Condition]) -> LatentState:
    """The state with all conditions in it."""
    for condition in conditions:
        state = condition.apply(state)
    return state


@dataclass(frozen=True)
class FirstFrame:
    """The clip opens on this picture: image to video."""

    latent: Float[Tensor, "b c 1 h w"]

    def apply(self, state: LatentState) -> LatentState:
        """Holds latent frame 0."""
        return hold(state, self.latent, at=0)


@dataclass(frozen=True)
class LastFrame:
    """The clip ends on this latent frame."""

    latent: Float[Tensor, "b c 1 h w"]

    def apply(self, state: LatentState) -> LatentState:
        """Holds the last latent frame."""
        return hold(state, self.latent, at=-1)


@dataclass(frozen=True)
class Keyframes:
    """The clip passes through these latent frames; a negative index counts from the end."""

    latents: Mapping[int, Float[Tensor, "b c 1 h w"]]

    def apply(self, state: LatentState) -> LatentState:
        """Holds each of them."""
        for at, latent in self.latents.items():
            state = hold(state, latent, at=at)
        return state


@dataclass(frozen=True)
class Prefix:
    """The clip goes on from these latent frames: extension."""

    latent: Float[Tensor, "b c n h w"]

    def apply(self, state: LatentState) -> LatentState:
        """Holds the first n latent frames."""
        return hold(state, self.latent, at=0)


@dataclass(frozen=True)
class Suffix:
    """The clip leads up to these latent frames: extension backwards."""

    latent: Float[Tensor, "b c n h w"]

    def apply(self, state: LatentState) -> LatentState:
        """Holds the last n latent frames."""
        return hold(state, self.latent, at=-self.latent.shape[2])


@dataclass(frozen=True)
class Loop:
    """The clip runs into itself: it opens on these latent frames and closes on them again.

    Whoever plays it round leaves the closing ones out. `opening` is the same content as the clip's own first frames,
    `closing` as frames in its midst, since a first latent frame stands for a single frame and no other does.
    """

    opening: Float[Tensor, "b c n h w"]
    closing: Float[Tensor, "b c m h w"]

    def apply(self, state: LatentState) -> LatentState:
        """Holds both ends."""
        return Suffix(self.closing).apply(Prefix(self.opening).apply(state))


@dataclass(frozen=True)
class Region:
    """Only a part of this clip is made anew, the rest stays as it is.

    mask: 1 where tokens are made, 0 where the clip is held, between for tokens that start from that much noise over
    it; for every latent frame or one for all of them, as `kinora.flow.masks` makes them of pictures.
    """

    latent: Float[Tensor, "b c t h w"]
    mask: Float[Tensor, "_ 1 _ _ _"]
    at: int = 0

    def apply(self, state: LatentState) -> LatentState:
        """Holds what lies outside the mask."""
        return hold(state, self.latent, at=self.at, mask=self.mask)


@dataclass(frozen=True)
class Crossfade:
    """Between frames `at` and `at` + n one clip becomes another: both are mixed, under noise that peaks in the middle.

    The mix alone would be a double exposure; under enough noise (`peak`) the model finds pictures that lie between.
    """

    before: Float[Tensor, "b c n h w"]
    after: Float[Tensor, "b c n h w"]
    at: int
    peak: float = 1.0

    def apply(self, state: LatentState) -> LatentState:
        """Starts the frames from the mix; beyond them nothing is claimed."""
        if not 0 < self.peak <= 1:
            raise InvalidRequest(self.peak, rule="the peak of the noise lies above 0 and at most at 1", remedy="try 1")
        count = self.before.shape[2]
        share = (torch.arange(count, dtype=torch.float32) + 1) / (count + 1)
        noise = (self.peak * torch.sin(math.pi * share)).view(1, 1, -1, 1, 1)
        share = share.view(1, 1, -1, 1, 1).to(self.before)
        mixed = (1 - share) * self.before + share * self.after
        return hold(state, mixed, at=self.at, mask=noise)


@dataclass(frozen=True)
class NoiseStart:
    """The clip is a variation of this one: SDEdit (arXiv 2108.01073), solving from `sigma` instead of 1.

    The nearer `sigma` is to 1, the less of the old clip stays: about .9 keeps composition, .6 only changes texture.
    With a `mask` only its tokens vary, by as much as it says (1: all), and the others stay as they are; see `Region`.
    """

    latent: Float[Tensor, "b c t h w"]
    sigma: float
    mask: Float[Tensor, "_ 1 _ _ _"] | None = None

    def apply(self, state: LatentState) -> LatentState:
        """Starts every generated token from the old clip under noise."""
        if not 0 < self.sigma <= 1:
            raise InvalidRequest(
                self.sigma, rule="the noise put over a clip must lie above 0 and at most at 1", remedy="try 0.8"
            )
        if state.start < 1:
            raise InvalidRequest("two clips to vary", rule="a video can start from one", remedy="leave one out")
        latent = _fitted(state, self.latent)
        if latent.shape[2] != state.latent.shape[2]:
            raise _length_error(latent.shape[2], state)
        if self.mask is not None:
            state = hold(state, latent, at=0, mask=self.mask)
        return replace(state, latent=mix(latent, state.latent, self.sigma), start=self.sigma)


def hold(
    state: LatentState,
    latent: Float[Tensor, "b c n h w"],
    at: int,
    mask: Float[Tensor, "_ 1 _ _ _"] | None = None,
) -> LatentState:
    """Holds latent frames clean from index `at` on (negative: from the end). One sample serves a whole batch.

    With a `mask` only where it is below 1, and clean only where it is 0: the rest starts from that much noise over it.
    """
    latent, total, length = _fitted(state, latent), state.latent.shape[2], latent.shape[2]
    begin = at + total if at < 0 else at
    if begin < 0 or begin + length > total:
        raise _length_error(length, state, at)
    frames = slice(begin, begin + length)
    free = torch.zeros_like(state.mask[:, :, frames]) if mask is None else _spread(mask, state.mask[:, :, frames])
    claims = free < 1
    taken = claims & (state.mask[:, :, frames] < 1) & (state.clean[:, :, frames] != latent)
    if taken.any():
        first = begin + int(taken.any(dim=(0, 1, 3, 4)).int().argmax())
        raise InvalidRequest(
            f"latent frame {first}", rule="two conditions give it different content", remedy="leave one of them out"
        )
    clean, noise = state.clean.clone(), state.mask.clone()
    clean[:, :, frames] = torch.where(claims, latent, clean[:, :, frames])
    noise[:, :, frames] = torch.minimum(noise[:, :, frames], free)
    return replace(state, clean=clean, mask=noise)


def _spread(mask: Tensor, like: Tensor) -> Tensor:
    """`mask` over the batch, frames and places of `like`; what does not fit or lies outside 0..1 is refused."""
    if any(own not in (1, full) for own, full in zip(mask.shape, like.shape, strict=True)):
        raise InvalidRequest(
            f"a mask of latent size {tuple(mask.shape)}",
            rule=f"must be {tuple(like.shape)} like the video, or 1 along an axis",
            remedy="make it from a picture of the video's size",
        )
    if not bool(((mask >= 0) & (mask <= 1)).all()):
        raise InvalidRequest("a mask", rule="its values lie between 0 (held) and 1 (made)", remedy="clamp it")
    return mask.to(like).expand(like.shape)


def _fitted(state: LatentState, latent: Tensor) -> Tensor:
    """`latent` on the state's device and with its batch; another number of channels or another size is refused."""
    batch, channels, _, height, width = state.latent.shape
    if latent.shape[1] != channels or latent.shape[3:] != state.latent.shape[3:] or latent.shape[0] not in (1, batch):
        raise InvalidRequest(
            f"a condition of latent size {tuple(latent.shape)}",
            rule=f"must be {(batch, channels, '*', height, width)} like the video",
            remedy="resize the picture or clip to the size asked for",
        )
    return latent.to(state.latent).expand(batch, -1, -1, -1, -1)


def _length_error(length: int, state: LatentState, at: int = 0) -> InvalidRequest:
    total = state.latent.shape[2]
    where = f" at {at}" if at else ""
    return InvalidRequest(
        f"{length} latent frames{where}", rule=f"the video has {total} latent frames", remedy="make the video longer"
    )
