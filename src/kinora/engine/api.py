"""`kinora.generate` and `kinora.image`: the whole of Kinora in one call.

import kinora
clip = kinora.generate("a red ball bounces in a meadow", seed=7)
clip.save("ball.mp4")
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Unpack

from kinora.checkpoints.catalog import describe, is_foreign
from kinora.clip import Clip
from kinora.engine.options import Filming, parted, takes
from kinora.engine.runtime import HERE, Runtime
from kinora.grid import Size, sized
from kinora.request import Limits, Plan, Real, Sampling, Shot


@takes(Sampling, Runtime)
def generate(
    prompt: str,
    *,
    seconds: Real | None = None,
    size: str | Size | None = None,
    fps: int | None = None,
    **options: Unpack[Filming],
) -> Clip:
    """Film one prompt and return the clip. Whatever is left out takes the model's own default.

    `size` is "WIDTHxHEIGHT" or (height, width); `device` is "cuda" where there is one, else "cpu"; `watch` sees each
    event; `tier` is one of `engine.open.tiers`. `model` is a name of the catalogue or a directory; for `seed`, `steps`,
    `guidance`, `negative` and what else is sampled by see `request.Sampling`. With `expand` a model that wants dense
    prompts has this one put into its words first, or `expander` does; the clip tells what was read. The last model used
    stays loaded.
    Raises errors.UserError, naming what to change, when it can't be made, and errors.Refused when it won't be.
    """
    runtime, sampling = parted(options)
    shot = Shot(prompt, seconds=seconds, size=sized(size), fps=fps, **sampling)
    check(shot)
    return film(shot, runtime)


@takes(Sampling, Runtime)
def image(prompt: str, *, size: str | Size | None = None, **options: Unpack[Filming]) -> Clip:
    """Draw one prompt and return a clip of one frame, to be saved as .png, .webp or .jpg; otherwise as `generate`."""
    runtime, sampling = parted(options)
    shot = still(Shot(prompt, size=sized(size), **sampling))
    check(shot)
    return film(shot, runtime)


def still(shot: Shot) -> Shot:
    """The same shot, one frame long. Raises UnknownModel, or CorruptWeights for a damaged description."""
    return replace(shot, seconds=1 / limits(shot.model).fps)


def limits(model: str) -> Limits:
    """What a model can be asked for, by its description alone. Raises UnknownModel or CorruptWeights."""
    if is_foreign(model):
        from kinora.engine.open.foreign import limits_of

        return limits_of(model)
    return describe(model).limits


def check(shot: Shot) -> Plan:
    """Check a shot against its model's description alone, before torch is imported or a weight read.

    Raises UnknownModel or InvalidRequest, or CorruptWeights when the description itself is damaged.
    """
    plan = limits(shot.model).plan(shot)
    if not is_foreign(shot.model):
        describe(shot.model).check_given(first=False, last=False)
    return plan


def film(shot: Shot, runtime: Runtime = HERE, *, to: Path | None = None) -> Clip:
    """Load the shot's model, unless it is the one loaded last, and film; `generate` with a Shot.

    `to` names a file that is written while the film is made (see `record`).
    """
    plan = limits(shot.model).plan(shot)
    return runtime.film(
        lambda: runtime.any_engine(shot.model, plan),
        lambda engine: engine.generate(replace(shot, seed=plan.seed)),
        plan,
        about=shot.prompt,
        to=to,
    )
