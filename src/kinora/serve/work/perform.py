"""A claimed job from its order to its files: read, made, reviewed, marked, signed, handed in.

    perform(claim, maker, desk, settings, tell=lambda progress, stage: ...)     # the files and what is to be told

Every picture goes through `kinora.safety.release`, thumbnail, sprite sheet and live frames as well. What `tell` raises
ends the job between two steps.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kinora.clip import Clip
from kinora.engine.events import Event, Frames, Progress
from kinora.grid import format_size
from kinora.request import Real, Shot
from kinora.safety.release import asked as asked_words
from kinora.safety.release import payload_of, release_clip
from kinora.serve.assets import Asset, CorruptAsset
from kinora.serve.schemas.order import Order
from kinora.serve.store.values import Claim
from kinora.serve.work.desk import Desk
from kinora.serve.work.makers import Maker, limits_of
from kinora.serve.work.orders import asked

Tell = Callable[[int, str], None]

TYPES = {
    "mp4": "video/mp4",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
}
SUFFIXES = {**{kind: suffix for suffix, kind in TYPES.items()}, "video/webm": "webm", "video/quicktime": "mov"}

SHARES = {"read": (0, 2), "denoise": (2, 85), "decode": (85, 97)}
"""From where to where each stage takes a job, in percent; the rest is for thumbnail, sheet and storing."""


APART = ("parents", "frames_reviewed", "frames_digest", "warnings")
"""What a clip knows of itself and a result does not repeat."""


@dataclass
class Meter:
    """How far a job is, over stages that may come again for each window of a long clip; it never goes back."""

    percent: int = 0

    def read(self, event: Progress) -> int:
        """Percent done after `event`."""
        start, stop = SHARES[event.stage]
        self.percent = max(self.percent, start + (stop - start) * event.index // max(1, event.total))
        return self.percent


@dataclass(frozen=True)
class Made:
    """A finished job: its files, and what is told of them."""

    assets: Mapping[str, Asset]
    result: Mapping[str, Any] = field(default_factory=dict)


def perform(claim: Claim, maker: Maker, desk: Desk, *, preview: Real, tell: Tell) -> Made:
    """Make the files of a job. Raises errors.KinoraError, Lost among them, and whatever `tell` does."""
    order = Order.model_validate(claim.job.request)
    with tempfile.TemporaryDirectory(prefix="kinora-job-") as name:
        folder = Path(name)
        inputs = {role: _fetched(claim, id, desk, folder) for role, id in order.inputs.items()}
        wanted = asked(order, inputs)
        if order.kind == "image":
            assert isinstance(wanted, Shot)
            wanted = replace(wanted, seconds=1 / limits_of(order.model).fps)
        watch = _Watch(claim, desk, order, folder, preview, tell)
        suffix = order.format if order.kind == "image" else "mp4"
        clip = maker.make(wanted, folder / f"made.{suffix}", watch)
        files = {"image" if order.kind == "image" else "video": folder / f"made.{suffix}"}
        if order.kind != "image":
            files |= _pictures(clip, folder)
        tell(98, "store")
        assets = {role: desk.deliver(claim, role, file, TYPES[file.suffix[1:]]) for role, file in files.items()}
        return Made(assets, result_of(clip))


def result_of(clip: Clip) -> dict[str, Any]:
    """What is told of a finished clip, as JSON: what was read and made, what was measured, what the guard said."""
    told = {name: value for name, value in clip.info.items() if name not in APART}
    payload = payload_of(clip.model, clip.version, clip.seed, asked_words(clip))
    return {
        "frames": len(clip.frames),
        "fps": clip.fps,
        "seconds": clip.seconds,
        "size": format_size(clip.size),
        "seed": clip.seed,
        "steps": clip.steps,
        "guidance": clip.guidance,
        "model": clip.model,
        "version": clip.version,
        "prompt_read": clip.prompt,
        "watermark": payload.hex,
        "verdict": {"frames_reviewed": clip.info["frames_reviewed"], "warnings": list(clip.info.get("warnings", ()))},
        **{name: value for name, value in told.items() if _is_json(value)},
    }


def _fetched(claim: Claim, id: str, desk: Desk, folder: Path) -> Path:
    if id not in claim.inputs:
        raise CorruptAsset(id, rule="the stored file is gone")
    asset = claim.inputs[id]
    return desk.fetch(claim, asset, folder / f"{asset.id}.{SUFFIXES.get(asset.type, 'bin')}")


def _pictures(clip: Clip, folder: Path) -> dict[str, Path]:
    """A still from the middle, and the sheet of frames; both are looked at, marked and signed like any picture."""
    middle = len(clip.frames) // 2
    # Other frames than were reviewed: the door has them reviewed as a work of their own.
    release_clip(
        replace(clip, frames=clip.frames[middle : middle + 1], info=dict(clip.info)), folder / "thumbnail.webp"
    )
    release_clip(clip, folder / "spritesheet.jpg")
    return {"thumbnail": folder / "thumbnail.webp", "spritesheet": folder / "spritesheet.jpg"}


class _Watch:
    """Tells how far the engine is, and shows a live frame now and then."""

    def __init__(self, claim: Claim, desk: Desk, order: Order, folder: Path, preview: Real, tell: Tell) -> None:
        self._claim, self._desk, self._order, self._tell = claim, desk, order, tell
        self._path, self._every = folder / "preview.webp", preview
        self._shown, self._meter = time.monotonic(), Meter()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._tell(self._meter.read(event), event.stage)
        elif isinstance(event, Frames) and self._every and time.monotonic() - self._shown >= self._every:
            self._show(event)
            self._shown = time.monotonic()

    def _show(self, event: Frames) -> None:
        order, limits = self._order, limits_of(self._order.model)
        frame = event.frames[-1:]
        still = Clip(frames=frame, fps=limits.fps, prompt=order.prompt, seed=order.seed, model=order.model)
        release_clip(still, self._path)
        self._desk.show(self._claim, self._path, event.start + len(event.frames) - 1)


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | int | float | bool)
