"""`kinora.generate` and `kinora.image`: the whole of Kinora in one call.

import kinora
clip = kinora.generate("a red ball bounces in a meadow", seed=7)
clip.save("ball.mp4")
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from kinora.clip import Clip
from kinora.engine.events import Event, collect
from kinora.engine.expand import Expander
from kinora.engine.frames.record import record
from kinora.engine.open.tiers import cache_of
from kinora.grid import Size, parse_size
from kinora.request import Limits, Plan, Real, Sampled, Shot
from kinora.safety import Guard, default_guard
from kinora.safety.release import payload_of

if TYPE_CHECKING:
    from kinora.checkpoints.store import Model
    from kinora.engine.engine import Engine
    from kinora.engine.open.foreign import DiffusersEngine


def generate(
    prompt: str,
    *,
    seconds: Real | None = None,
    size: str | Size | None = None,
    fps: int | None = None,
    device: str | None = None,
    guard: Guard | None = None,
    watch: Callable[[Event], object] | None = None,
    expander: Expander | None = None,
    tier: str = "exact",
    **sampling: Unpack[Sampled],
) -> Clip:
    """Film one prompt and return the clip. Whatever is left out takes the model's own default.

    `size` is "WIDTHxHEIGHT" or (height, width); `device` is "cuda" where there is one, else "cpu"; `watch` sees each
    event; `tier` is one of `engine.open.tiers`. `sampling` is any of `model` (a name of the catalogue or a directory),
    `seed`, `steps`, `guidance`, `negative` and what else `request.Sampling` has. With `expand` a model that wants dense
    prompts has this one put into its words first, or `expander` does; the clip tells what was read. The last model used
    stays loaded.
    Raises errors.UserError, naming what to change, when it can't be made, and errors.Refused when it won't be.
    """
    sampling = {"cache": cache_of(tier), **sampling}
    shot = Shot(prompt, seconds=seconds, size=parse_size(size) if isinstance(size, str) else size, fps=fps, **sampling)
    check(shot)
    return film(shot, device=device, guard=guard, watch=watch, expander=expander, tier=tier)


def image(
    prompt: str,
    *,
    size: str | Size | None = None,
    device: str | None = None,
    guard: Guard | None = None,
    watch: Callable[[Event], object] | None = None,
    expander: Expander | None = None,
    tier: str = "exact",
    **sampling: Unpack[Sampled],
) -> Clip:
    """Draw one prompt and return a clip of one frame, to be saved as .png, .webp or .jpg; otherwise as `generate`."""
    sampling = {"cache": cache_of(tier), **sampling}
    shot = still(Shot(prompt, size=parse_size(size) if isinstance(size, str) else size, **sampling))
    check(shot)
    return film(shot, device=device, guard=guard, watch=watch, expander=expander, tier=tier)


def still(shot: Shot) -> Shot:
    """The same shot, one frame long. Raises UnknownModel, or CorruptWeights for a damaged description."""
    return replace(shot, seconds=1 / limits(shot.model).fps)


def limits(model: str) -> Limits:
    """What a model can be asked for, by its description alone. Raises UnknownModel or CorruptWeights."""
    from kinora.checkpoints.catalog import describe

    if is_foreign(model):
        from kinora.engine.open.foreign import limits_of

        return limits_of(model)
    return describe(model).limits


def check(shot: Shot) -> Plan:
    """Check a shot against its model's description alone, before torch is imported or a weight read.

    Raises UnknownModel or InvalidRequest, or CorruptWeights when the description itself is damaged.
    """
    from kinora.checkpoints.catalog import describe

    if is_foreign(shot.model):
        return limits(shot.model).plan(shot)
    manifest = describe(shot.model)
    plan = manifest.limits.plan(shot)
    manifest.check_given(first=False, last=False)
    return plan


def film(
    shot: Shot,
    *,
    to: Path | None = None,
    device: str | None = None,
    guard: Guard | None = None,
    watch: Callable[[Event], object] | None = None,
    expander: Expander | None = None,
    tier: str = "exact",
) -> Clip:
    """Load the shot's model, unless it is the one loaded last, and film; `generate` with a Shot.

    `to` names a file that is written while the film is made (see `record`). `tier` is one of `engine.open.tiers`. The
    clip's timings then hold "load" too: importing torch and reading the weights.
    """
    start = time.perf_counter()
    admit(shot.model, limits(shot.model).plan(shot), device)
    engine = engine_for(shot.model, device=device, guard=guard, expander=expander, tier=tier)
    load = time.perf_counter() - start
    plan = engine.model.limits.plan(shot)
    events = engine.generate(replace(shot, seed=plan.seed))
    if to is None:
        clip = collect(events, shot.prompt, watch)
    else:
        payload = payload_of(engine.model.name, engine.model.version, plan.seed, plan.prompt)
        clip = record(events, to, shot.prompt, watch, fps=plan.fps, payload=payload)
    clip.info["timings"] = {"load": round(load, 3), **clip.info["timings"]}
    return clip


def admit(model: str, plan: Plan, device: str | None) -> None:
    """Raise InvalidRequest for a clip of an open model that does not fit the device; nothing is loaded."""
    from kinora.checkpoints.catalog import choose, find

    card = None if is_foreign(model) else choose(model).card
    if card is not None:
        from kinora.engine.open.tiers import check_fits

        check_fits(card, find(model), size=plan.size, frames=plan.frames, device=device_of(device))


def device_of(device: str | None) -> str:
    """The device asked for, or the best there is."""
    import torch

    return device or ("cuda" if torch.cuda.is_available() else "cpu")


def is_foreign(model: str) -> bool:
    """Whether a name means a model of diffusers that Kinora has no classes for."""
    return model.startswith("diffusers:")


def engine_for(
    model: str,
    *,
    device: str | None = None,
    guard: Guard | None = None,
    expander: Expander | None = None,
    tier: str = "exact",
) -> Engine | DiffusersEngine:
    """What films with `model`, by name, directory or `diffusers:REPOSITORY`; the last model used stays loaded."""
    if is_foreign(model):
        from kinora.engine.open.foreign import DiffusersEngine, pipeline

        return DiffusersEngine(pipeline(model, device), guard or default_guard())
    from kinora.engine.engine import Engine

    return Engine(loaded(model, device, tier), guard or default_guard(), expander)


@lru_cache(maxsize=1)
def loaded(name: str, device: str | None, tier: str = "exact") -> Model:
    """The model `name` on `device`, or on the best there is; the last one asked for stays in memory."""
    import torch

    from kinora.checkpoints.catalog import choose, find
    from kinora.checkpoints.store import load_model
    from kinora.engine.open.tiers import setup_for

    chosen = device_of(device)
    # bfloat16 is no faster than float32 on a CPU without matrix units, and half of it on most others.
    dtype = torch.bfloat16 if chosen.startswith("cuda") else torch.float32
    card = choose(name).card
    setup = None if card is None else setup_for(card, find(name), device=chosen, tier=tier)
    return load_model(name, chosen, dtype, setup=setup)
