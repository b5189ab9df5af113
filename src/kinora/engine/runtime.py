"""Where and under whose eyes something is filmed, whatever it is: from a model's name to a finished clip.

    runtime, plan = Runtime(device="cuda", watch=print), describe(model).limits.plan(shot)
    runtime.film(lambda: runtime.engine(model, plan), lambda engine: engine.generate(shot), plan, about=shot.prompt)

No torch here before something is loaded.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict, TypeVar, runtime_checkable

from kinora.checkpoints.catalog import choose, find, is_foreign
from kinora.clip import Clip
from kinora.engine.events import Event, collect
from kinora.engine.expand import Expander
from kinora.engine.frames.record import record
from kinora.errors import InvalidRequest
from kinora.request import Plan
from kinora.safety import Guard, default_guard
from kinora.safety.release import payload_of

if TYPE_CHECKING:
    from kinora.checkpoints.store import Model
    from kinora.engine.engine import Engine
    from kinora.engine.open.foreign import DiffusersEngine


@runtime_checkable
class Known(Protocol):
    """What a mark says of a model."""

    @property
    def name(self) -> str:
        """What the catalogue, or its own description, calls it."""

    @property
    def version(self) -> str:
        """Which of that name."""


@runtime_checkable
class Films(Protocol):
    """An engine, as far as it matters here."""

    @property
    def model(self) -> Known:
        """What it films with."""


EngineT = TypeVar("EngineT", bound=Films)


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What every call that films may be told beside how it is sampled (`request.Sampling`).

    `device` is "cuda" where there is one, else "cpu"; `guard` the one that ships. `watch` sees each event. `expander`
    takes the place of the model's own. `tier` is one of `engine.open.tiers`.
    """

    device: str | None = None
    guard: Guard | None = None
    watch: Callable[[Event], object] | None = None
    expander: Expander | None = None
    tier: str = "exact"

    def admit(self, model: str, plan: Plan) -> None:
        """Raise InvalidRequest for a clip of an open model that does not fit the device; nothing is loaded."""
        card = choose(model).card
        if card is not None:
            from kinora.engine.open.tiers import check_fits

            check_fits(card, find(model), size=plan.size, frames=plan.frames, device=device_of(self.device))

    def engine(self, model: str, plan: Plan) -> Engine:
        """What films `plan` with `model`, a name or directory; the last model used stays loaded. Raises as `admit`."""
        self.admit(model, plan)
        from kinora.engine.engine import Engine

        return Engine(loaded(model, self.device, self.tier), self.guard or default_guard(), self.expander)

    def any_engine(self, model: str, plan: Plan) -> Engine | DiffusersEngine:
        """The same, for pipelines of diffusers as well (`diffusers:REPOSITORY`), which make clips from words alone."""
        if not is_foreign(model):
            return self.engine(model, plan)
        from kinora.engine.open.foreign import DiffusersEngine, pipeline

        return DiffusersEngine(pipeline(model, self.device), self.guard or default_guard())

    def film(
        self,
        load: Callable[[], EngineT],
        begin: Callable[[EngineT], Iterable[Event]],
        plan: Plan,
        *,
        about: str,
        to: Path | None = None,
    ) -> Clip:
        """Load an engine and run what it is told to begin to its end: in memory, or into the file `to` meanwhile.

        `plan` is the whole clip's, and `about` the words that a refusal shows. The clip's timings hold "load", too:
        importing torch and reading the weights. Raises errors.Refused if the guard says no.
        """
        start = time.perf_counter()
        engine = load()
        seconds = time.perf_counter() - start
        events = begin(engine)
        if to is None:
            clip = collect(events, about, self.watch)
        else:
            payload = payload_of(engine.model.name, engine.model.version, plan.seed, plan.prompt)
            clip = record(events, to, about, self.watch, fps=plan.fps, payload=payload)
        clip.info["timings"] = {"load": round(seconds, 3), **clip.info["timings"]}
        return clip


HERE = Runtime()
"""The best device there is, the guard that ships, and nobody who watches."""


class RuntimeOptions(TypedDict, total=False):
    """The fields of `Runtime` by name, for functions that take any of them."""

    device: str | None
    guard: Guard | None
    watch: Callable[[Event], object] | None
    expander: Expander | None
    tier: str


def device_of(device: str | None) -> str:
    """The device asked for, or the best there is. Raises InvalidRequest for one that is not there."""
    import torch

    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        asked = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise InvalidRequest(f"device {device}", rule="is none", remedy="there are cpu, cuda, cuda:0, ...") from error
    if asked.type == "cuda" and (asked.index or 0) >= torch.cuda.device_count():
        rule, remedy = f"torch sees {torch.cuda.device_count()} of this kind here", "leave it out for the best there is"
        raise InvalidRequest(f"device {device}", rule=rule, remedy=remedy)
    return device


def loaded(name: str, device: str | None, tier: str = "exact") -> Model:
    """The model `name` on `device`, or on the best there is; the last one asked for stays in memory.

    It goes before another one comes: the two may not fit together.
    """
    asked = name, device, tier
    if (model := _LOADED.get(asked)) is None:
        _LOADED.clear()
        gc.collect()  # blocks that visit a device, and what brings them there, know one another
        model = _LOADED[asked] = _load(name, device, tier)
    return model


_LOADED: dict[tuple[str, str | None, str], Model] = {}


def _load(name: str, device: str | None, tier: str) -> Model:
    import torch

    from kinora.checkpoints.store import load_model
    from kinora.engine.open.tiers import setup_for

    chosen = device_of(device)
    # bfloat16 is no faster than float32 on a CPU without matrix units, and half of it on most others.
    dtype = torch.bfloat16 if chosen.startswith("cuda") else torch.float32
    card = choose(name).card
    setup = None if card is None else setup_for(card, find(name), device=chosen, tier=tier)
    return load_model(name, chosen, dtype, setup=setup)
