"""Real people and owned characters: by list, and by what stands around a name that no list has.

A name behind "by" or "in the style of" asks for a manner and not for a likeness: it is pointed out, not refused. A name
that no list has counts where the text says what it is ("the actor Jo Doe", "from the film Nowhere"), and where two
capitalised words begin with a first name and the classifier takes them for somebody known.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from kinora.safety.lists import MILD, Hit, TermList
from kinora.safety.policy import Finding
from kinora.safety.spans import span_of

LISTED = 0.85
PATTERN = 0.7
MANNER = 0.45
"""Scores of a name in a list, of one told by its surroundings, and of one whose manner is asked for."""

CAPITALISED = 0.15
"""What the classifier must think at least of capitalised words that begin with a first name."""

_NAME = r"(?P<name>(?-i:[A-Z][\w'’.-]+(?: (?:of|the|de|van|von|al|bin|[A-Z][\w'’.-]*)){0,3}))"
_PAIR = re.compile(
    r"\b([A-Z][a-z]+)((?: [A-Z]\.?)? (?:Mc|Mac|O'|De|Van )?[A-Z][a-z]{2,})\b(?! (?:Street|Bridge|Park|City|Beach))"
)
_MANNER = frozenset(["by", "style", "styled", "inspired", "manner", "like-style"])


def named(text: str, plain: str, hits: Sequence[Hit], scores: Mapping[str, float]) -> list[Finding]:
    """The names in a text, as findings of likeness and ip."""
    found = []
    words = plain.lower().split()
    for hit in hits:
        if hit.category in ("likeness", "ip"):
            before = words[max(0, hit.start - 3) : hit.start]
            manner = hit.severity == MILD or (hit.category == "likeness" and not _MANNER.isdisjoint(before))
            score = MANNER if manner else LISTED
            found.append(Finding(hit.category, score, f"names: {hit.term}", span_of(text, plain, hit)))
    for category, pattern in _patterns():
        for match in pattern.finditer(plain):
            if not _is_plain(match["name"]):
                found.append(Finding(category, PATTERN, "names: pattern", _place(text, match["name"])))
    for match in _PAIR.finditer(plain):
        if match[1].lower() in _first_names() and scores.get("likeness", 0.0) >= CAPITALISED:
            manner = not _MANNER.isdisjoint(plain[: match.start()].lower().split()[-3:])
            found.append(
                Finding("likeness", MANNER if manner else PATTERN, "names: first name", _place(text, match[0]))
            )
    return found


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = tomllib.loads((files("kinora.safety") / "lists" / "names.toml").read_text(encoding="utf-8"))["patterns"]
    return tuple(
        (category, re.compile(rf"\b{pattern.replace('NAME', _NAME)}", re.IGNORECASE))
        for category, patterns in table.items()
        for pattern in patterns
    )


@cache
def _first_names() -> frozenset[str]:
    names = (name.split() for name in TermList.shipped().terms("likeness"))
    return frozenset(words[0] for words in names if len(words) > 1 and len(words[0]) > 2) - _NO_NAMES


_NO_NAMES = frozenset(
    [
        "the",
        "king",
        "queen",
        "prince",
        "princess",
        "pope",
        "ice",
        "mother",
        "florida",
        "young",
        "lady",
        "saint",
        "north",
        "west",
        "rose",
        "star",
        "big",
    ]
)


def _is_plain(name: str) -> bool:
    """Whether it is a capital that says nothing: a season, a day, a title."""
    return name.split()[0].lower().strip(".,") in _NO_NAMES | {"a", "an", "summer", "winter", "spring", "autumn"}


def _place(text: str, name: str) -> tuple[int, int]:
    start = text.find(name)
    return (start, start + len(name)) if start >= 0 else (0, len(text))
