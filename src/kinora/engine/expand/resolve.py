"""The second look at a prompt: who is meant, which colour is whose, who does what.

Rules of thumb of English, each a function: the subject is the first thing that no preposition puts beside another, its
action the first verb after it, its colour the one that `binding` finds to be its own. `Wish` is what comes of them: one
value per factor, or none where the prompt says nothing, and what was said but can't be had.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kinora.engine.expand.binding import ARTICLES, PREPOSITIONS, SCENERY, bound_colour, graded
from kinora.engine.expand.lexicon import LEXICON
from kinora.engine.expand.phrases import Sense
from kinora.engine.expand.reading import Mention, Page

FRAMING, SHADES = LEXICON.grammar("framing"), LEXICON.grammar("shades")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a prompt asks of one shot. `chosen` maps factors to their mentions; `denied` holds (factor, value) pairs.

    `second` are other subjects, `later` other actions, `others` what is known and none of the model's, `hints` what
    only suggests a value, `elsewhere` the colours said of anything.
    """

    chosen: dict[str, Mention]
    denied: frozenset[tuple[str, str]]
    second: tuple[Mention, ...] = ()
    later: tuple[Mention, ...] = ()
    others: tuple[Mention, ...] = ()
    plural: Mention | None = None
    hints: tuple[Mention, ...] = ()
    elsewhere: frozenset[str] = frozenset()

    def value(self, factor: str) -> str | None:
        """The id asked for, or None."""
        found = self.chosen.get(factor)
        return None if found is None else found.sense.value


def resolve(page: Page) -> Wish:
    """Decide who and what is meant by the mentions of a page."""
    usable = [one for one in page.mentions if not one.denied and not _is_shade(page, one)]
    denied = frozenset((one.sense.factor, one.sense.value) for one in page.mentions if one.denied)
    subject = _subject(page, [one for one in usable if one.sense.factor == "subject"])
    verbs = list(_verbs(page, usable, subject))
    chosen: dict[str, Mention | None] = {
        "subject": subject,
        "colour": bound_colour(page, usable, subject),
        "verb": verbs[0] if verbs else None,
        "way": _way(page, usable, verbs[0] if verbs else None),
        **{factor: _best(usable, factor) for factor in ("setting", "light", "weather", "camera", "style")},
    }
    kind = subject.sense.value if subject else None
    return Wish(
        chosen={factor: one for factor, one in chosen.items() if one is not None},
        denied=denied,
        second=tuple(one for one in usable if one.sense.factor == "subject" and one.sense.value != kind),
        later=tuple(one for one in verbs[1:] if one.sense.value != verbs[0].sense.value),
        others=tuple(one for one in usable if one.sense.grade == "other"),
        hints=tuple(one for one in usable if one.sense.grade == "hint"),
        elsewhere=frozenset(one.sense.value for one in usable if one.sense.factor == "colour"),
        plural=_number(page, usable, subject),
    )


def _subject(page: Page, found: list[Mention]) -> Mention | None:
    """The first thing that stands by itself; failing that, the first one mentioned."""
    return next((one for one in found if not _leans(page, one)), found[0] if found else None)


def _leans(page: Page, noun: Mention) -> bool:
    """Whether a preposition before the noun makes it the place or the company of another: "next to a red candle"."""
    clause = [
        index for index in range(max(0, noun.start - 6), noun.start) if page.clause[index] == page.clause[noun.start]
    ]
    while clause and page.words[clause[-1]] not in ARTICLES | PREPOSITIONS:  # adjectives
        clause.pop()
    while clause and page.words[clause[-1]] in ARTICLES:
        clause.pop()
    if not clause or page.words[clause[-1]] not in PREPOSITIONS:
        return False
    before = page.at(clause[-1] - 1) if clause[-1] else None
    match page.words[clause[-1]]:
        case "of":
            framed = before is not None and before.sense.factor in ("camera", "style", "look", "number")
            return not framed and page.words[clause[-1] - 1] not in FRAMING
        case "and":
            return any(one.sense.factor == "subject" and one.end <= clause[-1] for one in page.mentions)
    return True


def _verbs(page: Page, usable: list[Mention], subject: Mention | None) -> Iterator[Mention]:
    """The actions that may be the subject's, likeliest first: clear ones after it, then before it, then weak ones."""
    found = [one for one in usable if one.sense.factor == "verb" and not _of_scenery(page, one, subject)]
    if subject is None:
        order = found
    else:
        own = [one for one in found if one.start >= subject.end and not _of_another(page, one, subject)]
        before = [one for one in found if one.end <= subject.start]
        order = [*own, *before, *(one for one in found if one not in own and one not in before)]
    yield from sorted(order, key=lambda one: one.sense.grade == "hint")


def _of_scenery(page: Page, verb: Mention, subject: Mention | None) -> bool:
    """Whether something of the scene, or somebody beside the subject, does it: "flowers glow", "lights drift about"."""
    before = [i for i in range(max(0, verb.start - 3), verb.start) if page.clause[i] == page.clause[verb.start]]
    extras = ("sky",) if subject is None else ("sky", "person")
    for index in reversed(before):
        mention = page.at(index)
        if page.words[index] in ("it", "he", "she") or (mention is not None and mention.sense.factor == "subject"):
            return False
        if page.words[index] in SCENERY or (mention is not None and mention.sense.factor in extras):
            return True
    return False


def _of_another(page: Page, verb: Mention, subject: Mention) -> bool:
    """Whether another thing stands between the subject and the verb with a "that" or "which" of its own."""
    between = range(subject.end, verb.start)
    relative = [
        i
        for i in between
        if page.words[i] in ("that", "which", "who") and page.sentence[i] == page.sentence[verb.start]
    ]
    if not relative:
        return False
    nouns = [one for one in page.mentions if one.sense.factor == "subject" and one.end <= relative[-1]]
    return bool(nouns) and nouns[-1].sense.value != subject.sense.value


def _way(page: Page, usable: list[Mention], verb: Mention | None) -> Mention | None:
    """The direction of a movement, nearest after the verb; a plain "left" or "right" right after it counts."""
    if verb is None or verb.sense.value != "move":
        return None
    ways = [one for one in usable if one.sense.factor == "way"]
    for index in range(verb.end - 1, min(verb.end + 3, len(page.words))):
        word = page.words[index]
        if (
            word in ("left", "right")
            and page.words[index - 1] not in ("the", "from")
            and page.clause[index] == page.clause[verb.start]
        ):
            ways.append(Mention(index, index + 1, (word,), Sense("way", f"move_{word}", "strong")))
    return min(ways, key=lambda one: (one.start < verb.start, abs(one.start - verb.start)), default=None)


def _best(usable: list[Mention], factor: str) -> Mention | None:
    return graded([one for one in usable if one.sense.factor == factor])


def _is_shade(page: Page, one: Mention) -> bool:
    """Whether "dark" or "light" only shades a colour: "a dark blue car"."""
    if one.sense.factor == "colour" or not set(one.words) <= SHADES or one.end >= len(page.words):
        return False
    after = page.at(one.end)
    return after is not None and after.sense.factor == "colour"


def _number(page: Page, usable: list[Mention], subject: Mention | None) -> Mention | None:
    """The mention that asks for more than one subject."""
    if subject is None:
        return None
    for one in usable:
        near = subject.start - 5 <= one.start < subject.start and page.clause[one.start] == page.clause[subject.start]
        if one.sense.factor == "number" and near and _spans_adjectives(page, one.end, subject.start):
            return one
    return None


def _spans_adjectives(page: Page, start: int, end: int) -> bool:
    """Whether only words that may qualify a noun lie between."""
    return all(page.words[i] not in PREPOSITIONS and page.words[i] not in ARTICLES for i in range(start, end))
