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

from jaxtyping import Float
from torch import Tensor

from kinora.flow.guidance import push
from kinora.flow.path import mix
from kinora.flow.sample import solve
from kinora.flow.solvers import Solver, Step, unipc
from kinora.flow.state import LatentState, SeededNoise

Text = TypeVar("Text")
ReadText = TypeVar("ReadText", contravariant=True)
CacheT = TypeVar("CacheT", bound="Cache")
ReadCache = TypeVar("ReadCache", contravariant=True)

CONTEXT = 0x9E3779B9
"""Turns a seed into another one, whose noise has nothing to do with its own; within the 32 bits torch's CPU uses."""


@runtime_checkable
class Stream(Protocol[ReadText]):
    """A velocity that remembers the blocks before."""

    def velocity(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: ReadText) -> Float[Tensor, "b c t h w"]:
        """Velocity of the present block, given all that is remembered."""

    def remember(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: ReadText) -> None:
        """Adds a finished block to what later blocks see."""


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
    context_sigma: float = 0.02,
    solver: Solver = unipc,
) -> Iterator[Float[Tensor, "b c t h w"]]:
    """Yields every block's clean latents as soon as they are there; arguments as in `rollout_steps`."""
    steps = rollout_steps(
        stream, blocks, sigmas, prompts=prompts, seeds=seeds, context_sigma=context_sigma, solver=solver
    )
    return (done.step.x for done in steps if done.finished)


def rollout_steps(
    stream: Stream[Text],
    blocks: Iterable[LatentState],
    sigmas: Float[Tensor, " n"],
    *,
    prompts: Callable[[int], Text],
    seeds: Sequence[int],
    context_sigma: float = 0.02,
    solver: Solver = unipc,
) -> Iterator[BlockStep]:
    """Solves block after block, yielding every step.

    blocks: the states to solve, with conditions applied; `LatentState.split` cuts one, an endless generator streams.
        A block that is wholly held is remembered without solving.
    prompts: the text of each block; another text from some block on switches the prompt there.
    seeds: one per sample, those of the states or others; the context's noise is drawn from seeds derived from them.
    context_sigma: a finished block is remembered under this little noise, because in training the context is never
        quite clean; it keeps errors from being copied on.
    """
    context = SeededNoise([seed ^ CONTEXT for seed in seeds])
    finished: tuple[Tensor, Text] | None = None
    for index, state in enumerate(blocks):
        if finished:  # only now, so that the last block costs no pass that nobody reads
            x, text = finished
            noise = context((x.shape[1], x.shape[2], x.shape[3], x.shape[4])).to(x)
            stream.remember(mix(x, noise, context_sigma), x.new_full((x.shape[0], x.shape[2]), context_sigma), text)
        text = prompts(index)
        if bool((state.mask == 0).all()):
            steps: Iterable[Step] = [Step(0, 1, 0.0, state.clean)]
        else:
            steps = solve(partial(stream.velocity, text=text), state, sigmas, solver)
        for step in steps:
            yield BlockStep(index, step)
        finished = step.x, text


@runtime_checkable
class Cache(Protocol):
    """Where a model keeps what it computed for earlier blocks, as `kinora.models.cache.KVCache` does."""

    def append(self) -> None:
        """Remember the last forward pass."""


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


@dataclass(frozen=True)
class GuidedStream(Generic[Text]):
    """Classifier-free guidance over streams: what is remembered depends on the text, so each text has its own.

    `negative` is the text that `away` reads, usually the empty prompt.
    """

    toward: Stream[Text]
    away: Stream[Text]
    negative: Text
    scale: float

    def velocity(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: Text) -> Float[Tensor, "b c t h w"]:
        """The pushed velocity."""
        cond, uncond = self.toward.velocity(x, sigma, text), self.away.velocity(x, sigma, self.negative)
        return push(cond, uncond, self.scale)

    def remember(self, x: Float[Tensor, "b c t h w"], sigma: Tensor, text: Text) -> None:
        """Both remember."""
        self.toward.remember(x, sigma, text)
        self.away.remember(x, sigma, self.negative)
