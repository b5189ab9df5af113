"""The six verbs in Python: `kinora.animate("photo.jpg", "the boat sails away").save("boat.mp4")`.

Sources are file names, finished clips or arrays of frames. Whatever is left out takes the model's own default.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from kinora.clip import Clip
from kinora.engine.edits.drafts import Bridge, Fade, Ring
from kinora.engine.edits.planning import Options
from kinora.engine.edits.requests import (
    STRENGTH,
    Animate,
    Blend,
    Edit,
    Extend,
    Join,
    Loop,
    Remix,
)
from kinora.engine.edits.sources import Source
from kinora.engine.events import Event, collect
from kinora.engine.frames.record import record
from kinora.engine.open.tiers import cache_of
from kinora.grid import Size, parse_size
from kinora.media import check_fit
from kinora.request import Real, Sampled, Sampling
from kinora.safety import Guard, default_guard
from kinora.safety.release import payload_of

if TYPE_CHECKING:
    from kinora.engine.edits.drafts import Draft
    from kinora.engine.expand import Expander


class Given(Sampled, total=False):
    """What every verb may be told: as in `kinora.generate`, and `fit`: cover, contain or stretch."""

    size: str | Size | None
    fit: str
    device: str | None
    guard: Guard | None
    watch: Callable[[Event], object] | None
    expander: Expander | None
    tier: str


def animate(image: Source, prompt: str, *, seconds: Real | None = None, **given: Unpack[Given]) -> Clip:
    """Make a picture move; the clip's first frame is the picture itself."""
    return _done(Animate(image=image, prompt=prompt, seconds=seconds, options=_options(given)), given)


def extend(
    video: Source,
    prompt: str = "",
    *,
    seconds: Real | None = None,
    direction: str = "forward",
    **given: Unpack[Given],
) -> Clip:
    """Add `seconds` of new video after a clip, or before it with `direction` "backward"; the clip stays as it is."""
    request = Extend(video=video, prompt=prompt, seconds=seconds, direction=direction, options=_options(given))
    return _done(request, given)


def join(
    first: Source, second: Source, prompt: str = "", *, seconds: Real | None = None, **given: Unpack[Given]
) -> Clip:
    """Put `seconds` of new video between two clips, from the end of the first to the start of the second."""
    return _done(Join(first=first, second=second, prompt=prompt, seconds=seconds, options=_options(given)), given)


def blend(
    first: Source,
    second: Source,
    *,
    prompts: tuple[str, str] = ("", ""),
    seconds: Real | None = None,
    **given: Unpack[Given],
) -> Clip:
    """Let one clip turn into another over `seconds`, each under its own prompt."""
    request = Blend(
        first=first,
        second=second,
        first_prompt=prompts[0],
        second_prompt=prompts[1],
        seconds=seconds,
        options=_options(given),
    )
    return _done(request, given)


def loop(video: Source | None = None, *, prompt: str = "", seconds: Real | None = None, **given: Unpack[Given]) -> Clip:
    """Film a prompt as a clip of `seconds` that runs into its own start, or add `seconds` that close a video."""
    return _done(Loop(video=video, prompt=prompt, seconds=seconds, options=_options(given)), given)


def remix(
    video: Source, prompt: str, *, strength: Real = STRENGTH, mask: Source | None = None, **given: Unpack[Given]
) -> Clip:
    """Make a clip again under other words; with a `mask` only where that is white."""
    request = Remix(video=video, prompt=prompt, strength=strength, mask=mask, options=_options(given))
    return _done(request, given)


def draft(request: Edit) -> Draft:
    """Read the files of a request and check all that can be refused, before torch is imported or a weight read.

    Raises UnknownModel, InvalidRequest or BadInputFile.
    """
    from kinora.checkpoints.catalog import describe

    manifest = describe(request.options.model)
    ready = request.draft(manifest.limits)
    if isinstance(ready, Ring):
        manifest.check_given(first=False, last=False)
    elif isinstance(ready, Bridge):
        manifest.check_given(first=ready.before is not None, last=ready.after is not None)
    manifest.check_at_once(_at_once(ready, manifest.grid.stride[0]))
    return ready


def _at_once(ready: Draft, group: int) -> int:
    """Latent frames that are looked at together at least: all new ones, and one of each given side."""
    if isinstance(ready, Bridge):
        return -(-ready.made // group) + len(ready.given)
    if isinstance(ready, Fade):
        return ready.overlap // group + len(ready.given)
    return -(-(ready.plan.frames - 1) // group) + 1


def make(
    ready: Draft,
    model: str,
    *,
    to: Path | None = None,
    device: str | None = None,
    guard: Guard | None = None,
    watch: Callable[[Event], object] | None = None,
    expander: Expander | None = None,
    tier: str = "exact",
) -> Clip:
    """Load the model, unless it is the one loaded last, and make the draft; `to` and the rest are as in `api.film`.

    Raises errors.Refused if the guard says no.
    """
    start = time.perf_counter()
    from kinora.engine.api import admit, loaded
    from kinora.engine.edits.perform import edit
    from kinora.engine.engine import Engine

    admit(model, ready.plan, device)
    engine = Engine(loaded(model, device, tier), guard or default_guard(), expander)
    load = time.perf_counter() - start
    events, about = edit(engine, ready), ready.plan.prompt or str(ready.info["edit"])
    if to is None:
        clip = collect(events, about, watch)
    else:
        payload = payload_of(engine.model.name, engine.model.version, ready.plan.seed, ready.plan.prompt)
        clip = record(events, to, about, watch, fps=ready.plan.fps, payload=payload)
    clip.info["timings"] = {"load": round(load, 3), **clip.info["timings"]}
    return clip


def _options(given: Given) -> Options:
    size = given.get("size")
    chosen: dict[str, Any] = {"cache": cache_of(given.get("tier", "exact"))}
    chosen |= {name: value for name, value in given.items() if name in Sampling.__dataclass_fields__}
    return Options(
        size=parse_size(size) if isinstance(size, str) else size, fit=check_fit(given.get("fit", "cover")), **chosen
    )


def _done(request: Edit, given: Given) -> Clip:
    return make(
        draft(request),
        request.options.model,
        device=given.get("device"),
        guard=given.get("guard"),
        watch=given.get("watch"),
        expander=given.get("expander"),
        tier=given.get("tier", "exact"),
    )
