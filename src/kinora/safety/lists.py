"""Word and name lists: what each term is evidence of, how grave it is, and where it stands in a text.

    TermList.shipped().find("a naked man")        # [Hit("sexual", STRONG, 1, 2, "naked")]

The tables in `lists` (terms, people, works, names; `foreign` for other languages) are to be read and edited.
`lists/hashed.bin` holds slurs and obscene words of 28 languages as keyed hashes: looked up, not spelt out.
`lists/names.txt.gz` holds names from public-domain collections.
Sources, licences and attribution are in `lists/README.md`.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import struct
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from kinora.safety.language import LANGUAGES, parted
from kinora.safety.lexicon import Lexicon
from kinora.safety.normalise import plain_words

MILD, STRONG, SEVERE = 1, 2, 3
SEVERITIES = {"mild": MILD, "strong": STRONG, "severe": SEVERE, "names": STRONG, "words": MILD}

HASHED = ("sexual", "hate", "harassment", "violence", "self-harm", "illicit")
"""Categories of hashed.bin, by their number there."""

RECORD = struct.Struct("<8sBBB")  # hash, category, severity, language
LONGEST_HASHED = 5  # words

NAMED = ("likeness", "ip")
LEAST_JOINED = 8
"""Categories whose terms of several words are found run together as well, and the letters of the shortest."""

STEM = 3
"""Letters by which terms that open with a stem are looked up; all others, by their whole first word."""


@dataclass(frozen=True)
class Hit:
    """A term found: words `start` to `stop` of the plain text. `term` is "#" where the list keeps only its hash."""

    category: str
    severity: int
    start: int
    stop: int
    term: str


class TermList:
    """Terms by category; a star ends an open stem."""

    def __init__(
        self,
        terms: Mapping[str, Mapping[str, Iterable[str]]],
        names: Mapping[str, Iterable[str]],
        foreign: Mapping[str, Mapping[str, Iterable[str]]] = MappingProxyType({}),
        hashed: bytes = b"",
    ) -> None:
        self._index: dict[str, list[tuple[tuple[str, ...], str, int, str]]] = defaultdict(list)
        self._hashes: dict[bytes, tuple[int, int, int]] = {
            key: (category, severity, language) for key, category, severity, language in RECORD.iter_unpack(hashed)
        }
        self._single: set[str] = set()
        self._joined: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
        tables = [(table, kind, group) for table, groups in terms.items() for kind, group in groups.items()]
        tables += [(table, "names", group) for table, group in names.items()]
        for table, kind, group in tables:
            if kind in SEVERITIES:
                for term in group:
                    self._add(term, table, SEVERITIES[kind])
        for table, languages in foreign.items():
            for language, group in languages.items():
                for term in group:
                    # A short word may be a harmless one in English, so it counts in its own language alone.
                    self._add(term, table, STRONG, language if term.isascii() and len(term) < 7 else "any")

    @classmethod
    @cache
    def shipped(cls) -> TermList:
        """The lists in the package."""
        folder = files("kinora.safety") / "lists"
        terms, foreign, people, works, names = (
            tomllib.loads((folder / f"{table}.toml").read_text(encoding="utf-8"))
            for table in ("terms", "foreign", "people", "works", "names")
        )
        lines = gzip.decompress((folder / "names.txt.gz").read_bytes()).decode().splitlines()
        free = {*names["historic"]["names"], *names["everyday"]["names"]}
        nobodys = free.union(names["phrases"]["names"])
        more = {kind: [line[2:] for line in lines if line[0] == kind and line[2:] not in nobodys] for kind in "LIT"}
        listed = {
            "likeness": [*itertools.chain(*people.values()), *more["L"]],
            "ip": [*itertools.chain(*works.values()), *more["I"]],
        }
        terms["ip"] = {"mild": names["styles"]["ip"]}
        terms["titles"] = {"mild": [*_spellings(names["titles"]["names"]), *more["T"]]}
        terms["historic"] = {"mild": sorted(free)}
        spelt = {category: _spellings(group) for category, group in listed.items()}
        return cls(terms, spelt, foreign, (folder / "hashed.bin").read_bytes())

    def without(self, category: str, drop: Iterable[str]) -> TermList:
        """A copy in which a category lacks some terms: how held-out names are measured."""
        gone = {tuple(term.split()) for term in drop}
        copy = TermList({}, {})
        copy._hashes, copy._single = self._hashes, self._single
        for word, names in self._joined.items():
            copy._joined[word] = [name for name in names if name[0] != category or tuple(name[2].split()) not in gone]
        for key, entries in self._index.items():
            copy._index[key] = [entry for entry in entries if entry[1] != category or entry[0] not in gone]
        return copy

    def words(self) -> frozenset[str]:
        """Single words that are refused or nearly: what the normaliser looks for behind disguises."""
        return frozenset(self._single)

    def vocabulary(self) -> frozenset[str]:
        """Every word of every term that is spelt out: words that decoding must know."""
        terms = (term for group in self._index.values() for term, *_ in group)
        return frozenset(word.removesuffix("*") for term in terms for word in term if word.isascii() and len(word) > 2)

    def terms(self, category: str) -> list[str]:
        """A category's terms that are not hashed."""
        return sorted(
            {" ".join(term) for group in self._index.values() for term, name, *_ in group if name == category}
        )

    def find(self, text: str, language: str = "en") -> list[Hit]:
        """All hits in a plain text, but for those an exception covers."""
        words = parted(plain_words(text))
        hits = [*self._spelt(words, language), *self._hidden(words, language), *self._run_together(words)]
        covered = {i for hit in hits if hit.category == "exceptions" for i in range(hit.start, hit.stop)}
        kept: dict[tuple[str, int, int, int], Hit] = {}
        for hit in hits:
            if hit.category != "exceptions" and not covered.issuperset(range(hit.start, hit.stop)):
                kept.setdefault((hit.category, hit.severity, hit.start, hit.stop), hit)
        return list(kept.values())

    def _add(self, term: str, category: str, severity: int, language: str = "any") -> None:
        words = tuple(
            parted(word for part in term.split() for word in ([part] if part.endswith("*") else plain_words(part)))
        )
        if not words:
            return
        key = f"{words[0][:-1][:STEM]}*" if words[0].endswith("*") else words[0]
        self._index[key].append((words, category, severity, language))
        joined = "".join(words)
        if category in NAMED and len(words) > 1 and severity >= STRONG and len(joined) >= LEAST_JOINED:
            self._joined[joined].append((category, severity, " ".join(words)))
        if (
            len(words) == 1
            and severity >= STRONG
            and category not in ("likeness", "ip", "titles", "historic", "exceptions", "children", "suggestive")
        ):
            stem = words[0].removesuffix("*")
            endings = ("", "s", "ed", "ing", "ion", "ation", "er") if words[0].endswith("*") else ("",)
            self._single.update(stem + ending for ending in endings)

    def _spelt(self, words: Sequence[str], language: str) -> Iterator[Hit]:
        for start, word in enumerate(words):
            for key in (word, *(f"{word[:length]}*" for length in range(1, min(STEM, len(word)) + 1))):
                for term, category, severity, spoken in self._index.get(key, ()):
                    stop = start + len(term)
                    if spoken in ("any", language) and stop <= len(words) and all(map(_fits, term, words[start:stop])):
                        yield Hit(category, severity, start, stop, " ".join(term))

    def _run_together(self, words: Sequence[str]) -> Iterator[Hit]:
        """Full names without the blank between ("donaldtrump"), but for what is a word."""
        for start, word in enumerate(words):
            if len(word) >= LEAST_JOINED and word in self._joined and word not in Lexicon.dictionary():
                for category, severity, term in self._joined[word]:
                    yield Hit(category, severity, start, start + 1, term)

    def _hidden(self, words: Sequence[str], language: str) -> Iterator[Hit]:
        for start in range(len(words)):
            for stop in range(start + 1, min(len(words), start + LONGEST_HASHED) + 1):
                found = self._hashes.get(digest(" ".join(words[start:stop])))
                if found and LANGUAGES[found[2]] in ("any", language):
                    yield Hit(HASHED[found[0]], found[1], start, stop, "#")


def digest(term: str) -> bytes:
    """The hash under which hashed.bin keeps a term."""
    return hashlib.blake2b(term.encode(), digest_size=8, key=b"kinora screening").digest()


def _spellings(names: Iterable[str]) -> list[str]:
    """Names as they are read, and as those write them who leave the apostrophe out ("bug's life", "bugs life")."""
    return [spelling for name in names for spelling in dict.fromkeys((name, name.replace("'", "")))]


def _fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern
