"""Reading the latents cache: memory-mapped shards addressed as one list of samples."""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import safe_open
from torch import Tensor

from kinora.data.latents import KINDS
from kinora.errors import BadInputFile

__all__ = ["LatentCache", "Sample", "Samples"]


class LatentCache:
    """The images and clips of one data set, encoded; the takes of two parts of others, and clips of other shapes.

    `images`, `clips` and `takes` are disjoint lists of samples; so are all of `shapes`, one for each size of picture.
    """

    def __init__(
        self,
        images: Sequence["Shard"],
        clips: Sequence["Shard"],
        null: Float[Tensor, "l d"],
        takes: Sequence["Shard"] = (),
        shapes: Sequence["Shard"] = (),
    ) -> None:
        self.images = Samples(images)
        self.clips = Samples(clips)
        self.takes = Samples(takes)
        sizes = sorted({shard.shape[-2:] for shard in shapes})
        self.shapes = [Samples([shard for shard in shapes if shard.shape[-2:] == size]) for size in sizes]
        self.null = null

    @classmethod
    def open(cls, data: Path, takes: Sequence[Path] = (), shapes: Sequence[Path] = ()) -> "LatentCache":
        """Open what `encode_dataset` wrote in `data`.

        `takes`: folders of clips rendered with `continued`; `shapes`: folders of clips of another size than `data`'s.
        Raises BadInputFile when one of them holds no cache.
        """
        shards: dict[str, list[Shard]] = {"images": [], "clips": []}
        for kind, found in shards.items():
            for latents in sorted(data.glob(f"{kind}-?????.latents.safetensors")):
                text = latents.with_name(latents.name.replace(".latents.", ".text."))
                if text.exists():
                    found.append(Shard(latents, text, latents.with_name(latents.name.replace(".latents.", ".motion."))))
        null = data / "null.text.safetensors"
        if not null.exists() or not any(shards.values()):
            raise BadInputFile(data, rule="holds no latents cache", remedy="make it first: kinora train latents")
        longer, others = ([s for folder in more for s in cls.open(folder).clips.shards] for more in (takes, shapes))
        return cls(shards["images"], shards["clips"], open_tensors(null).get_tensor("states"), longer, others)

    def split(self, images: int, clips: int) -> tuple["LatentCache", "LatentCache"]:
        """The cache without its last `images` and `clips`, and those alone: a held-out set when there is no other."""
        kept, held = LatentCache([], [], self.null, self.takes.shards), LatentCache([], [], self.null)
        kept.shapes = self.shapes
        kept.images, held.images = self.images.split(images)
        kept.clips, held.clips = self.clips.split(clips)
        return kept, held

    @property
    def latent_size(self) -> tuple[int, int]:
        """(rows, columns) of the latents."""
        height, width = (self.clips if len(self.clips) else self.images)[0].shard.shape[-2:]
        return height, width

    @property
    def manifest(self) -> str:
        """A digest of which samples these are: two runs with one manifest and one seed see the same batches."""
        digest = hashlib.sha256()
        for samples in (self.images, self.clips, *([self.takes] if len(self.takes) else []), *self.shapes):
            for shard in samples.shards:
                digest.update(f"{shard.name} {shard.stamp}".encode())
            digest.update(f"{samples.start} {samples.stop}".encode())
        return digest.hexdigest()


class Samples:
    """A contiguous range of the samples of some shards."""

    def __init__(self, shards: Sequence["Shard"], start: int = 0, stop: int | None = None) -> None:
        self.shards = list(shards)
        self._ends = list(accumulate(len(shard) for shard in self.shards))
        self.start = start
        self.stop = stop if stop is not None else (self._ends[-1] if self._ends else 0)

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, index: int) -> "Sample":
        position = self.start + index
        assert 0 <= index < len(self), f"{index=}"
        k = bisect_right(self._ends, position)
        return Sample(self.shards[k], position - (self._ends[k - 1] if k else 0))

    def split(self, count: int) -> tuple["Samples", "Samples"]:
        """All but the last `count`, and the last `count` (at most half of what there is)."""
        middle = self.stop - min(count, len(self) // 2)
        return Samples(self.shards, self.start, middle), Samples(self.shards, middle, self.stop)


@dataclass(frozen=True)
class Sample:
    """One image or clip: where it lies. Nothing is read before a method asks."""

    shard: "Shard"
    row: int

    def latents(self, frames: int | None = None) -> Float[Tensor, "c t h w"]:
        """The latents, or only the first `frames` latent frames."""
        rows = self.shard.file.get_slice("latents")
        whole: Tensor = rows[self.row] if frames is None else rows[self.row, :, :frames]
        return whole

    def still(self, index: int) -> Float[Tensor, "c 1 h w"]:
        """One of `num_stills` frames encoded alone; an image is its own only still."""
        if not self.shard.num_stills:
            return self.latents()
        still: Tensor = self.shard.file.get_slice("stills")[self.row, index]
        return still

    @property
    def motion(self) -> Float[Tensor, "m t h w"] | None:
        """What moves where (see data.motion), where the cache has it."""
        if self.shard.motion is None:
            return None
        targets: Tensor = self.shard.motion.get_slice("motion")[self.row]
        return targets

    @property
    def kinds(self) -> list[str]:
        """The kind of each caption."""
        first = self.row * self.shard.num_captions
        return [KINDS[k] for k in self.shard.kind[first : first + self.shard.num_captions].tolist()]

    @property
    def parts(self) -> list[int]:
        """The part of a continued take that each caption is of; all 0 for ordinary clips."""
        first = self.row * self.shard.num_captions
        return [int(part) for part in self.shard.part[first : first + self.shard.num_captions]]

    def text(self, caption: int) -> Float[Tensor, "l d"]:
        """The encoded states of one caption."""
        k = self.row * self.shard.num_captions + caption
        start, stop = self.shard.offsets[k : k + 2].tolist()
        states: Tensor = self.shard.text.get_slice("states")[start:stop]
        return states


class Shard:
    """Open files; tensors are sliced from the memory map, so only rows that are used are ever read."""

    def __init__(self, latents: Path, text: Path, motion: Path) -> None:
        self.name = latents.name.split(".")[0]
        self.file = open_tensors(latents)
        self.text = open_tensors(text)
        self.motion = open_tensors(motion) if motion.exists() else None
        self.stamp = sorted({**(self.file.metadata() or {}), **(self.text.metadata() or {})}.items())
        self.shape: tuple[int, ...] = tuple(self.file.get_slice("latents").get_shape())
        stills = "stills" in self.file.keys()  # noqa: SIM118 - a safetensors file is no mapping
        self.num_stills: int = self.file.get_slice("stills").get_shape()[1] if stills else 0
        self.offsets: Tensor = self.text.get_tensor("offsets").clone()
        self.kind: Tensor = self.text.get_tensor("kind").clone()
        parts = "part" in self.text.keys()  # noqa: SIM118
        self.part: Tensor = self.text.get_tensor("part").clone() if parts else torch.zeros_like(self.kind)
        self.num_captions = len(self.kind) // len(self) if len(self) else 0
        if not torch.equal(self.offsets, self.offsets.sort().values) or len(self.kind) % max(1, len(self)):
            raise BadInputFile(text, rule="offsets rise and captions divide evenly", remedy="delete it and encode anew")

    def __len__(self) -> int:
        return self.shape[0]


def open_tensors(path: Path) -> Any:
    """A memory-mapped safetensors file; it closes with its last reference."""
    return safe_open(path, "pt")
