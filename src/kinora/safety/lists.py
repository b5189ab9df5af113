"""Word and name lists: what each term is evidence of, how grave it is, and where it stands in a text.

    TermList.shipped().find("a naked man")        # [Hit("sexual", STRONG, 1, 2, "naked")]

`lists/terms.toml` and `lists/names.toml` are to be read and edited. `lists/hashed.bin` holds slurs and obscene words of
28 languages as keyed hashes: looked up, not spelt out. `lists/names.txt.gz` holds names from public-domain collections.
Sources, licences and attribution are in `lists/README.md`.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from kinora.safety.language import LANGUAGES, parted
from kinora.safety.normalise import plain_words

MILD, STRONG, SEVERE = 1, 2, 3
SEVERITIES = {"mild": MILD, "strong": STRONG, "severe": SEVERE, "names": STRONG, "words": MILD}

HASHED = ("sexual", "hate", "harassment", "violence", "self-harm", "illicit")
"""Categories of hashed.bin, by their number there."""

RECORD = struct.Struct("<8sBBB")  # hash, category, severity, language
LONGEST_HASHED = 5  # words


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
        terms = tomllib.loads((folder / "terms.toml").read_text(encoding="utf-8"))
        foreign = tomllib.loads((folder / "foreign.toml").read_text(encoding="utf-8"))
        names = tomllib.loads((folder / "names.toml").read_text(encoding="utf-8"))
        more = gzip.decompress((folder / "names.txt.gz").read_bytes()).decode().splitlines()
        free = {*names["historic"]["names"], *names["everyday"]["names"]}
        joined = {
            kind: [
                *names[kind]["names"],
                *(line[2:] for line in more if line.startswith(letter) and line[2:] not in free),
            ]
            for kind, letter in (("likeness", "L"), ("ip", "I"))
        }
        terms["ip"] = {"mild": names["styles"]["ip"]}
        terms["titles"] = {"mild": [line[2:] for line in more if line.startswith("T") and line[2:] not in free]}
        terms["historic"] = {"mild": sorted(free)}
        return cls(terms, joined, foreign, (folder / "hashed.bin").read_bytes())

    def without(self, category: str, drop: Iterable[str]) -> TermList:
        """A copy in which a category lacks some terms: how held-out names are measured."""
        gone = {tuple(term.split()) for term in drop}
        copy = TermList({}, {})
        copy._hashes, copy._single = self._hashes, self._single
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
        hits = [*self._spelt(words, language), *self._hidden(words, language)]
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
        self._index[words[0].removesuffix("*")[:3]].append((words, category, severity, language))
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
            for length in (1, 2, 3):
                if length > len(word):
                    break
                for term, category, severity, spoken in self._index.get(word[:length], ()):
                    # An index key shorter than three letters is a whole word or a short stem.
                    stop = start + len(term)
                    if spoken in ("any", language) and stop <= len(words) and all(map(_fits, term, words[start:stop])):
                        yield Hit(category, severity, start, stop, " ".join(term))

    def _hidden(self, words: Sequence[str], language: str) -> Iterator[Hit]:
        for start in range(len(words)):
            for stop in range(start + 1, min(len(words), start + LONGEST_HASHED) + 1):
                found = self._hashes.get(digest(" ".join(words[start:stop])))
                if found and LANGUAGES[found[2]] in ("any", language):
                    yield Hit(HASHED[found[0]], found[1], start, stop, "#")


def digest(term: str) -> bytes:
    """The hash under which hashed.bin keeps a term."""
    return hashlib.blake2b(term.encode(), digest_size=8, key=b"kinora screening").digest()


def _fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern
