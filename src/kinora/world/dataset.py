"""Render the world into shards on disk: frames, scene graphs and captions, by several processes, resumable.

`clips-00000.npy` is uint8 [N, T, H, W, 3] (64 clips), `images-00000.npy` uint8 [N, 1, H, W, 3] (512 stills). Beside
each lies a `.json` with {"version", "settings", "samples": [{"scene": {...}, "captions": [{"text", "kind"}]}]},
written last: a shard without it is not there. Sample i of a kind depends on (seed, kind, i) alone, so a longer run
extends a shorter one, and the number of processes changes nothing.
"""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kinora.errors import InvalidRequest, OutputError
from kinora.world import VERSION
from kinora.world.captions import captions
from kinora.world.continued import Take, sample_continued
from kinora.world.sample import sample_scene
from kinora.world.scene import Scene
from kinora.world.split import Split
from kinora.world.vocabulary import Tier

if TYPE_CHECKING:
    from kinora.world.render import Renderer

Kind = Literal["clips", "images"]

SHARD_SIZE: dict[Kind, int] = {"clips": 64, "images": 512}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every sample of a data set shares; a folder holds one."""

    seed: int
    size: tuple[int, int]
    frames: int
    fps: int
    tier: Tier
    split: Split
    samples: int
    captions_per_sample: int
    continued: Take | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of samples `first` to `first + count` of a kind; `fresh` if this run rendered it."""

    path: Path
    kind: Kind
    first: int
    count: int
    fresh: bool = True


def render_dataset(
    out: Path | str,
    *,
    clips: int,
    images: int,
    seed: int,
    size: tuple[int, int] = (128, 128),
    frames: int = 33,
    fps: int = 8,
    tier: Tier = "core",
    split: Split = "train",
    processes: int = 2,
    samples: int = 2,
    captions_per_sample: int = 4,
    continued: Take | None = None,
    progress: Callable[[Shard], None] | None = None,
) -> list[Shard]:
    """Render `clips` and `images` samples into folder `out`, leaving alone the shards that are there already.

    `size` is (height, width); `samples` are those of a pixel (`Renderer`); `progress` hears of each shard. `continued`
    clips are core takes of two parts (`world.continued`), each with its captions.
    Each process draws on one thread. Raises InvalidRequest for impossible numbers, OutputError when the folder holds
    another data set. Processes are spawned: a script calls this under `if __name__ == "__main__"`.
    """
    if min(clips, images) < 0 or min(processes, frames, captions_per_sample) < 1:
        raise InvalidRequest(
            f"clips={clips}, images={images}, processes={processes}, frames={frames}",
            rule="counts are not negative; processes, frames and captions are at least 1",
            remedy="for example clips=64, images=512, processes=2",
        )
    if continued and (tier != "core" or (frames - 1) % 8):
        raise InvalidRequest(
            f"{frames} frames, tier {tier}",
            rule="takes of two parts are core takes of 8n+1 frames",
            remedy="for example frames=65, tier='core'",
        )
    settings = Settings(
        seed=seed,
        size=size,
        frames=frames,
        fps=fps,
        tier=tier,
        split=split,
        samples=samples,
        captions_per_sample=captions_per_sample,
        continued=continued,
    )
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    shards = [*_plan(folder, "clips", clips, settings), *_plan(folder, "images", images, settings)]
    for shard in shards:
        if not shard.fresh and progress:
            progress(shard)
    _render_all([shard for shard in shards if shard.fresh], settings, processes, progress)
    return shards


def sample_seed(seed: int, kind: Kind, index: int) -> int:
    """The seed of sample `index` of a kind: 48 bits of SHA-256, so that samples share nothing."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{kind}/{index}".encode()).digest()[:6])


def _plan(folder: Path, kind: Kind, total: int, settings: Settings) -> list[Shard]:
    """All shards of a kind, those on disk marked as not fresh."""
    shards = []
    for number, first in enumerate(range(0, total, SHARD_SIZE[kind])):
        count = min(SHARD_SIZE[kind], total - first)
        path = folder / f"{kind}-{number:05d}.npy"
        shards.append(Shard(path, kind, first, count, fresh=_samples_on_disk(path, settings) < count))
    return shards


def _samples_on_disk(path: Path, settings: Settings) -> int:
    """How many samples a finished shard holds, 0 if there is none; OutputError if it belongs to another data set."""
    index = path.with_suffix(".json")
    if not index.exists() or not path.exists():
        return 0
    found = json.loads(index.read_text())
    if (found["version"], {"continued": None, **found["settings"]}) != (VERSION, _plain(settings)):
        raise OutputError(
            str(index),
            rule="holds samples of another world version or of other settings",
            remedy="render into a new folder",
        )
    return len(found["samples"])


def _render_all(
    shards: list[Shard], settings: Settings, processes: int, progress: Callable[[Shard], None] | None
) -> None:
    if not shards:
        return
    context = multiprocessing.get_context("spawn")
    workers = min(processes, len(shards))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread_each) as pool:
        running = {pool.submit(_render_shard, shard, settings): shard for shard in shards}
        try:
            for done in as_completed(running):
                done.result()
                if progress:
                    progress(running[done])
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _one_thread_each() -> None:
    """Runs in a new process before OpenGL loads: llvmpipe then draws in the calling thread."""
    os.environ["LP_NUM_THREADS"] = "0"


def _render_shard(shard: Shard, settings: Settings) -> None:
    """Runs in a process of the pool: draw the samples, write the frames, then the index."""
    height, width = settings.size
    length = 1 if shard.kind == "images" else settings.frames
    pixels = np.empty((shard.count, length, height, width, 3), np.uint8)
    entries = []
    for row in range(shard.count):
        seed = sample_seed(settings.seed, shard.kind, shard.first + row)
        scene, told = _told(seed, shard.kind, settings)
        pixels[row] = _renderer(height, width, settings.samples).render(scene)
        entries.append({"scene": scene.to_dict(), "captions": told})
    _write(shard.path, pixels, {"version": VERSION, "settings": _plain(settings), "samples": entries})


def _told(seed: int, kind: Kind, settings: Settings) -> tuple[Scene, list[dict[str, Any]]]:
    """The scene of a seed and its captions; those of a take of two parts say of which one they are."""
    if settings.continued and kind == "clips":
        take = sample_continued(
            seed,
            frames=settings.frames,
            fps=settings.fps,
            size=settings.size,
            split=settings.split,
            take=settings.continued,
        )
        told = take.captions(settings.captions_per_sample, seed, settings.split)
        return take.scene, [{**asdict(caption), "part": part} for caption, part in told]
    scene = sample_scene(
        seed,
        tier=settings.tier,
        frames=settings.frames,
        fps=settings.fps,
        size=settings.size,
        split=settings.split,
        image=kind == "images",
    )
    return scene, [asdict(c) for c in captions(scene, settings.captions_per_sample, seed, settings.split)]


@cache
def _renderer(height: int, width: int, samples: int) -> "Renderer":
    """The process's renderer, kept with its compiled programs until the process ends."""
    from kinora.world.render import Renderer

    return Renderer(height, width, samples)


def _write(path: Path, pixels: "np.ndarray[Any, np.dtype[np.uint8]]", index: dict[str, Any]) -> None:
    """Both files, each under a temporary name first; the old index goes first, so the pair never disagrees."""
    final = path.with_suffix(".json")
    final.unlink(missing_ok=True)
    part = path.with_suffix(".npy.part")
    with part.open("wb") as file:
        np.save(file, pixels)
    part.replace(path)
    part = path.with_suffix(".json.part")
    part.write_text(json.dumps(index, separators=(",", ":")))
    part.replace(final)


def _plain(settings: Settings) -> dict[str, Any]:
    return {**asdict(settings), "size": list(settings.size)}
