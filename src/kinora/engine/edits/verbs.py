"""The six verbs in Python: `kinora.animate("photo.jpg", "the boat sails away").save("boat.mp4")`.

Sources are file names, finished clips or arrays of frames. Whatever is left out takes the model's own default.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from kinora.checkpoints.catalog import describe
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
from kinora.engine.edits.sources import Mask, Source
from kinora.engine.events import Event
from kinora.engine.options import Filming, parted, takes
from kinora.engine.runtime import HERE, Runtime
from kinora.errors import InvalidRequest
from kinora.grid import Grid, Size, sized
from kinora.media import Fit, check_fit
from kinora.request import Real

if TYPE_CHECKING:
    from kinora.engine.edits.drafts import Draft
    from kinora.engine.engine import Engine


class Given(Filming, total=False):
    """What every verb may be told: as in `kinora.generate`, and how a source of another size gets to `size`."""

    size: str | Size | None
    fit: Fit


verb = takes(Options, Runtime, size="str | Size | None")
"""Makes a function one of the verbs, which all take the same options."""


@verb
def animate(image: Source, prompt: str, *, seconds: Real | None = None, **options: Unpack[Given]) -> Clip:
    """Make a picture move; the clip's first frame is the picture itself."""
    told, runtime = _parted(options)
    return _filmed(Animate(image=image, prompt=prompt, seconds=seconds, options=told), runtime)


@verb
def extend(
    video: Source,
    prompt: str = "",
    *,
    seconds: Real | None = None,
    direction: str = "forward",
    **options: Unpack[Given],
) -> Clip:
    """Add `seconds` of new video after a clip, or before it with `direction` "backward"; the clip stays as it is."""
    told, runtime = _parted(options)
    request = Extend(video=video, prompt=prompt, seconds=seconds, direction=direction, options=told)
    return _filmed(request, runtime)


@verb
def join(
    first: Source, second: Source, prompt: str = "", *, seconds: Real | None = None, **options: Unpack[Given]
) -> Clip:
    """Put `seconds` of new video between two clips, from the end of the first to the start of the second."""
    told, runtime = _parted(options)
    return _filmed(Join(first=first, second=second, prompt=prompt, seconds=seconds, options=told), runtime)


@verb
def blend(
    first: Source,
    second: Source,
    *,
    prompts: tuple[str, str] = ("", ""),
    seconds: Real | None = None,
    **options: Unpack[Given],
) -> Clip:
    """Let one clip turn into another over `seconds`, each under its own prompt."""
    if isinstance(prompts, str) or len(prompts) != 2:
        raise InvalidRequest(f"prompts {prompts!r}", rule="are two, one for each clip", remedy='for example ("", "")')
    told, runtime = _parted(options)
    request = Blend(
        first=first,
        second=second,
        first_prompt=prompts[0],
        second_prompt=prompts[1],
        seconds=seconds,
        options=told,
    )
    return _filmed(request, runtime)


@verb
def loop(
    video: Source | None = None, *, prompt: str = "", seconds: Real | None = None, **options: Unpack[Given]
) -> Clip:
    """Film a prompt as a clip of `seconds` that runs into its own start, or add `seconds` that close a video.

    Words in the place of the video are the prompt: `loop("a snowman spins")` films a clip of its own.
    """
    told, runtime = _parted(options)
    return _filmed(Loop.of(video, prompt=prompt, seconds=seconds, options=told), runtime)


@verb
def remix(
    video: Source, prompt: str, *, strength: Real = STRENGTH, mask: Mask | None = None, **options: Unpack[Given]
) -> Clip:
    """Make a clip again under other words; with a `mask` only where that is white."""
    told, runtime = _parted(options)
    request = Remix(video=video, prompt=prompt, strength=strength, mask=mask, options=told)
    return _filmed(request, runtime)


def draft(request: Edit) -> Draft:
    """Read the files of a request and check all that can be refused, before torch is imported or a weight read.

    Raises UnknownModel, InvalidRequest or BadInputFile.
    """
    manifest = describe(request.options.model)
    ready = request.draft(manifest.limits)
    if isinstance(ready, Ring):
        manifest.check_given(first=False, last=False)
    elif isinstance(ready, Bridge):
        manifest.check_given(first=ready.before is not None, last=ready.after is not None)
    manifest.check_at_once(_at_once(ready, manifest.grid))
    return ready


def _at_once(ready: Draft, grid: Grid) -> int:
    """Latent frames that are looked at together at least: all new ones, and one of each given side."""
    group = grid.stride[0]
    if isinstance(ready, Bridge):
        return -(-ready.made // group) + len(ready.given)
    if isinstance(ready, Fade):
        return ready.overlap // group + len(ready.given)
    return grid.latents_for(ready.plan.frames)


def make(ready: Draft, model: str, runtime: Runtime = HERE, *, to: Path | None = None) -> Clip:
    """Load the model, unless it is the one loaded last, and make the draft; `to` is a file to write meanwhile.

    Raises errors.Refused if the guard says no.
    """

    def begin(engine: Engine) -> Iterator[Event]:
        from kinora.engine.edits.perform import edit

        return edit(engine, ready)

    about = ready.plan.prompt or str(ready.info["edit"])
    return runtime.film(lambda: runtime.engine(model, ready.plan), begin, ready.plan, about=about, to=to)


def _parted(options: Given) -> tuple[Options, Runtime]:
    """The options of the request, and of how it is run. Raises InvalidRequest for a size, fit or tier that is none."""
    runtime, told = parted(options)
    size, fit = sized(told.pop("size", None)), check_fit(told.pop("fit", "cover"))
    return Options(size=size, fit=fit, **told), runtime


def _filmed(request: Edit, runtime: Runtime) -> Clip:
    return make(draft(request), request.options.model, runtime)
