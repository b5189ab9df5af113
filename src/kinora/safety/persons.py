"""What in a text looks like the name of a person or of a character, whatever the case of its letters.

Signs, not findings: a first name, a first name before a surname or before a word in no dictionary, capitals in the
midst of a sentence, a strange word. Each is weak evidence; the heads learn what they are worth together, and the rules
in `names` ask for several.

    full_names("shaky footage: jo vandelar climbs a ladder")     # [(2, 4)], words of the plain text
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from importlib.resources import files
from itertools import pairwise

from kinora.safety.lexicon import Lexicon, common, seldom_words
from kinora.safety.normalise import plain_words

SIGNS = 9
"""Numbers that `signs_of` gives."""

_CAPITALS = re.compile(r"(?<=[a-z,] )[A-Z][a-z'’]+(?: (?:of|the|de|van|von|al|bin) )?(?:[ -][A-Z][A-Za-z'’]+)+")
_ONE_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z'’]{2,}")
_OWN = re.compile(r"\b(?:named|called|nicknamed|by the name of)\b")
_MANNER = re.compile(r"\b(?:style of|styled? like|inspired by|in the manner of|painting by|art by|directed by)\b")
_SOURCE = re.compile(r"\b(?:from|in) the (?:movie|film|series|show|game|cartoon|anime|manga|comics?)\b|\b\w+ from \w+$")


def signs_of(text: str) -> tuple[float, ...]:
    """SIGNS numbers between 0 and 1 for a plain text (its capitals kept)."""
    words = plain_words(text)
    lexicon = Lexicon.dictionary()
    strange = {word for word in words if is_strange(word, lexicon)}
    lower = text.lower()
    capitals = not text.istitle() and not text.isupper()
    return (
        float(any(word in first_names() for word in words)),
        float(any(a in first_names() and b in surnames() for a, b in pairwise(words))),
        float(any(a in first_names() and b in strange for a, b in pairwise(words))),
        float(capitals and _CAPITALS.search(text) is not None),
        float(capitals and _ONE_CAPITAL.search(text) is not None),
        min(1.0, len(strange) / 3),
        float(_OWN.search(lower) is not None),
        float(_MANNER.search(lower) is not None),
        float(_SOURCE.search(lower) is not None),
    )


def full_names(text: str) -> list[tuple[int, int]]:
    """Where a first name stands before a surname or a word in no dictionary: first and last-but-one word's number."""
    words = plain_words(text)
    lexicon = Lexicon.dictionary()
    return [
        (i, i + 2)
        for i, (first, last) in enumerate(pairwise(words))
        if (first in first_names() or first in common("names", "first"))
        and last not in first_names()
        and (last in surnames() or last in _only_surnames() or is_strange(last, lexicon))
    ]


def borne_by_many(text: str) -> bool:
    """Whether a text has a name of a common given name and a common surname ("Sarah Miller"), and no rarer one."""
    words = plain_words(text)
    common_pairs = {
        (first, last)
        for first, last in pairwise(words)
        if first in common("names", "first") and last in common("names", "last")
    }
    return bool(common_pairs) and common_pairs.issuperset(tuple(words[a:b]) for a, b in full_names(text))


@cache
def _only_surnames() -> frozenset[str]:
    """Common surnames that are no words: "wei chen" is a full name, "rose hill" may be a place."""
    return common("names", "last") - common("names", "words")


def is_strange(word: str, lexicon: Lexicon) -> bool:
    """Whether it is no word, no form of one, not made of two ("birdhouse"), of no people or place ("Nepalese").

    A name that very many bear ("Okafor") is not strange either: it alone points to nobody.
    """
    if len(word) < 4 or not word.isalpha() or not word.isascii() or word in lexicon:
        return False
    made_of = lexicon.split(word) or []
    seldom = seldom_words()
    return not (
        word in common("names", "first")
        or word in common("names", "last")
        or any(stem in lexicon or stem in seldom for stem in stems(word))
        or word.endswith(("ian", "ese", "ish", "land", "stan", "ness", "ly"))
        or (len(made_of) == 2 and min(map(len, made_of)) > 2)
    )


def stems(word: str) -> tuple[str, ...]:
    """What a word may be without its ending: "bakes", "baking", "baked" and "babies" are no names."""
    endings = (("s", ""), ("es", ""), ("ies", "y"), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"))
    return (word, *(word.removesuffix(end) + base for end, base in endings if word.endswith(end)))


@cache
def first_names() -> frozenset[str]:
    """First names that captions of harmless pictures do not use as words."""
    return _named("F")


@cache
def surnames() -> frozenset[str]:
    """Surnames, likewise."""
    return _named("S")


def _named(letter: str) -> frozenset[str]:
    lines = gzip.decompress((files("kinora.safety") / "lists" / "names.txt.gz").read_bytes()).decode().splitlines()
    return frozenset(line[2:] for line in lines if line.startswith(letter))
