"""Real people and owned characters: by list, and by what stands around a name that no list has.

A name that no list has counts where the text says what it is ("the actor Jo Doe", "from the film Nowhere"), and where
the classifier takes it for somebody known. How sure it must be depends on what it says that of: full names of nobody
look like those of somebody to it, so there it must be surest, and one that very many bear ("Sarah Miller") is only
pointed out; a word in no dictionary is a hint of its own, so there it need not be sure; a first name alone is
anybody's, and a heap of keywords names nobody. A title of plain words ("Over There") counts with capitals or beside a
word like "film". A name behind "by" or "in the style of" asks for a manner and not for a likeness; `naming` has what
else speaks of a name without showing its bearer.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from kinora.safety.language import language_of
from kinora.safety.lexicon import Lexicon, common, seldom_words
from kinora.safety.lists import MILD, Hit, TermList
from kinora.safety.naming import (
    asks_a_question,
    asks_for_a_manner,
    heaps_of_masters,
    long_dead,
    own_figures,
    without_places,
)
from kinora.safety.normalise import plain_words
from kinora.safety.persons import borne_by_many, first_names, full_names, is_strange, stems
from kinora.safety.policy import Finding
from kinora.safety.spans import span_of

NAMES = ("likeness", "ip")
"""The categories that this module judges."""

LISTED = 0.85
PATTERN = 0.7
RECOGNISED = 0.65
MANNER = 0.45
SPARED = 0.3
"""Scores of a name in a list, of one told by its surroundings, of one the classifier takes for a known one, of one
whose manner is asked for, and the most that the classifier's word alone counts where nobody is shown."""

SURE = {
    "ip": {"strange": 0.002, "strange full name": 0.02, "plain": 0.1},
    "likeness": {"strange": 0.05, "strange full name": 0.25, "plain": 0.35},
}
"""What the classifier must think at least for it to take a name for a known one: of a text with a word that is in no
dictionary, of one where that is part of a full name, and of any other. Set on names that no list had, in sentences that
nothing was learnt from (docs/safety.md)."""

ENGLISH = 0.5
"""The share of a text's letters that must be in known words for the dictionary to say anything about the others."""

LEAST = 3
"""Words of which a text must have so many for that share to mean anything."""

FEW = 3
"""Different words below which the classifier's word for a name means nothing: else "final cut v2" and "IMG_0042", names
of files, would be somebody's, and so would "very very very very"."""

_NAME = r"(?P<name>(?-i:[A-Z][\w'’.-]+(?: (?:of|the|de|van|von|al|bin|[A-Z][\w'’.-]*)){0,3}))"
_PAIR = re.compile(
    r"\b([A-Z][a-z]+)((?: [A-Z]\.?)? (?:Mc|Mac|O'|De|Van )?[A-Z][a-z]{2,})\b(?! (?:Street|Bridge|Park|City|Beach))"
)
_OFFICE = re.compile(
    r"\b(?:current|present|reigning|sitting|incumbent|today's) "
    r"(?:british |american |us |french |german |russian )?"
    r"(?:king|queen|president|prime minister|pope|chancellor|emperor|dalai lama|crown prince|first lady)\b"
    r"|\b(?:president|vice president|first lady) of the (?:united states|usa|us)\b|\bthe us president\b"
)
"""Who is named by an office that one living person holds."""

_DEEDS = frozenset(
    ["speech", "song", "talk", "played", "performed", "worn", "driven", "concert", "interview", "president"]
)
_JOINING = frozenset(
    [
        "a",
        "an",
        "the",
        "in",
        "on",
        "at",
        "of",
        "with",
        "and",
        "to",
        "from",
        "is",
        "are",
        "by",
        "his",
        "her",
        "its",
        "into",
    ]
)
_MANNER = frozenset(["by", "style", "styled", "inspired", "manner", "like-style"])


def named(text: str, plain: str, hits: Sequence[Hit], scores: Mapping[str, float]) -> list[Finding]:
    """The names in a text, as findings of likeness and ip: those of lists and rules, and the classifier's word."""
    nobodys = long_dead(plain, hits) | own_figures(plain)
    found = [*_listed(text, plain, hits), *_told(text, plain, nobodys)]
    if asks_a_question(plain):
        return [replace(finding, score=min(finding.score, MANNER)) for finding in found]
    everywhere = (0, len(text))
    rest = without_places(plain)
    full, strange = _has_full_name(rest), _has_strange_word(rest)
    place = rest != plain and not full and not strange
    few = not full and len({word for word in plain_words(plain) if word.isalpha()}) < FEW
    hinted = (borne_by_many(plain) or _is_heap(plain)) and not strange
    english = language_of(plain) == "en" and reads_as_english(plain)
    most = SPARED if nobodys or place or few else MANNER if hinted or not english or asks_for_a_manner(plain) else 1.0
    found += [Finding(name, min(scores[name], most), "classifier", everywhere) for name in NAMES if name in scores]
    if most == 1.0 and "@" not in plain:
        kind = "plain" if not strange else "strange full name" if full else "strange"
        if kind == "plain" and not full and not _may_name(rest):
            return found
        found += [
            Finding(name, RECOGNISED, "names: recognised", everywhere)
            for name, sure in SURE.items()
            if scores.get(name, 0.0) >= sure[kind]
        ]
    return found


def _is_heap(plain: str) -> bool:
    """Whether a text is a heap of keywords without a sentence or a capital ("old truck, dust, golden hour")."""
    words = plain_words(plain)
    return len(words) >= LEAST and plain[1:] == plain[1:].lower() and _JOINING.isdisjoint(words)


def _may_name(plain: str) -> bool:
    """Whether any word could be a name: a capital within a sentence, or a word that no dictionary has."""
    lexicon, seldom = Lexicon.dictionary(), seldom_words()
    words = [word for word in plain_words(plain) if len(word) > 3 and word.isalpha()]
    unknown = (all(lexicon.is_rare(stem) and stem not in seldom for stem in stems(word)) for word in words)
    return any(unknown) or re.search(r"[a-z,;] [\"'(]?[A-Z]", plain) is not None


def _has_full_name(plain: str) -> bool:
    return bool(full_names(plain)) or any(match[1].lower() in _first_names() for match in _PAIR.finditer(plain))


def _has_strange_word(plain: str) -> bool:
    lexicon = Lexicon.dictionary()
    return any(is_strange(word, lexicon) for word in plain_words(plain))


def _listed(text: str, plain: str, hits: Sequence[Hit]) -> Iterator[Finding]:
    """Names in the lists, and titles that are written or spoken of as such."""
    words, heaps = plain.lower().split(), heaps_of_masters(plain)
    for hit in hits:
        if hit.category in NAMES:
            before = words[max(0, hit.start - 3) : hit.start]
            heaped = hit.category == "likeness" and any(f" {hit.term} " in f" {heap} " for heap in heaps)
            manner = hit.severity == MILD or heaped or _asks_for_a_manner(before, hit.category)
            score = MANNER if manner else LISTED
            yield Finding(hit.category, score, f"names: {hit.term}", span_of(text, plain, hit))
        elif hit.category == "titles" and _is_title(hit, plain):
            yield Finding("ip", LISTED, f"names: {hit.term}", span_of(text, plain, hit))


def _told(text: str, plain: str, nobodys: frozenset[str]) -> Iterator[Finding]:
    """Names that no list has where the text says whose they are ("the actor Jo Doe", "from the film Nowhere")."""
    for category, pattern in _patterns():
        for match in pattern.finditer(plain):
            if not _is_plain(match["name"]) and nobodys.isdisjoint(plain_words(match["name"])):
                yield Finding(category, PATTERN, "names: pattern", _place(text, match["name"]))
    if office := _OFFICE.search(plain.lower()):
        yield Finding("likeness", PATTERN, "names: office", _place(text, office[0]))


def reads_as_english(plain: str) -> bool:
    """Whether the dictionary knows enough of a text to say that the rest are names; few words may all be names."""
    return len(plain_words(plain)) < LEAST or Lexicon.dictionary().share(plain) >= ENGLISH


_CONTEXT = frozenset(
    [
        "movie",
        "film",
        "show",
        "series",
        "episode",
        "scene",
        "poster",
        "trailer",
        "anime",
        "game",
        "cartoon",
        "sitcom",
        "cast",
        "remake",
        "franchise",
        "universe",
        "reboot",
        "sequel",
        "prequel",
        "soundtrack",
        "fanart",
        "cosplay",
    ]
)


def _is_title(hit: Hit, plain: str) -> bool:
    """Whether words that are a title, among other things, are written or spoken of as one."""
    words = plain_words(plain)
    near = {*words[max(0, hit.start - 3) : hit.start], *words[hit.stop : hit.stop + 2]}
    written = re.search(r"\W+".join(hit.term.split()), plain, re.IGNORECASE)
    capitals = written is not None and all(part[0].isupper() for part in written[0].split() if len(part) > 3)
    sentence = plain.istitle() or plain.isupper() or written is None or written.start() == 0
    return not _CONTEXT.isdisjoint(near) or (capitals and not sentence)


def _asks_for_a_manner(before: Sequence[str], category: str) -> bool:
    """Whether the words before a name, up to a comma, make it a style; a song "by" somebody shows that person."""
    words = _MANNER if category == "likeness" else _MANNER - {"by"}
    commas = [index for index, word in enumerate(before) if word.endswith(",")]
    before = before[commas[-1] + 1 :] if commas else before
    return not words.isdisjoint(before) and _DEEDS.isdisjoint(before)


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
    listed = frozenset(words[0] for words in names if len(words) > 1 and len(words[0]) > 2)
    return (listed | first_names()) - _NO_NAMES


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
    """Whether it is a capital that says nothing: a season, a day, a title, a people, a kind of film."""
    word = name.split()[0].lower().strip(".,")
    return word in _NO_NAMES | common("peoples", "words") | common("names", "capitals")


def _place(text: str, name: str) -> tuple[int, int]:
    start = text.find(name)
    return (start, start + len(name)) if start >= 0 else (0, len(text))
