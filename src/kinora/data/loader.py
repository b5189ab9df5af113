"""Batches for the transformer: batch k is a pure function of (data, seed, k, mixture), so a cursor is one integer.

There is no state to save and nothing to replay after a restart, and a batch that made trouble can be made again.
"""

from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kinora.data.cache import LatentCache, Sample, Samples
from kinora.request import Real

__all__ = ["Batch", "Bucket", "Loader", "LoaderConfig", "prefetch"]


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """One kind of batch: `frames` latent frames a sample (None: all), and how its captions are chosen.

    `scattered`: the frames are not the first ones but any, the same for the whole batch. What frames far from each
    other have in common is the motion; neighbours mostly repeat each other, at the full price.
    `window`: what a rollout sees of a take of two parts: its first frame and eight in a row, the first half of which
    are given clean unless the take begins there; the caption is that of the part in which the second half lies.
    `shaped`: clips of another size than the data set's own, of one size in each batch; every size as often.
    """

    frames: int | None
    captions: Mapping[str, Real]
    scattered: bool = False
    window: bool = False
    shaped: bool = False


CLIP_CAPTIONS = MappingProxyType({"medium": 0.5, "long": 0.2, "short": 0.2, "terse": 0.1})
BUCKETS: Mapping[str, Bucket] = MappingProxyType(
    {
        "still": Bucket(frames=1, captions=MappingProxyType({"image": 1.0})),
        "short": Bucket(frames=3, captions=CLIP_CAPTIONS),
        "full": Bucket(frames=None, captions=CLIP_CAPTIONS),
        "scattered": Bucket(frames=4, captions=CLIP_CAPTIONS, scattered=True),
        "window": Bucket(frames=9, captions=CLIP_CAPTIONS, window=True),
        "shaped": Bucket(frames=None, captions=CLIP_CAPTIONS, shaped=True),
    }
)


@dataclass(frozen=True, kw_only=True)
class LoaderConfig:
    """`tokens` is the budget of a batch in latent positions; `null` the share of samples that lose their caption.

    `text_multiple`: captions are padded to the longest of the batch, rounded up to this; a compiled model wants few
    different lengths. `workers` threads make batches ahead.
    """

    tokens: int = 8192
    null: float = 0.1
    text_multiple: int = 16
    workers: int = 1
    buckets: Mapping[str, Bucket] = field(default_factory=lambda: BUCKETS)


@dataclass(frozen=True)
class Batch:
    """Samples of one bucket: latents with their captions' states; `mask` is True on real text tokens.

    `motion` are the targets of data.motion where all samples have them; `times` the positions of scattered frames;
    `given` how many frames at the start are held clean whatever the draw of the noise says.
    """

    bucket: str
    latents: Float[Tensor, "b c t h w"]
    text: Float[Tensor, "b l d"]
    mask: Bool[Tensor, "b l"]
    motion: Float[Tensor, "b m t h w"] | None = None
    times: tuple[int, ...] | None = None
    given: int = 0

    @property
    def tokens(self) -> int:
        """Latent positions in the batch."""
        return self.latents.numel() // self.latents.shape[1]

    def part(self, index: int, parts: int) -> "Batch":
        """Every `parts`-th sample from `index` on: what one of several processes trains on."""
        if parts == 1:
            return self
        rows = slice(index % max(1, min(parts, len(self.latents))), None, parts)
        motion = None if self.motion is None else self.motion[rows]
        return replace(self, latents=self.latents[rows], text=self.text[rows], mask=self.mask[rows], motion=motion)

    def to(self, device: torch.device, dtype: torch.dtype) -> "Batch":
        """On another device; latents and text in `dtype`."""
        return replace(
            self,
            latents=self.latents.to(device, dtype, non_blocking=True),
            text=self.text.to(device, dtype, non_blocking=True),
            mask=self.mask.to(device, non_blocking=True),
            motion=None if self.motion is None else self.motion.to(device, torch.float32, non_blocking=True),
        )

    def pinned(self) -> "Batch":
        """In page-locked memory, from which a GPU copies without waiting."""
        return replace(
            self,
            latents=self.latents.pin_memory(),
            text=self.text.pin_memory(),
            mask=self.mask.pin_memory(),
            motion=None if self.motion is None else self.motion.pin_memory(),
        )


class Loader:
    """Draws batches from a cache. Samples are drawn anew for each batch, never twice in one where there are enough."""

    def __init__(self, cache: LatentCache, config: LoaderConfig, *, seed: int) -> None:
        self.cache = cache
        self.config = config
        self.seed = seed
        self.groups: dict[str, list[Samples]] = {
            name: [samples for samples in _sources(cache, bucket) if len(samples)]
            for name, bucket in config.buckets.items()
        }

    def batch(self, index: int, mixture: Mapping[str, Real]) -> Batch:
        """Batch number `index` under `mixture` (bucket name to weight); the same arguments give the same batch.

        Buckets without samples in this data set are left out of the mixture.
        """
        random = np.random.default_rng(np.random.SeedSequence([self.seed, index]))
        names = [name for name, weight in mixture.items() if weight > 0 and self.groups[name]]
        assert names, f"no samples for {dict(mixture)}"
        weights = np.array([mixture[name] for name in names])
        name = names[random.choice(len(names), p=weights / weights.sum())]
        groups = self.groups[name]
        if self.config.buckets[name].shaped:
            groups = [groups[random.integers(len(groups))]]
        return self.collate(name, draw(groups, self._batch_size(name, groups[-1]), random), random)

    def collate(self, name: str, samples: list[Sample], random: np.random.Generator) -> Batch:
        """One batch of the given samples, captions (or their absence) drawn with `random`."""
        bucket, latents, texts, motions = self.config.buckets[name], [], [], []
        total = samples[0].shard.shape[2]
        times, shown, given, part = None, None, 0, 0
        if bucket.scattered:
            times = shown = scatter(total, bucket.frames, random)
        elif bucket.window:
            shown, given, part = window(total, bucket.frames or total, random)
        for sample in samples:
            latents.append(
                sample.still(int(random.integers(max(1, sample.shard.num_stills))))
                if bucket.frames == 1
                else pick(sample.latents(None if shown else bucket.frames), bucket.frames, shown)
            )
            kinds = [kind if p == part else "" for kind, p in zip(sample.kinds, sample.parts, strict=True)]
            caption = choose_caption(kinds, bucket.captions, random)
            texts.append(self.cache.null if random.random() < self.config.null else sample.text(caption))
            if bucket.frames != 1 and (motion := sample.motion) is not None:
                motions.append(pick(motion, bucket.frames, shown))
        return Batch(
            name,
            torch.stack(latents),
            *pad(texts, self.config.text_multiple),
            motion=torch.stack(motions) if len(motions) == len(latents) else None,
            times=times,
            given=given,
        )

    def _batch_size(self, name: str, samples: Samples) -> int:
        frames, (_, t, h, w) = self.config.buckets[name].frames, samples[0].shard.shape[1:]
        return max(1, self.config.tokens // (min(frames or t, t) * h * w))


def draw(groups: list[Samples], number: int, random: np.random.Generator) -> list[Sample]:
    """`number` samples from all groups; half from each where there are two, whatever their sizes."""
    drawn: list[Sample] = []
    for k, samples in enumerate(groups):
        share = number // len(groups) + (k < number % len(groups))
        rows = random.choice(len(samples), share, replace=share > len(samples))
        drawn.extend(samples[int(row)] for row in rows)
    return drawn


def scatter(total: int, count: int | None, random: np.random.Generator) -> tuple[int, ...]:
    """`count` of `total` latent frames, in order."""
    return tuple(sorted(random.choice(total, min(count or total, total), replace=False).tolist()))


def window(total: int, size: int, random: np.random.Generator) -> tuple[tuple[int, ...], int, int]:
    """One window of a take of `total` latent frames: which frames, how many are given, and the part of the caption.

    The first frame stays in view as a rollout's sink; the others are `size` - 1 in a row that begin at a block edge.
    """
    half = (size - 1) // 2
    begin = 1 + half * int(random.integers((total - size) // half + 1))
    frames = (0, *range(begin, begin + size - 1))
    return frames, (0 if begin == 1 else 1 + half), int(frames[-1] > total // 2)


def _sources(cache: LatentCache, bucket: Bucket) -> list[Samples]:
    """Where a bucket's samples come from: stills also from clips, windows from takes of two parts."""
    if bucket.window:
        return [cache.takes]
    if bucket.shaped:
        return cache.shapes
    return [cache.images, cache.clips] if bucket.frames == 1 else [cache.clips]


def pick(latents: Tensor, count: int | None, times: tuple[int, ...] | None) -> Tensor:
    """The frames at `times` of [c, t, h, w], or the first `count` (both None: all)."""
    return latents[:, :count] if times is None else latents[:, list(times)]


def choose_caption(kinds: list[str], weights: Mapping[str, Real], random: np.random.Generator) -> int:
    """Position of a caption, drawn by the weight of its kind (shared among captions of one kind).

    A sample with no caption of a weighted kind uses any of them.
    """
    share = np.array([weights.get(kind, 0.0) / kinds.count(kind) for kind in kinds])
    if not share.any():
        share[:] = 1.0
    return int(random.choice(len(kinds), p=share / share.sum()))


def pad(texts: list[Tensor], multiple: int) -> tuple[Float[Tensor, "b l d"], Bool[Tensor, "b l"]]:
    """Texts of different lengths in one tensor, zeros after each; and where they stand."""
    lengths = torch.tensor([len(text) for text in texts])
    width = -(-int(lengths.max()) // multiple) * multiple
    padded = texts[0].new_zeros(len(texts), width, texts[0].shape[1])
    for row, text in zip(padded, texts, strict=True):
        row[: len(text)] = text
    return padded, torch.arange(width) < lengths[:, None]


def prefetch(
    make: Callable[[int], Batch], start: int, *, depth: int = 2, workers: int = 1
) -> Generator[Batch, None, None]:
    """`make(start)`, `make(start + 1)`, ... in order, `depth` of them made ahead by threads; errors are raised here.

    Closing the iterator ends the threads. Slicing memory maps releases the interpreter for the reads that cost time.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="prefetch") as pool:
        pending = deque(pool.submit(make, start + k) for k in range(depth))
        try:
            for index in count(start + depth):
                batch = pending.popleft().result()
                pending.append(pool.submit(make, index))
                yield batch
        finally:
            for future in pending:
                future.cancel()
