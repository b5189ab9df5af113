"""Whose a colour is: the noun that it precedes, or the one that it is said of.

"a red ball on a green cube" has a red ball, "a ball, blue and shiny" a blue one; in "a creature with soft blue fur" the
fur is the creature's, and the violet of leaves is nobody's.
"""

from __future__ import annotations

from kinora.engine.expand.lexicon import LEXICON
from kinora.engine.expand.reading import Mention, Page
from kinora.world.grammar import plural

ARTICLES, PREPOSITIONS = LEXICON.grammar("articles"), LEXICON.grammar("prepositions")
COPULAS, LINKS = LEXICON.grammar("copulas"), LEXICON.grammar("links")
BODY = frozenset(form for part in LEXICON.grammar("body") for form in (part, plural(part)))
PARTS = BODY | LEXICON.grammar("parts")
SCENERY = frozenset(form for thing in LEXICON.grammar("scenery") for form in (thing, plural(thing)))

GUESSES = 2
"""Unknown words that may be adjectives between a colour and its noun: "a red racing toy car"."""

RANK = {"exact": 0, "strong": 0, "near": 1, "hint": 2}


def graded(found: list[Mention]) -> Mention | None:
    """The first of the surest mentions."""
    known = [one for one in found if one.sense.grade in RANK]
    return min(known, key=lambda one: (RANK[one.sense.grade], one.start), default=None)


def bound_colour(page: Page, usable: list[Mention], subject: Mention | None) -> Mention | None:
    """The colour bound to the subject, from the mentions of colours."""
    bound = [
        one for one in usable if one.sense.factor == "colour" and _owner(page, one, subject) is subject is not None
    ]
    if bound or subject is not None:
        return graded(bound)
    return graded([one for one in usable if one.sense.factor == "colour" and _stands_alone(page, one)])


def _owner(page: Page, colour: Mention, subject: Mention | None) -> Mention | None:
    """The subject's mention that a colour belongs to; None if it colours something else."""
    guesses = 0
    for index in range(colour.end, len(page.words)):
        if page.sentence[index] != page.sentence[colour.start]:
            break
        word, mention = page.words[index], page.at(index)
        if word in BODY:
            return subject
        if mention is not None and mention.sense.factor == "subject":
            same = subject is not None and mention.sense.value == subject.sense.value
            return subject if same else mention
        if mention is not None and mention.sense.factor in ("colour", "size", "material", "number"):
            continue
        if word in LINKS:
            continue
        if mention is not None or word in PARTS or word in SCENERY:
            return None if _is_thing(mention, word) else _behind(page, colour, subject)
        if (
            word in PREPOSITIONS
            or word in ARTICLES
            or word in COPULAS
            or page.clause[index] != page.clause[colour.start]
        ):
            break
        guesses += 1
        if guesses > GUESSES:
            return None
    else:
        index = len(page.words)
    return None if guesses and not _behind(page, colour, subject) else _behind(page, colour, subject)


def _is_thing(mention: Mention | None, word: str) -> bool:
    """Whether what follows a colour is a noun that can have it."""
    return (
        word in PARTS
        or word in SCENERY
        or (mention is not None and mention.sense.factor in ("setting", "place", "person", "sky", "light", "weather"))
    )


def _behind(page: Page, colour: Mention, subject: Mention | None) -> Mention | None:
    """The noun before a colour that says what it is like: "the ball is blue", "a ball, red and shiny"."""
    for index in range(colour.start - 1, -1, -1):
        if page.sentence[index] != page.sentence[colour.start]:
            return None
        word, mention = page.words[index], page.at(index)
        if word in BODY:
            return subject
        if word in PARTS or word in SCENERY:
            return None
        if mention is not None and mention.sense.factor == "subject":
            return subject if subject is not None and mention.sense.value == subject.sense.value else mention
        if mention is not None and mention.sense.factor in ("setting", "place", "person"):
            return None
    return None


def _stands_alone(page: Page, colour: Mention) -> bool:
    """Whether a colour, in a prompt without a subject, colours nothing that is named: "something red"."""
    index = colour.end
    return (
        index >= len(page.words) or page.clause[index] != page.clause[colour.start] or page.words[index] in PREPOSITIONS
    )
