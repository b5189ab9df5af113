"""Every phrase the expander knows, in every inflection, and what each one means.

>>> phrases()[("jumping", "up", "and", "down")]
Sense(factor='verb', value='hop', grade='exact')
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, cast

from kinora.engine.expand.lexicon import LEXICON
from kinora.world import details
from kinora.world import vocabulary as words
from kinora.world.grammar import inflected, plural

Grade = Literal["exact", "strong", "near", "hint", "other"]
"""The captions' own word; a plain synonym; the nearest that can be shown; a hint; known, but none of the model's."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a phrase means: the value of a factor, an id of the vocabulary, or, graded "other", none that there is."""

    factor: str
    value: str
    grade: Grade


def tokens_of(text: str) -> tuple[str, ...]:
    """A phrase as the reading sees it: small letters, hyphens opened."""
    return tuple(re.findall(r"[a-z0-9]+", text.lower().replace("'s ", " ")))


IRREGULAR = {
    "run": "runs ran running",
    "go": "goes went going",
    "get": "gets got getting",
    "become": "becomes became becoming",
    "drive": "drives drove driving driven",
    "ride": "rides rode riding ridden",
    "stand": "stands stood standing",
    "sit": "sits sat sitting",
    "sleep": "sleeps slept sleeping",
    "spin": "spins spun spinning",
    "grow": "grows grew growing",
    "leap": "leaps leapt leaping leaped",
    "lie": "lies lay lying laying",
    "kneel": "kneels knelt kneeling",
    "slide": "slides slid sliding",
    "speed": "speeds sped speeding",
    "fall": "falls fell falling",
    "think": "thinks thought thinking",
    "fly": "flies flew flying",
    "swim": "swims swam swimming",
    "sing": "sings sang singing",
    "eat": "eats ate eating",
    "drink": "drinks drank drinking",
    "speak": "speaks spoke speaking",
    "fight": "fights fought fighting",
    "write": "writes wrote writing",
    "hide": "hides hid hiding",
    "shrink": "shrinks shrank shrinking",
    "come": "comes came coming",
    "read": "reads reading",
    "travel": "travels travelled travelling traveled traveling",
    "shake": "shakes shook shaking",
}


def forms(verb: str) -> Iterator[str]:
    """A verb phrase in all its forms, the first word inflected: "hop around", "hops around", "hopping around", ..."""
    first, _, rest = verb.partition(" ")
    tail = f" {rest}" if rest else ""
    yield verb
    if first in ("not", "without"):
        return
    if first in IRREGULAR:
        yield from (f"{form}{tail}" for form in IRREGULAR[first].split())
        return
    stem = first.removesuffix("e")
    if re.fullmatch(r"[^aeiou]*[aeiou][bdgmnpt]", first):
        stem = first + first[-1]  # hop, hopping
    if first.endswith("y") and first[-2] not in "aeiou":
        yield from (f"{first[:-1]}ies{tail}", f"{first[:-1]}ied{tail}", f"{first}ing{tail}")
        return
    yield f"{first}es{tail}" if first.endswith(("s", "x", "ch", "sh", "ss")) else f"{first}s{tail}"
    yield from (f"{stem}ed{tail}", f"{stem}ing{tail}")


@cache
def phrases() -> Mapping[tuple[str, ...], Sense]:
    """Every known phrase; where two lists claim one, the first to name it here has it."""
    table: dict[tuple[str, ...], Sense] = {}
    for text, sense in (*_vocabulary(), *_captions(), *_everyday()):
        table.setdefault(tokens_of(text), sense)
    table.pop((), None)
    return MappingProxyType(table)


@cache
def phrases_from() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """The phrases by their first word, longest first."""
    table: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(phrases(), key=len, reverse=True):
        table.setdefault(phrase[0], []).append(phrase)
    return MappingProxyType({first: tuple(found) for first, found in table.items()})


@cache
def known_words() -> frozenset[str]:
    """Every word of every phrase: what a misspelt word may have been meant for."""
    return frozenset(word for phrase in phrases() for word in phrase)


def _vocabulary() -> Iterator[tuple[str, Sense]]:
    """The phrases of the core tier, as the captions inflect them."""
    factors = {
        "subject": words.SUBJECTS,
        "colour": words.COLOURS,
        "setting": words.SETTINGS,
        "light": words.LIGHTS,
        "weather": words.WEATHERS,
        "camera": words.CAMERAS,
    }
    for factor, table in factors.items():
        for name in words.ids(table, "core"):
            for phrase in table[name].phrases:
                yield phrase, Sense(factor, name, "exact")
                if factor == "subject":
                    yield plural(phrase), Sense(factor, name, "exact")
    for phrase in words.STYLES["3D animation"].phrases:
        yield phrase, Sense("style", "3D animation", "exact")
    yield "still of", Sense("filler", "image", "exact")
    for phrase in words.MATERIALS["fluffy"].phrases:
        yield phrase, Sense("material", "fluffy", "exact")
    for way, ends in words.DIRECTIONS.items():
        for end in ends:
            yield end, Sense("way", way, "exact")
    for name in words.verbs("core"):
        for verb in () if name in words.DIRECTIONS else words.VERBS[name]:
            for tense in ("present", "base", "gerund", "past"):
                if verb.complete:
                    yield inflected(verb, tense), Sense("verb", name, "exact")
                yield f"{inflected(verb, tense)} {verb.tail}", Sense("verb", name, "exact")
    moving = [words.GAITS[words.GAIT_OF[kind]] for kind in words.ids(words.SUBJECTS, "core")]
    for verb in (*words.VERBS["move_left"], *(verb for gait in moving for verb in gait)):
        for tense in ("present", "base", "gerund", "past"):
            yield inflected(verb, tense), Sense("verb", "move", "exact")


def _captions() -> Iterator[tuple[str, Sense]]:
    """What long captions add: it goes without saying, but it says where and when."""
    for kind in words.ids(words.SUBJECTS, "core"):
        yield details.FEATURES[kind], Sense("filler", kind, "exact")
    for setting in words.ids(words.SETTINGS, "core"):
        yield details.SCENERY[setting], Sense("setting", setting, "exact")
    for light, skies in details.SKIES.items():
        for sky in skies:
            yield sky, Sense("setting", "room", "exact") if light == "candles" else Sense("light", light, "exact")
    for weather in words.ids(words.WEATHERS, "core"):
        for air in details.AIRS[weather]:
            yield air, Sense("weather", weather, "exact")


def _everyday() -> Iterator[tuple[str, Sense]]:
    """The lexicon's phrases, in its order."""
    for (factor, grade), table in LEXICON.senses.items():
        for name, listing in table.items():
            for phrase in _inflections(factor, listing):
                yield phrase, Sense(factor, name, cast("Grade", grade))
    for factor, listing in LEXICON.others.items():
        for phrase in _inflections("verb" if factor == "deed" else factor, listing):
            yield phrase, Sense(factor, phrase, "other")


def _inflections(factor: str, listing: Iterable[str]) -> Iterator[str]:
    for phrase in listing:
        yield phrase
        if factor == "verb":
            yield from forms(phrase)
        elif factor in ("subject", "person", "place", "setting", "thing"):
            yield plural(phrase)
