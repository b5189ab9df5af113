"""Video of any length, block after block: each block is solved with the clean blocks before it in a cache.

    stream = CachedStream(model, cache)
    for latent in rollout(stream, blocks, sigmas, prompts=lambda block: text, seeds=[seed]):
        frames = decoder(latent)

Block-causal diffusion with a rolling key-value cache as in CausVid, Self-Forcing (arXiv 2506.08009) and LongLive (arXiv
2509.22622). Memory does not grow with length: `blocks` may be lazy, and the cache has its window.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.flow.guidance import push
from kinora.flow.path import mix
from kinora.flow.sample import Solve, solve
from kinora.flow.schedule import partition
from kinora.flow.solvers import Solver, Step, unipc
from kinora.flow.state import LatentState, SeededNoise
from kinora.flow.windows import Reach

Text = TypeVar("Text")
ReadText = TypeVar("ReadText", contravariant=True)
CacheT = TypeVar("CacheT", bound="Cache")
ReadCache = TypeVar("ReadCache", contravariant=True)

CONTEXT = 0x9E3779B9
"""Turns a seed into another one, whose noise has nothing to do with its own; within the 32 bits torch's CPU uses."""

CONTEXT_SIGMA = 0.02
"""Between LongLive's 0 and SkyReels-V2's 0.02 of 1000 steps; training draws the context's sigma from 0 to 0.05."""


@runtime_checkable
class Stream(Protocol[ReadText]):
    """A velocity that remembers the blocks before."""

    def velocity(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: ReadText) -> Float[Tensor, "b c t h w"]:
        """Velocity of the present block, given all that is remembered."""

    def remember(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: ReadText) -> None:
        """Adds a finished block to what later blocks see."""

    def forget(self) -> None:
        """Begins anew, as before the first block."""


@dataclass(frozen=True)
class BlockStep:
    """A solver step within block number `block`; after the last one, `step.x` is the finished block."""

    block: int
    step: Step

    @property
    def finished(self) -> bool:
        """Whether the block is done."""
        return self.step.index + 1 == self.step.total


def rollout(
    stream: Stream[Text],
    blocks: Iterable[LatentState],
    sigmas: Float[Tensor, " n"],
    *,
    prompts: Callable[[int], Text],
    seeds: Sequence[int],
    context_sigma: float = CONTEXT_SIGMA,
    reach: Reach | None = None,
    solver: Solver = unipc,
) -> Iterator[Float[Tensor, "b c t h w"]]:
    """Yields every block's clean latents as soon as they are there; arguments as in `rollout_steps`."""
    steps = rollout_steps(
        stream, blocks, sigmas, prompts=prompts, seeds=seeds, context_sigma=context_sigma, reach=reach, solver=solver
    )
    return (done.step.x for done in steps if done.finished)


def rollout_steps(
    stream: Stream[Text],
    blocks: Iterable[LatentState],
    sigmas: Float[Tensor, " n"],
    *,
    prompts: Callable[[int], Text],
    seeds: Sequence[int],
    context_sigma: float = CONTEXT_SIGMA,
    reach: Reach | None = None,
    solver: Solver = unipc,
    by: Solve = solve,
) -> Iterator[BlockStep]:
    """Solves block after block, yielding every step.

    blocks: the states to solve, with conditions applied; `LatentState.split` cuts one, an endless generator streams.
        A block that is wholly held is remembered without solving.
    prompts: the text of each block; another text from some block on switches the prompt there.
    seeds: one per sample, those of the states or others; the context's noise is drawn from seeds derived from them.
    context_sigma: a finished block is remembered under this little noise, because in training the context is never
        quite clean; it keeps errors from being copied on.
    reach: what `stream` remembers. Given, long blocks are remembered in the causal pieces of training, and on another
        text all that is remembered is read anew with it (LongLive's re-cache), so that the old words don't linger;
        without, each block is remembered whole, with the words it was made with.
    by: how the held part of a block that is not wholly held is held.
    """
    memory = _Memory(stream, SeededNoise([seed ^ CONTEXT for seed in seeds]), context_sigma, reach)
    finished: tuple[Tensor, Text] | None = None
    for index, state in enumerate(blocks):
        text = prompts(index)
        if finished:  # only now, so that the last block costs no pass that nobody reads
            memory.add(*finished, now=text, following=state.latent.shape[2])
        if bool((state.mask == 0).all()):
            steps: Iterable[Step] = [Step(0, 1, 0.0, state.clean)]
        else:
            steps = by(partial(stream.velocity, text=text), state, sigmas, solver)
        for step in steps:
            yield BlockStep(index, step)
        finished = step.x, text


class _Memory(Generic[Text]):
    """Fills a stream, and keeps the latents of what it remembers for as long as a new text may want them."""

    def __init__(self, stream: Stream[Text], noise: SeededNoise, sigma: float, reach: Reach | None) -> None:
        self._stream, self._noise, self._sigma, self._reach = stream, noise, sigma, reach
        self._held: Tensor | None = None

    def add(self, x: Float[Tensor, "b c t h w"], text: Text, *, now: Text, following: int) -> None:
        """Remembers a block made with `text`, before a block of `following` latent frames that is made with `now`."""
        if self._reach is None:
            self._remember(x, text)
            return
        first = self._held is None
        held = x if self._held is None else torch.cat((self._held, x), dim=2)
        excess = held.shape[2] + following - self._reach.window
        if excess > 0:  # as the cache will do when it makes room for the block
            sink = self._reach.sink
            held = torch.cat((held[:, :, :sink], held[:, :, sink + excess :]), dim=2)
        self._held = held
        if now is not text:
            self._stream.forget()
            x, first, text = held, True, now
        sizes = partition(x.shape[2], self._reach.block, first=1 if first and not self._reach.first else None)
        for piece in torch.split(x, list(sizes), dim=2):
            self._remember(piece, text)

    def _remember(self, x: Float[Tensor, "b c t h w"], text: Text) -> None:
        noise = self._noise((x.shape[1], x.shape[2], x.shape[3], x.shape[4])).to(x)
        sigma = x.new_full((x.shape[0], x.shape[2]), self._sigma)
        self._stream.remember(mix(x, noise, self._sigma), sigma, text)


@runtime_checkable
class Cache(Protocol):
    """Where a model keeps what it computed for earlier blocks, as `kinora.models.cache.KVCache` does."""

    def append(self) -> None:
        """Remember the last forward pass."""

    def clear(self) -> None:
        """Forget everything."""


@runtime_checkable
class CachedVelocity(Protocol[ReadCache, ReadText]):
    """A text velocity that reads a cache and leaves there what `append` needs."""

    def __call__(
        self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: ReadText, *, cache: ReadCache
    ) -> Float[Tensor, "b c t h w"]:
        """Velocity of a block after the remembered ones."""


@dataclass(frozen=True)
class CachedStream(Generic[CacheT, Text]):
    """A stream made of a velocity with a cache and that cache."""

    model: CachedVelocity[CacheT, Text]
    cache: CacheT

    def velocity(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: Text) -> Float[Tensor, "b c t h w"]:
        """One reading pass."""
        return self.model(x, sigma, text, cache=self.cache)

    def remember(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: Text) -> None:
        """One more pass, over the finished block, whose keys and values stay."""
        self.model(x, sigma, text, cache=self.cache)
        self.cache.append()

    def forget(self) -> None:
        """Empties the cache."""
        self.cache.clear()


@dataclass(frozen=True)
class GuidedStream(Generic[Text]):
    """Classifier-free guidance over streams: what is remembered depends on the text, so each text has its own.

    `negative` is the text that `away` reads, usually the empty prompt; `interval` holds the sigmas where guidance acts,
    as in `guided`.
    """

    toward: Stream[Text]
    away: Stream[Text]
    negative: Text
    scale: float
    interval: tuple[float, float] = (0.0, 1.0)

    def velocity(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: Text) -> Float[Tensor, "b c t h w"]:
        """The pushed velocity; outside the interval the plain one, from one call."""
        cond = self.toward.velocity(x, sigma, text)
        if not self.interval[0] <= sigma.max() <= self.interval[1]:
            return cond
        return push(cond, self.away.velocity(x, sigma, self.negative), self.scale)

    def remember(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: Text) -> None:
        """Both remember."""
        self.toward.remember(x, sigma, text)
        self.away.remember(x, sigma, self.negative)

    def forget(self) -> None:
        """Both forget."""
        self.toward.forget()
        self.away.forget()
