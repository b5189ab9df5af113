"""Several shots in one video, and videos with characters in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from kinora.engine.stories.scenes import story_from_prompt
from kinora.engine.stories.story import Card, Story, described, mentions, spread
from kinora.errors import InvalidRequest
from kinora.grid import format_size
from kinora.serve.errors import ApiError, of_kinora
from kinora.serve.ordering.characters import Character
from kinora.serve.ordering.orders import choose, note_fit
from kinora.serve.ordering.reception import Reception, Terms, Visit
from kinora.serve.schemas.order import OrderedCharacter, OrderedShot
from kinora.serve.schemas.videos import CreateVideo, ShotText, TellStory
from kinora.serve.store.values import Job


async def story(reception: Reception, visit: Visit, asked: TellStory) -> Job:
    """Shots one after another, of a list or of the sentences of a prompt."""
    choice = choose(reception, asked.model, asked.size)
    plan = choice.plan(asked, asked.prompt, None, choice.size)
    shots = [_shot(index, shot) for index, shot in enumerate(asked.shots or [])]
    try:
        told = await run_in_threadpool(_told, asked, shots)  # a hundred sentences take a second
        if asked.seconds is not None:
            told = spread(told, asked.seconds, choice.limits)
        plans = replace(told, size=plan.size).plans(choice.limits)
    except InvalidRequest as error:
        raise of_kinora(error, "shots" if asked.shots else "prompt") from error
    for card, one in zip(told.cards, plans, strict=True):
        choice.check_given(first=card.image is not None or card.clip is not None, seconds=one.seconds)
    for index, shot in enumerate(asked.shots or []):
        for role, given, moving in (("image", shot.image, False), ("video", shot.video, True)):
            if given is not None:
                param = f"shots[{index}].{role}"
                brought = await visit.inputs.bring(f"{role}{index}", given, param=param, moving=moving)
                note_fit(choice, param, brought, plan.size, asked.fit)
    cards = [
        OrderedShot(
            prompt=card.prompt,
            seconds=one.seconds,
            camera=card.camera,
            setting=card.setting,
            light=card.light,
            style=card.style,
            image=card.image.name if card.image else None,
            clip=card.clip.name if card.clip else None,
        )
        for card, one in zip(told.cards, plans, strict=True)
    ]
    seconds = sum(one.seconds for one in plans)
    shown = asked.prompt or "\n".join(card.prompt for card in told.cards)
    order = choice.order(
        "story",
        asked,
        prompt=shown,
        size=format_size(plan.size),
        seconds=seconds,
        shots=tuple(cards),
        descriptions=dict(told.characters),
        same_noise=asked.same_noise,
    )
    terms = Terms(size=plan.size, seconds=seconds, words=told.texts(holding=False), shown=shown)
    return await reception.accept(visit, order, terms)


def _told(asked: TellStory, shots: list[Card]) -> Story:
    """The story's cards; files are named by the role they will play."""
    if not shots:
        told = story_from_prompt(asked.prompt)
        return replace(told, characters=asked.descriptions or told.characters)
    return Story(cards=tuple(shots), characters=asked.descriptions or {})


def _shot(index: int, shot: ShotText) -> Card:
    return Card(
        prompt=shot.prompt,
        seconds=shot.seconds,
        camera=shot.camera,
        setting=shot.setting,
        light=shot.light,
        style=shot.style,
        image=Path(f"image{index}") if shot.image else None,
        clip=Path(f"video{index}") if shot.video else None,
        where=f"shots[{index}]",
    )


async def with_characters(reception: Reception, visit: Visit, asked: CreateVideo, cast: list[Character]) -> Job:
    """A video with characters, each named in the prompt as it is called."""
    choice = choose(reception, asked.model, asked.size)
    for index, one in enumerate(cast):
        if not mentions(one.name, asked.prompt):
            message = f"The prompt does not name the character '{one.name}': write the name as it is."
            raise ApiError(400, message, code="invalid_value", param=f"characters[{index}].id")
    plan = choice.plan(asked, asked.prompt, asked.seconds, choice.size, asked.fps)
    choice.check_given(first=True, seconds=plan.seconds)
    for index, one in enumerate(cast):
        visit.inputs.brought[f"character{index}"] = one.brought
    people = [
        OrderedCharacter(id=one.id, name=one.name, description=one.description, clip=f"character{index}")
        for index, one in enumerate(cast)
    ]
    order = choice.order(
        "generate",
        asked,
        prompt=asked.prompt,
        size=format_size(plan.size),
        seconds=plan.seconds,
        characters=tuple(people),
    )
    said = described(asked.prompt, {one.name: one.description for one in cast if one.description})
    words = [asked.prompt, said] if said != asked.prompt else [asked.prompt]
    terms = Terms(size=plan.size, seconds=plan.seconds, words=words, shown=asked.prompt)
    return await reception.accept(visit, order, terms)
