"""What the user is told about an expansion: what could not be had, what was taken for what, what was chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kinora.engine.expand.reading import Mention, Page
from kinora.engine.expand.resolve import Wish
from kinora.world import vocabulary as words
from kinora.world.grammar import Speech
from kinora.world.scene import Action, Shot, Subject

if TYPE_CHECKING:
    from kinora.engine.expand.world import Choice

MOST = 8
"""So many words are listed; of more, the number is told."""

RULES = {
    "light": "this model's room is lit by candles, at night",
    "weather": "in this model's world it can't snow there",
}


def noted(page: Page, wish: Wish, choice: Choice, missing: Iterable[int], *, image: bool) -> tuple[str, ...]:
    """All notes, what matters most first; `missing` are the places of words that mean nothing here."""
    return tuple(_notes(page, wish, choice, missing, image=image))


def _notes(page: Page, wish: Wish, choice: Choice, missing: Iterable[int], *, image: bool) -> Iterator[str]:
    lost = {index: page.words[index] for index in missing}
    lost |= {one.start: _said(one) for one in wish.others if not _goes_without_saying(one, choice)}
    if lost:
        yield f"could not place {_quoted(lost[index] for index in sorted(lost))}"
    if wish.second:
        rest = _quoted(_said(one) for one in wish.second)
        yield f"one subject is filmed, the {choice.values['subject']}; left out: {rest}"
    if wish.plural is not None:
        yield f'one {choice.values["subject"]} is filmed, not "{_said(wish.plural)}"'
    if wish.later and not image:
        yield f"one action is filmed; left out: {_quoted(_said(one) for one in wish.later)}"
    yield from (RULES[factor] for factor in choice.broken)
    for wrong, right in page.corrections.items():
        yield f'read "{wrong}" as "{right}"'
    near = [one for one in wish.chosen.values() if one.sense.grade == "near"]
    yield from (f'took "{_said(one)}" for {_named(one)}' for one in near)
    skipped = {"verb", "camera"} if image else {"light"} if choice.values["setting"] == "room" else set()
    chosen = [_phrase(factor, choice) for factor in choice.open if factor not in skipped]
    if any(chosen):
        yield f"chosen: {', '.join(one for one in chosen if one)}"


def _said(one: Mention) -> str:
    return " ".join(one.words)


def _quoted(said: Iterable[str]) -> str:
    different = list(dict.fromkeys(said))
    shown = ", ".join(f'"{one}"' for one in different[:MOST])
    return f"{shown} and {len(different) - MOST} more" if len(different) > MOST else shown


def _goes_without_saying(one: Mention, choice: Choice) -> bool:
    """Fluff on what is fluffy, and the numbers, which have a note of their own."""
    furry = {"fluffy", "furry", "soft haired"}
    return one.sense.factor == "number" or (one.sense.value in furry and choice.values["subject"] in words.FLUFFY_KINDS)


def _named(one: Mention) -> str:
    """An id as people say it."""
    kind, value = one.sense.factor, one.sense.value
    if kind == "verb":
        return f'"{value}"'
    return f"the {value}" if kind == "subject" else value


def _phrase(factor: str, choice: Choice) -> str:
    """The value of an open factor as the canonical caption says it; nothing for clear weather."""
    value, speech = choice.values[factor], Speech()
    match factor:
        case "verb":
            return speech.does(_shot(choice))
        case "setting":
            return words.SETTINGS[value].canonical
        case "light":
            return words.LIGHTS[value].canonical
        case "weather":
            return words.WEATHERS[value].canonical
        case "camera":
            return words.CAMERAS[value].canonical
        case "subject":
            return f"a {value}"
    return value


def _shot(choice: Choice) -> Shot:
    """As much of a shot as it takes to say what is done in it."""
    values = choice.values
    return Shot(
        subject=Subject(kind=values["subject"], colour=values["colour"]),
        actions=(Action(verb=values["verb"], start=0.0, end=1.0),),
        setting=values["setting"],
        light=values["light"],
        weather=values["weather"],
        camera=values["camera"],
        seconds=1.0,
    )
