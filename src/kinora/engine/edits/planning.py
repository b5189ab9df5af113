"""What the verbs share: the options all of them take, and how a request becomes a plan under one model's limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.clip import Clip
from kinora.engine.edits.sources import Mask, Reader, Source, check_array, name_of, size_for, too_long
from kinora.errors import InvalidRequest
from kinora.grid import Size
from kinora.media import Fit, Given
from kinora.media.still import count_stills
from kinora.request import Limits, Plan, Real, Sampling, Shot

BETWEEN_SECONDS = 2
"""What join, blend and loop put between two ends when nobody says: the model then sees it and both ends at once."""


MOST_CHANNELS = 4
"""A last axis longer than this is a side of the picture, not its colours."""


@dataclass(frozen=True, kw_only=True)
class Options(Sampling):
    """What every verb may be told: how it is sampled, and at which size.

    `size` None keeps the source's own size where the model makes such clips, else is the model's; `fit` says how a
    source of another size gets there.
    """

    size: Size | None = None
    fit: Fit = "cover"


def reader_for(source: Source, options: Options, limits: Limits) -> Reader:
    """How a request's sources are read: at the size asked for, else the first one's own."""
    size = options.size or size_for(source, limits)
    return Reader(size=size, fps=limits.fps, fit=options.fit, max_seconds=limits.max_seconds)


def painted(read: Reader, mask: Mask) -> Given:
    """A mask: a video if it is one, else a picture."""
    if isinstance(mask, Clip):
        return read.clip(mask)
    if isinstance(mask, str | Path):
        return read.picture(mask) if count_stills(mask) == 1 else read.clip(mask)
    check_array(mask)
    levels: npt.NDArray[Any] = mask.astype(np.uint8) * np.uint8(255) if mask.dtype == np.bool_ else mask
    if levels.ndim in (2, 3) and levels.shape[-1] > MOST_CHANNELS:
        levels = np.repeat(levels[..., None], 3, axis=-1)
    return read.picture(levels) if levels.ndim == 3 else read.clip(levels)


def plan_for(
    options: Options,
    limits: Limits,
    size: Size | None,
    prompt: str,
    seconds: Real | None,
    *,
    wordless: bool = False,
) -> Plan:
    """Every choice made, as for a shot of `seconds`, which if `wordless` may have no prompt."""
    shot = Shot(prompt or ("as it is" if wordless else prompt), seconds=seconds, size=size, **options.chosen)
    return replace(limits.plan(shot), prompt=prompt)


def between(options: Options, limits: Limits, size: Size, prompt: str, seconds: Real | None) -> tuple[Plan, int]:
    """The plan and the number of frames of what lies between two given ends: whole latent frames."""
    wanted = min(BETWEEN_SECONDS, limits.max_seconds) if seconds is None else seconds
    plan, group = plan_for(options, limits, size, prompt, wanted, wordless=True), limits.grid.stride[0]
    if plan.frames % group:
        below = plan.frames // group * group
        near = " or ".join(f"{frames / plan.fps:g}" for frames in (below, below + group) if frames)
        rule = f"between two clips lie multiples of {group / plan.fps:g} seconds"
        raise InvalidRequest(f"{wanted:g} seconds", rule=rule, remedy=f"nearest: {near}")
    return plan, plan.frames


def whole_plan(plan: Plan, frames: int, limits: Limits, *, said: str = "") -> Plan:
    """The plan of the finished clip, given and made together; `said` is its prompt if the user gave none."""
    if frames > round(limits.max_seconds * plan.fps):
        raise too_long(frames / plan.fps, limits.max_seconds)
    prompt = plan.prompt or said
    # Without words on either side there is nothing to steer by, and guidance would double the work for nothing.
    return replace(plan, frames=frames, prompt=prompt, guidance=plan.guidance if prompt or plan.negative else 1)


def info_of(verb: str, *read: tuple[Source, Given]) -> dict[str, Any]:
    """What the finished clip says of its making: the verb, the sources' names, and what was done to them.

    `parents` are the sources themselves, for the file's credentials.
    """
    report = [f"{name_of(source)}: {line}" for source, given in read for line in given.report]
    parents = [source for source, _ in read]
    return {"edit": verb, "sources": [name_of(source) for source in parents], "report": report, "parents": parents}
