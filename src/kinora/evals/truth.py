"""Rendered clips with their truth, as the recogniser and the checks of it need them: small pictures, masks, words.

Reads the shards of `kinora world render` (clips-NNNNN.npy with .json). The subject's mask is not in a shard; it is
drawn again from the scene, at every fourth frame, and kept beside the shard as .judge.npz.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kinora.errors import BadInputFile
from kinora.evals.attributes import CORE, NAMES, words
from kinora.evals.network import MASK_SIDE, SIDE
from kinora.world.scene import Scene

Bytes = npt.NDArray[np.uint8]


MASK_EVERY = 4
"""Frames from one mask to the next: truth takes as long to draw as the picture, and neighbours are alike."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Clips made small, with what they show; equal lengths."""

    pictures: Bytes  # [n, t, SIDE, SIDE, 3]
    masks: Bytes  # [n, 1 + (t - 1) / MASK_EVERY, MASK_SIDE, MASK_SIDE], share of a cell that is subject, times 255
    labels: npt.NDArray[np.int64]  # [n, attributes], index into CORE, attributes in the order of NAMES

    def __len__(self) -> int:
        return len(self.pictures)

    def split(self, held: int) -> tuple[Judged, Judged]:
        """All but the last `held` clips, and those."""
        return self._part(slice(None, -held)), self._part(slice(-held, None))

    def _part(self, part: slice) -> Judged:
        return Judged(pictures=self.pictures[part], masks=self.masks[part], labels=self.labels[part])


def judged(*folders: Path, draw_masks: Callable[[Scene], Bytes] | None = None) -> Judged:
    """All complete shards of core clips in the folders, in order.

    `draw_masks` gives the masks [t, H, W] of a scene's subject at every MASK_EVERY-th frame; by default the world's
    renderer does. Raises BadInputFile when a folder has no shards, or a shard shows words the recogniser doesn't know.
    """
    parts = []
    for folder in folders:
        shards = sorted(folder.glob("clips-*.json"))
        if not shards:
            raise BadInputFile(folder, rule="holds no rendered clips", remedy="make some: kinora world render")
        parts += [_shard(path, draw_masks or rendered_mask) for path in shards]
    return Judged(
        pictures=np.concatenate([p.pictures for p in parts]),
        masks=np.concatenate([p.masks for p in parts]),
        labels=np.concatenate([p.labels for p in parts]),
    )


def scenes(shard: Path) -> Iterator[Scene]:
    """The scenes of one shard, in the order of its clips."""
    for sample in json.loads(shard.read_text())["samples"]:
        yield Scene.from_dict(sample["scene"])


def _shard(path: Path, draw_masks: Callable[[Scene], Bytes]) -> Judged:
    cache = path.with_suffix(".judge.npz")
    shown = [words(scene) for scene in scenes(path)]
    try:
        labels = np.array([[CORE[name].index(w[name]) for name in NAMES] for w in shown])
    except ValueError as error:
        raise BadInputFile(
            path, rule=f"shows a word beyond the core tier ({error})", remedy="render with tier core"
        ) from error
    if not cache.exists():
        clips = np.load(path.with_suffix(".npy"), mmap_mode="r")
        pictures = np.stack([small(clip, SIDE) for clip in clips])
        masks = np.stack([small(draw_masks(scene)[..., None], MASK_SIDE)[..., 0] for scene in scenes(path)])
        part = cache.with_name(cache.name + ".part")
        with part.open("wb") as file:
            np.savez(file, pictures=pictures, masks=masks)
        part.replace(cache)
    with np.load(cache) as held:
        return Judged(pictures=held["pictures"], masks=held["masks"], labels=labels)


def rendered_mask(scene: Scene) -> Bytes:
    """Where the scene's subject is seen: 255 there and 0 elsewhere, [t, H, W], at every MASK_EVERY-th frame."""
    from kinora.world.render import Renderer

    # The same motion at a quarter of the rate is every fourth frame, the first and the last among them.
    assert scene.fps % MASK_EVERY == 0, f"{scene.fps=}"
    with Renderer(scene.height, scene.width) as renderer:
        ids = renderer.truth(replace(scene, fps=scene.fps // MASK_EVERY)).ids
    return np.where(ids == 1, np.uint8(255), np.uint8(0))


def small(clip: Bytes, side: int) -> Bytes:
    """[T, H, W, C] to [T, side, side, C] by means of equal cells; H and W are multiples of `side`."""
    t, h, w, c = clip.shape
    cells = clip.reshape(t, side, h // side, side, w // side, c).astype(np.float32)
    return (cells.mean((2, 4)) + 0.5).astype(np.uint8)
