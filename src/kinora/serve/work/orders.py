"""A job's order in the engine's terms: a Shot, one of the verbs, or a Story. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from kinora.engine.edits import Animate, Blend, Cast, Character, Edit, Extend, Loop, Options, Remix
from kinora.engine.edits.requests import STRENGTH
from kinora.engine.stories.story import Card, Story
from kinora.grid import Size, parse_size
from kinora.media import check_fit
from kinora.request import Sampling, Shot
from kinora.serve.schemas.order import Order

Asked: TypeAlias = Shot | Edit | Story
"""What one of the engine's verbs takes."""

Inputs: TypeAlias = Mapping[str, Path]
"""Files of this machine, by the role they play."""


def asked(order: Order, inputs: Inputs) -> Asked:
    """What `order` asks of the engine; `inputs` holds the file of each role in `order.inputs`.

    Raises InvalidRequest for what no model can make.
    """
    return _KINDS[order.kind](order, inputs)


def _generate(order: Order, inputs: Inputs) -> Asked:
    if order.characters:
        cast = tuple(Character(one.name, inputs[one.clip], one.description) for one in order.characters)
        return Cast(prompt=order.prompt, characters=cast, seconds=order.seconds, options=_options(order))
    if "image" in inputs:
        return Animate(image=inputs["image"], prompt=order.prompt, seconds=order.seconds, options=_options(order))
    return Shot(order.prompt, seconds=order.seconds, size=_size(order), **_sampling(order))


def _remix(order: Order, inputs: Inputs) -> Asked:
    return Remix(
        video=inputs["video"],
        prompt=order.prompt,
        strength=STRENGTH if order.strength is None else order.strength,
        mask=inputs.get("mask"),
        options=_options(order),
    )


def _extend(order: Order, inputs: Inputs) -> Asked:
    return Extend(
        video=inputs["video"],
        prompt=order.prompt,
        seconds=order.seconds,
        direction=order.direction,
        options=_options(order),
    )


def _loop(order: Order, inputs: Inputs) -> Asked:
    return Loop(video=inputs.get("video"), prompt=order.prompt, seconds=order.seconds, options=_options(order))


def _blend(order: Order, inputs: Inputs) -> Asked:
    first, second = order.prompts
    return Blend(
        first=inputs["first"],
        second=inputs["second"],
        first_prompt=first,
        second_prompt=second,
        seconds=order.seconds,
        options=_options(order),
    )


def _story(order: Order, inputs: Inputs) -> Asked:
    return Story(
        cards=tuple(
            Card(
                prompt=shot.prompt,
                seconds=shot.seconds,
                camera=shot.camera,
                setting=shot.setting,
                light=shot.light,
                style=shot.style,
                image=inputs[shot.image] if shot.image else None,
                clip=inputs[shot.clip] if shot.clip else None,
            )
            for shot in order.shots
        ),
        characters=order.descriptions,
        same_noise=order.same_noise,
        fit=check_fit(order.fit),
        size=_size(order),
        **_sampling(order),
    )


_KINDS: Mapping[str, Callable[[Order, Inputs], Asked]] = {
    "generate": _generate,
    "image": _generate,
    "remix": _remix,
    "edit": _remix,
    "extend": _extend,
    "loop": _loop,
    "blend": _blend,
    "story": _story,
}


def _options(order: Order) -> Options:
    return Options(size=_size(order), fit=check_fit(order.fit), **_sampling(order))


def _sampling(order: Order) -> dict[str, Any]:
    """The fields of `request.Sampling` that an order says."""
    return {name: getattr(order, name) for name in Order.model_fields if name in Sampling.__dataclass_fields__}


def _size(order: Order) -> Size | None:
    return None if order.size is None else parse_size(order.size)
