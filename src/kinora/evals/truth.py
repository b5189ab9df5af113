"""Rendered clips with their truth, as the recogniser and the checks of it need them: small pictures, masks, words.

Reads the shards of `kinora world render` (clips-NNNNN.npy with .json). The subject's mask is not in a shard; it is
drawn from the scene when it is first asked for, at every fourth frame, and kept beside the shard as .judge.npz.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kinora.errors import BadInputFile
from kinora.evals.attributes import CORE, NAMES, words
from kinora.evals.network import MASK_SIDE, SIDE
from kinora.media import replacing
from kinora.world.scene import Scene

Bytes = npt.NDArray[np.uint8]


MASK_EVERY = 4
"""Frames from one mask to the next: truth takes as long to draw as the picture, and neighbours are alike."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A clip with what it shows."""

    clip: Bytes  # [t, h, w, 3], sides multiples of SIDE; read from its shard when it is used
    masks: Callable[
        [], Bytes
    ]  # [1 + (t - 1) / MASK_EVERY, MASK_SIDE, MASK_SIDE], share of a cell that is subject * 255
    labels: npt.NDArray[np.int64]  # index into CORE for each attribute, in the order of NAMES

    def pictures(self, shown: slice = slice(None)) -> Bytes:
        """Its frames, or some of them, at SIDE x SIDE."""
        return small(self.clip[shown], SIDE)


def judged(*folders: Path, draw_masks: Callable[[Scene], Bytes] | None = None) -> list[Sample]:
    """All complete shards of core clips in the folders, in order.

    `draw_masks` gives the masks [t, H, W] of a scene's subject at every MASK_EVERY-th frame; by default the world's
    renderer does, when a mask is first asked for. Raises BadInputFile when a folder has no shards, or a shard shows
    words the recogniser doesn't know.
    """
    samples: list[Sample] = []
    for folder in folders:
        shards = sorted(folder.glob("clips-*.json"))
        if not shards:
            raise BadInputFile(folder, rule="holds no rendered clips", remedy="make some: kinora world render")
        for shard in shards:
            samples += _shard(shard, draw_masks or rendered_mask)
    return samples


def scenes(shard: Path) -> Iterator[Scene]:
    """The scenes of one shard, in the order of its clips."""
    for sample in json.loads(shard.read_text())["samples"]:
        yield Scene.from_dict(sample["scene"])


def _shard(path: Path, draw_masks: Callable[[Scene], Bytes]) -> Iterator[Sample]:
    shown = [words(scene) for scene in scenes(path)]
    try:
        labels = np.array([[CORE[name].index(w[name]) for name in NAMES] for w in shown])
    except ValueError as error:
        raise BadInputFile(
            path, rule=f"shows a word beyond the core tier ({error})", remedy="render with tier core"
        ) from error
    masks = cache(partial(_masks, path, draw_masks))
    for i, clip in enumerate(np.load(path.with_suffix(".npy"), mmap_mode="r")):
        yield Sample(clip=clip, masks=partial(_one, masks, i), labels=labels[i])


def _one(masks: Callable[[], Bytes], index: int) -> Bytes:
    """The masks of one clip of a shard, whose masks are drawn together when the first is asked for."""
    return masks()[index]


def _masks(shard: Path, draw_masks: Callable[[Scene], Bytes]) -> Bytes:
    """The masks of a shard's clips, kept beside it once they are drawn."""
    kept = shard.with_suffix(".judge.npz")
    if not kept.exists():
        masks = np.stack([small(draw_masks(scene)[..., None], MASK_SIDE)[..., 0] for scene in scenes(shard)])
        with replacing(kept) as part, part.open("wb") as file:
            np.savez(file, masks=masks)
    with np.load(kept) as held:
        return held["masks"]


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
    if h == w == side:
        return clip
    cells = clip.reshape(t, side, h // side, side, w // side, c).astype(np.float32)
    return (cells.mean((2, 4)) + 0.5).astype(np.uint8)
