"""Real people and owned characters: by list, and by what stands around a name that no list has.

A name that no list has counts where the text says what it is ("the actor Jo Doe", "from the film Nowhere"), and where
the classifier takes it for somebody known: with capitals or a full name less is asked of the classifier than without.
A strange name alone ("Bobo walks") is anybody's own, and only pointed out. A title of plain words ("Over There") counts
with capitals or beside a word like "film". A name behind "by" or "in the style of" asks for a manner and not for a
likeness; `naming` has what else speaks of a name without showing its bearer.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from kinora.safety.language import language_of
from kinora.safety.lexicon import Lexicon
from kinora.safety.lists import MILD, Hit, TermList
from kinora.safety.naming import asks_a_question, asks_for_a_manner, long_dead, own_figures, shows_a_place
from kinora.safety.normalise import plain_words
from kinora.safety.persons import first_names, full_names
from kinora.safety.policy import Finding
from kinora.safety.spans import span_of

NAMES = ("likeness", "ip")
"""The categories that this module judges."""

LISTED = 0.85
PATTERN = 0.7
UNKNOWN = 0.62
MANNER = 0.45
"""Scores of a name in a list, of one told by its surroundings, of one in no dictionary, and of one whose manner is
asked for."""

CAPITALISED = 0.15
"""What the classifier must think at least of capitalised words that begin with a first name."""

LOWER = 0.3
"""The same for names without capitals."""

ENGLISH = 0.5
"""The share of a text's letters that must be in known words for the dictionary to say anything about the others."""

LEAST = 4
"""Words of which a text must have so many for that share to mean anything."""

HUNCH = 0.2
"""What the classifier must think at least for capitals alone to be a name."""

_NAME = r"(?P<name>(?-i:[A-Z][\w'’.-]+(?: (?:of|the|de|van|von|al|bin|[A-Z][\w'’.-]*)){0,3}))"
_PAIR = re.compile(
    r"\b([A-Z][a-z]+)((?: [A-Z]\.?)? (?:Mc|Mac|O'|De|Van )?[A-Z][a-z]{2,})\b(?! (?:Street|Bridge|Park|City|Beach))"
)
_UNKNOWN = re.compile(r"\b[A-Z][a-z]+(?:[ -][A-Z][A-Za-z]+)*\b")
_OWN = frozenset(
    [
        "named",
        "called",
        "in",
        "at",
        "near",
        "from",
        "to",
        "over",
        "across",
        "on",
        "through",
        "around",
        "above",
        "outside",
        "city",
        "the",
        "a",
        "an",
        "mount",
        "lake",
        "streets",
        *("de", "du", "of", "la", "le", "el", "san", "saint"),
    ]
)
"""Words before a name that say it is the text's own, or a place."""

_DEEDS = frozenset(
    ["speech", "song", "talk", "played", "performed", "worn", "driven", "concert", "interview", "president"]
)
_MANNER = frozenset(["by", "style", "styled", "inspired", "manner", "like-style"])


def named(text: str, plain: str, hits: Sequence[Hit], scores: Mapping[str, float]) -> list[Finding]:
    """The names in a text, as findings of likeness and ip: those of lists and rules, and the classifier's word."""
    nobodys = long_dead(plain, hits) | own_figures(plain)
    found = [
        *_listed(text, plain, hits),
        *_told(text, plain, nobodys),
        *_full(text, plain, nobodys, scores),
        *_unknown(text, plain, nobodys, scores),
    ]
    question = asks_a_question(plain)
    spared = question or bool(nobodys) or asks_for_a_manner(plain) or shows_a_place(plain)
    found += [
        Finding(name, min(scores[name], MANNER) if spared else scores[name], "classifier", (0, len(text)))
        for name in NAMES
        if name in scores
    ]
    return [replace(finding, score=min(finding.score, MANNER)) for finding in found] if question else found


def _listed(text: str, plain: str, hits: Sequence[Hit]) -> Iterator[Finding]:
    """Names in the lists, and titles that are written or spoken of as such."""
    words = plain.lower().split()
    for hit in hits:
        if hit.category in NAMES:
            before = words[max(0, hit.start - 3) : hit.start]
            manner = hit.severity == MILD or _asks_for_a_manner(before, hit.category)
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


def _full(text: str, plain: str, nobodys: frozenset[str], scores: Mapping[str, float]) -> Iterator[Finding]:
    """Full names, where the classifier takes them for somebody known: less is asked of it where there are capitals."""
    score = scores.get("likeness", 0.0)
    for match in _PAIR.finditer(plain) if score >= CAPITALISED else ():
        if match[1].lower() in _first_names() and nobodys.isdisjoint(plain_words(match[0])):
            manner = not _MANNER.isdisjoint(plain[: match.start()].lower().split()[-3:])
            yield Finding("likeness", MANNER if manner else PATTERN, "names: first name", _place(text, match[0]))
    spelt = plain_words(plain)
    for start, stop in full_names(plain) if score >= LOWER else ():
        if nobodys.isdisjoint(spelt[start:stop]):
            manner = not _MANNER.isdisjoint(spelt[max(0, start - 3) : start])
            hit = Hit("likeness", MILD, start, stop, "")
            yield Finding("likeness", MANNER if manner else PATTERN, "names: full name", span_of(text, plain, hit))


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
    """Whether the words before a name make it a style; a speech or a song "by" somebody shows that person."""
    words = _MANNER if category == "likeness" else _MANNER - {"by"}
    return not words.isdisjoint(before) and _DEEDS.isdisjoint(before)


def _unknown(text: str, plain: str, nobodys: frozenset[str], scores: Mapping[str, float]) -> Iterator[Finding]:
    """Capitalised names in the first clause (what comes later is manner) with a word that is in no dictionary.

    Anybody may make up such a name, so it is only pointed out unless the classifier thinks of somebody too; then
    several capitalised words are enough.
    """
    hunch = max(scores.get("ip", 0.0), scores.get("likeness", 0.0)) >= HUNCH
    lexicon = Lexicon.dictionary()
    clause = re.split(r"[,;:|]|\bby\b|\bstyle\b", plain, maxsplit=1)[0]
    if clause.istitle() and len(clause.split()) > 4:  # a headline capitalises everything
        return
    if "@" in plain or language_of(plain) != "en" or not reads_as_english(plain):  # chatter, other languages
        return
    for match in _UNKNOWN.finditer(clause):
        words = match[0].lower().replace("-", " ").split()
        before = {*clause[: match.start()].lower().split()[-2:], words[0] if len(words) > 1 else ""}
        if shows_a_place(match[0]) or not nobodys.isdisjoint(words):
            continue
        strange = [word for word in words if not _is_known(word, lexicon)]
        if (strange or (hunch and len(words) > 1)) and _OWN.isdisjoint(before):
            category = "likeness" if len(words) > 1 and words[0] in _first_names() else "ip"
            score = UNKNOWN if hunch else MANNER
            yield Finding(category, score, "names: in no dictionary", _place(text, match[0]))


def _is_known(word: str, lexicon: Lexicon) -> bool:
    """Whether it is a word, its plural, one made of two ("birdhouse"), or of a people or place ("Nepalese")."""
    made_of = lexicon.split(word) or []
    return (
        word in lexicon
        or word.removesuffix("s") in lexicon
        or word.endswith(("ian", "ese", "ish", "land", "stan"))
        or (len(made_of) == 2 and min(map(len, made_of)) > 2)
    )


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
    """Whether it is a capital that says nothing: a season, a day, a title."""
    return name.split()[0].lower().strip(".,") in _NO_NAMES | {"a", "an", "summer", "winter", "spring", "autumn"}


def _place(text: str, name: str) -> tuple[int, int]:
    start = text.find(name)
    return (start, start + len(name)) if start >= 0 else (0, len(text))
