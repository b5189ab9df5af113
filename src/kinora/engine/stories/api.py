"""`kinora.story` and `kinora.expand`: several shots in one call, and what a model would read.

import kinora
kinora.expand("a scared bunny in the woods at dusk").prompt
kinora.story("A red ball bounces on a beach. Cut to a forest at night.", seconds=6, seed=7).save("story.mp4")
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from kinora.checkpoints.catalog import describe
from kinora.clip import Clip
from kinora.engine.events import Event, Refused, collect
from kinora.engine.expand import Expander, Expansion, expander_for
from kinora.engine.options import Filming, parted, takes
from kinora.engine.runtime import HERE, Runtime
from kinora.engine.stories.scenes import story_from_prompt
from kinora.engine.stories.story import Story, located, spread
from kinora.engine.stories.storyboard import is_storyboard, read_story
from kinora.errors import InvalidRequest
from kinora.grid import Size, sized
from kinora.media import check_picture, check_video
from kinora.request import DEFAULT_MODEL, Plan, Real, Sampling, Shot
from kinora.safety import Guard, default_guard

if TYPE_CHECKING:
    from kinora.engine.engine import Engine


@takes(Sampling, Runtime)
def story(
    source: str | Path | Story,
    *,
    seconds: Real | None = None,
    size: str | Size | None = None,
    **options: Unpack[Filming],
) -> Clip:
    """Film several shots and return them as one clip, cut at the asked times; `info["shots"]` tells each one's.

    `source` is a storyboard file, a text of several sentences, or a Story. `seconds` is shared out among a text's
    shots. The others are as in `generate` and go before what the storyboard says.
    Raises errors.UserError, naming the shot and what to change, before anything is computed, and errors.Refused.
    """
    runtime, sampling = parted(options)
    return film_story(prepared(source, seconds=seconds, size=sized(size), **sampling), runtime)


def prepared(source: str | Path | Story, *, seconds: Real | None = None, **chosen: object) -> Story:
    """The story of `source`, its fields `chosen` unless None, checked against its model's description alone.

    Raises errors.UserError for all that can be refused before torch is imported or a weight read.
    """
    if isinstance(source, Story):
        found, text = source, False
    elif isinstance(source, Path) or (isinstance(source, str) and is_storyboard(source)):
        found, text = read_story(source), False
    elif not isinstance(source, str):
        rule = "is no storyboard's name, no text and no Story"
        raise InvalidRequest(f"a {type(source).__name__}", rule=rule, remedy="kinora.Story(cards=...) is one")
    else:
        found, text = story_from_prompt(source), True
    fields = {name: value for name, value in chosen.items() if value is not None}
    found = replace(found, **fields)  # type: ignore[arg-type]
    limits = describe(found.model).limits
    if seconds is not None:
        if not text:
            raise InvalidRequest(
                f"{seconds:g} seconds", rule="each shot of a storyboard has its own", remedy="write them there"
            )
        found = spread(found, seconds, limits)
    plans = found.plans(limits)
    check(found, plans)
    return replace(found, seed=plans[0].seed)


def check(told: Story, plans: Sequence[Plan]) -> None:
    """Raise an error, naming the shot, for one whose file is none or of another kind, or that its model can't make."""
    manifest = describe(told.model)
    for card, plan, where in zip(told.cards, plans, told.places, strict=True):
        with located(where):
            if card.image is not None:
                check_picture(card.image)
            if card.clip is not None:
                check_video(card.clip)
            manifest.check_given(first=card.image is not None or card.clip is not None, last=False)
            manifest.check_at_once(manifest.grid.latents_for(plan.frames))


def film_story(told: Story, runtime: Runtime = HERE, *, to: Path | None = None) -> Clip:
    """Load the story's model, unless it is the one loaded last, and film it; `to` is a file to write meanwhile."""
    plans = told.plans(describe(told.model).limits)
    longest = max(plans, key=lambda plan: plan.frames)
    whole = replace(plans[0], prompt="\n".join(card.prompt for card in told.cards))

    def begin(engine: Engine) -> Iterator[Event]:
        from kinora.engine.stories.telling import tell

        return tell(engine, replace(told, seed=whole.seed))

    return runtime.film(lambda: runtime.engine(told.model, longest), begin, whole, about=told.cards[0].prompt, to=to)


def expand(
    prompt: str,
    *,
    seconds: Real | None = None,
    model: str = DEFAULT_MODEL,
    guard: Guard | None = None,
    expander: Expander | None = None,
) -> Expansion:
    """What the model would read for a prompt: its own expander's answer, or that of `expander`. Films nothing.

    Raises UnknownModel, InvalidRequest as `generate` does, errors.Refused, and Unavailable when the expander is
    somewhere else and can't be asked.
    """
    shot = Shot(prompt, seconds=seconds, model=model)
    plan = describe(model).limits.plan(shot)
    judge = guard or default_guard()
    _allow(judge, prompt, prompt)
    chosen = expander or _own(model)
    if chosen is None:
        return Expansion(prompt, changed=False)
    expansion = chosen.expand(prompt, seconds=plan.seconds, image=plan.frames == 1)
    _allow(judge, expansion.prompt, prompt)
    return expansion


def _allow(guard: Guard, words: str, asked: str) -> None:
    """Raise errors.Refused, showing what was asked, if the guard does not allow the words."""
    verdict = guard.screen(words)
    if not verdict.allowed:
        collect([Refused(verdict)], asked)


def _own(model: str) -> Expander | None:
    name = describe(model).defaults.expander
    if not name:
        return None
    from kinora.models.text import TextEncoder

    return expander_for(name, TextEncoder.load())
