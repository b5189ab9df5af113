"""Every other video model of diffusers, `--model diffusers:REPOSITORY` (or a folder), behind the same guard and door.

Kinora's own classes stream, hold frames and extend; a foreign pipeline makes a clip from words, whole. What enters is
screened and what leaves is reviewed, marked and signed like any other clip.
"""

from __future__ import annotations

import inspect
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from kinora.checkpoints.catalog import FOREIGN
from kinora.checkpoints.hub import one_file
from kinora.engine.events import Done, Event, Progress, Refused
from kinora.engine.frames.delivery import Delivery, required
from kinora.engine.runtime import device_of
from kinora.errors import InvalidRequest, KinoraError, Unavailable, UnknownModel
from kinora.grid import Grid
from kinora.request import Limits, Plan, Real, Shot
from kinora.safety import Guard, screen_words

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

CHUNK = 8
MAX_SECONDS = 30.0
WAN_GRID = Grid(stride=(4, 8, 8), patch=(1, 2, 2))


@dataclass(frozen=True, kw_only=True)
class Family:
    """What a family of pipelines does not say of itself: the rate it was trained at, and its size arithmetic."""

    fps: int = 16
    grid: Grid = WAN_GRID


FAMILIES = {
    "Wan": Family(),
    "LTX": Family(fps=24, grid=Grid(stride=(8, 32, 32), patch=(1, 1, 1))),
    "CogVideoX": Family(fps=8),
    "HunyuanVideo": Family(fps=24),
    "Mochi": Family(fps=30, grid=Grid(stride=(6, 8, 8), patch=(1, 2, 2))),
}
"""By how their pipelines' class names begin; others are taken for like Wan's, which most are."""


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A pipeline with what an engine says of its model."""

    name: str
    version: str
    limits: Limits
    pipe: DiffusionPipeline


class DiffusersEngine:
    """Films shots with one pipeline under one guard; the events are `engine.events`."""

    def __init__(self, model: Foreign, guard: Guard) -> None:
        self.model = model
        self.guard = required(guard)

    def generate(self, shot: Shot) -> Iterator[Event]:
        """Check and screen `shot` at once, film it as the caller iterates; closing the iterator cancels after a step.

        Raises InvalidRequest, before anything is computed, if this pipeline can't make the shot.
        """
        for name, value in {"sampler": shot.sampler, "shift": shot.shift}.items():
            if value is not None:
                rule = "a pipeline of diffusers brings its own scheduler"
                raise InvalidRequest(f"{name} {value}", rule=rule, remedy="leave it out")
        if shot.cache != "off":
            raise InvalidRequest(f"cache {shot.cache}", rule="is for Kinora's own classes", remedy="leave --tier out")
        plan = self.model.limits.plan(shot)
        verdict = screen_words(self.guard, (plan.prompt,), plan.negative)
        if not verdict.allowed:
            return iter([Refused(verdict)])
        return self._film(plan)

    def _film(self, plan: Plan) -> Iterator[Event]:
        start = time.perf_counter()
        run = _Run(self.model.pipe, arguments(self.model, plan))
        try:
            for step in run.steps():
                yield Progress("denoise", step, plan.steps)
            made = run.frames()[: plan.frames]
        finally:
            run.cancel()
        if len(made) < plan.frames:
            rule = f"its pipeline made {len(made)} of {plan.frames} frames"
            raise KinoraError(self.model.name, rule=rule, remedy="ask for another length")
        seconds = {"denoise": time.perf_counter() - start}
        pipe: Any = self.model.pipe
        sampling = {
            "pipeline": type(pipe).__name__,
            "scheduler": type(pipe.scheduler).__name__,
            "dtype": str(pipe.dtype).removeprefix("torch."),
        }
        with Delivery(self.guard, plan) as delivery:
            if (yield from delivery.tell(made[first : first + CHUNK] for first in range(0, len(made), CHUNK))):
                return
            name, version = self.model.name, self.model.version
            yield Done(delivery.clip(model=name, version=version, timings=seconds, sampling=sampling))


class _Cancelled(Exception):  # noqa: N818 - not an error: whoever asked for the clip has left
    """Raised inside a pipeline's callback, which is the only place where it can be stopped."""


class _Run:
    """One call of a pipeline, in a thread of its own, since it tells of its steps only by calling back."""

    def __init__(self, pipe: DiffusionPipeline, given: dict[str, Any]) -> None:
        self._told: queue.Queue[int | None] = queue.Queue()
        self._left = threading.Event()
        self._made: Any = None
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._call, args=(pipe, given), daemon=True)
        self._thread.start()

    def steps(self) -> Iterator[int]:
        """The number of steps done, each as it is; raises what the pipeline raised."""
        while (step := self._told.get()) is not None:
            yield step
        if self._failed is not None:
            raise self._failed

    def frames(self) -> npt.NDArray[np.uint8]:
        """The clip, once all steps are done: uint8 T H W C."""
        video = np.asarray(self._made.frames[0], np.float32)
        return (video.clip(0, 1) * 255).round().astype(np.uint8)

    def cancel(self) -> None:
        """End the call after the step at hand, and wait for that."""
        self._left.set()
        self._thread.join()

    def _call(self, pipe: Any, given: dict[str, Any]) -> None:
        try:
            with torch.inference_mode():
                self._made = pipe(**given, callback_on_step_end=self._step)
        except _Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001 - handed on to the thread that asked
            self._failed = error
        finally:
            self._told.put(None)

    def _step(self, _pipe: Any, index: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if self._left.is_set():
            raise _Cancelled
        self._told.put(index + 1)
        return tensors


def arguments(model: Foreign, plan: Plan) -> dict[str, Any]:
    """What the pipeline is called with. Noise comes from the CPU: a seed means the same on every device."""
    given = {
        "prompt": plan.prompt,
        "negative_prompt": plan.negative,
        "height": plan.size[0],
        "width": plan.size[1],
        "num_frames": model.limits.grid.frames_for(plan.seconds, plan.fps),
        "num_inference_steps": plan.steps,
        "guidance_scale": float(plan.guidance),
        "generator": torch.Generator().manual_seed(plan.seed),
        "output_type": "np",
    }
    taken = _taken(type(model.pipe))
    if plan.negative and "negative_prompt" not in taken:
        raise InvalidRequest("a negative prompt", rule=f"{model.name} takes none", remedy="leave it out")
    return {name: value for name, value in given.items() if name in taken}


def limits_of(model: str) -> Limits:
    """What a pipeline can be asked for, by its index alone.

    Raises Unavailable without diffusers, UnknownModel for what is no text-to-video pipeline of it.
    """
    kind = _class_of(model)
    taken = _taken(kind)
    if not {"prompt", "num_frames", "callback_on_step_end"} <= taken.keys() or _needs(taken):
        rule = f"{kind.__name__} does not make a clip from words alone"
        raise UnknownModel(model, rule=rule, remedy="use a text-to-video pipeline")
    family = next((one for start, one in FAMILIES.items() if kind.__name__.startswith(start)), Family())
    rows, columns = family.grid.multiple

    def own(name: str, otherwise: Real) -> Any:
        value = taken[name].default if name in taken else None
        return otherwise if value in (None, inspect.Parameter.empty) else value

    height, width, frames = int(own("height", 480)), int(own("width", 832)), int(own("num_frames", 81))
    return Limits(
        size=(height // rows * rows, width // columns * columns),
        fps=family.fps,
        seconds=frames / family.fps,
        max_seconds=MAX_SECONDS,
        steps=int(own("num_inference_steps", 50)),
        guidance=float(own("guidance_scale", 5.0)),
        grid=family.grid,
        min_side=32,
        max_pixels=1920 * 1088,
    )


@lru_cache(maxsize=1)
def pipeline(model: str, device: str | None) -> Foreign:
    """Load a pipeline onto `device`, or the best there is; the last one stays in memory. Raises as `limits_of` does."""
    limits = limits_of(model)
    from diffusers import DiffusionPipeline

    chosen = device_of(device)
    dtype = torch.bfloat16 if chosen.startswith("cuda") else torch.float32
    place = _place(model)
    try:
        pipe = DiffusionPipeline.from_pretrained(place, torch_dtype=dtype)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UnknownModel(model, rule=f"could not be loaded ({str(error)[:120]})", remedy="check its name") from error
    pipe.set_progress_bar_config(disable=True)
    return Foreign(name=model, version="", limits=limits, pipe=pipe.to(chosen))


def _class_of(model: str) -> type[Any]:
    try:
        import diffusers
    except ImportError as error:
        remedy = "pip install kinora[diffusers]"
        raise Unavailable(model, rule="needs the package diffusers", remedy=remedy) from error
    name = str(_index(model).get("_class_name"))
    kind = getattr(diffusers, name, None)
    if not isinstance(kind, type) or not issubclass(kind, diffusers.DiffusionPipeline):
        rule = f"its pipeline {name} is none of diffusers {diffusers.__version__}"
        raise UnknownModel(model, rule=rule, remedy="a newer diffusers may have it")
    return kind


def _index(model: str) -> dict[str, Any]:
    place = _place(model)
    path = Path(place) / "model_index.json"
    try:
        if not Path(place).is_dir():
            path = one_file(place, "model_index.json")
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # the hub's own errors are among them
        rule = f"neither a folder nor a repository with a model_index.json that can be had ({str(error)[:120]})"
        raise UnknownModel(model, rule=rule, remedy="for example diffusers:Lightricks/LTX-Video") from error
    return read


def _place(model: str) -> str:
    return model.removeprefix(FOREIGN)


def _taken(kind: type[Any]) -> dict[str, inspect.Parameter]:
    call: Callable[..., Any] = kind.__call__
    return dict(inspect.signature(call).parameters)


def _needs(taken: dict[str, inspect.Parameter]) -> bool:
    """Whether a call needs a picture or a clip: then it is not words alone."""
    return any(name in taken for name in ("image", "video", "conditioning"))
