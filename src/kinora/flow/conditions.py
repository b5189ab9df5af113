"""What a request gives besides its words: frames to start from, end at, pass through, or vary.

A condition is a value with `apply(state) -> state`; conditions combine in any order, and two that claim the same
token with different content are refused. Anything with that method is a condition: a new task needs no new solver.

    state = apply(LatentState.noise([seed], shape), [FirstFrame(image), LastFrame(image)])
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

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
class NoiseStart:
    """The clip is a variation of this one: SDEdit (arXiv 2108.01073), solving from `sigma` instead of 1.

    The nearer `sigma` is to 1, the less of the old clip stays: about .9 keeps composition, .6 only changes texture.
    """

    latent: Float[Tensor, "b c t h w"]
    sigma: float

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
        return replace(state, latent=mix(latent, state.latent, self.sigma), start=self.sigma)


def hold(state: LatentState, latent: Float[Tensor, "b c n h w"], at: int) -> LatentState:
    """Holds latent frames clean from index `at` on (negative: from the end). One sample serves a whole batch."""
    latent, total, length = _fitted(state, latent), state.latent.shape[2], latent.shape[2]
    begin = at + total if at < 0 else at
    if begin < 0 or begin + length > total:
        raise _length_error(length, state, at)
    frames = slice(begin, begin + length)
    taken = (state.mask[:, :, frames] < 1) & (state.clean[:, :, frames] != latent)
    if taken.any():
        first = begin + int(taken.any(dim=(0, 1, 3, 4)).int().argmax())
        raise InvalidRequest(
            f"latent frame {first}", rule="two conditions give it different content", remedy="leave one of them out"
        )
    clean, mask = state.clean.clone(), state.mask.clone()
    clean[:, :, frames] = latent
    mask[:, :, frames] = 0
    return replace(state, clean=clean, mask=mask)


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
