"""The words there are, and how common: what tells a disguised text from a plain one.

A text that reads worse than its decoding was in cipher; letters that stand alone are joined to words by the likeliest
split. Counts come from the captions the screening was trained on and from the vocabulary of the text encoder; words
that alarm are always among them, or else no disguise of them could be undone.
"""

from __future__ import annotations

import gzip
import math
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

LONGEST = 20
RARE = 3
"""A word counted no more often than this may be a piece of another."""

UNKNOWN = 14.0
"""Cost, in nats, of one letter that belongs to no word: more than that of any word."""


class Lexicon:
    """Words with counts; `alarming` are those of the term lists that are refused, `known` any other words of theirs."""

    def __init__(self, counts: Mapping[str, int], alarming: Iterable[str], known: Iterable[str] = ()) -> None:
        self.alarming = frozenset(word for word in alarming if len(word) > 2)
        self.alarming_in_order = sorted(self.alarming)
        self._common = {word for word, count in counts.items() if count > RARE}
        counts = {**dict.fromkeys(known, 1), **dict.fromkeys(self.alarming, RARE), **counts}
        total = math.log(sum(counts.values()))
        self._cost = {word: total - math.log(count) for word, count in counts.items()}
        self._shapes = {_shape(word): word for word in self.alarming if len(word) > 4}

    @classmethod
    @cache
    def shipped(cls) -> Lexicon:
        """The lexicon in the package, with the words of the shipped lists as alarming ones."""
        from kinora.safety.lists import TermList

        lists = TermList.shipped()
        return cls(_counts(), lists.words(), lists.vocabulary())

    @classmethod
    @cache
    def dictionary(cls) -> Lexicon:
        """The lexicon in the package without the words of the lists: what is not in it may be a name."""
        return cls(_counts(), ())

    def __contains__(self, word: object) -> bool:
        return word in self._cost

    def commonest(self, words: Iterable[str]) -> str | None:
        """The likeliest of those words that are in the lexicon; None if none is."""
        known = [word for word in words if word in self._cost]
        return min(known, key=self._cost.__getitem__) if known else None

    def is_rare(self, word: str) -> bool:
        """Whether a word is unknown, or known but hardly ever used."""
        return word not in self._common and word not in self.alarming

    def share(self, text: str) -> float:
        """The share of a text's words (of three letters and more) that are known, by letters; 0 without any."""
        words = [word for word in "".join(c if c.isalpha() else " " for c in text.lower()).split() if len(word) > 2]
        return sum(len(word) for word in words if word in self._cost) / max(1, sum(map(len, words)))

    def split(self, letters: str) -> list[str] | None:
        """The likeliest words that letters without spaces spell, or None where they spell none."""
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(letters) + 1):
            starts = range(max(0, end - LONGEST), end)
            best.append(
                min(
                    (best[start][0] + self._cost.get(letters[start:end], UNKNOWN * (end - start)), start)
                    for start in starts
                )
            )
        words, end = [], len(letters)
        while end > 0:
            words.append(letters[best[end][1] : end])
            end = best[end][1]
        words.reverse()
        known = sum(len(word) for word in words if word in self._cost)
        # Many words of one and two letters are how nonsense is spelt.
        return words if known >= 0.9 * len(letters) and len(letters) >= 2.6 * len(words) else None

    def shuffled(self, word: str) -> str | None:
        """The alarming word of which `word` mixes up the inner letters ("nkaed"), if there is one."""
        return self._shapes.get(_shape(word)) if len(word) > 4 else None


@cache
def seldom_words() -> frozenset[str]:
    """Words that the lexicon lacks: of a large English dictionary, proper names with them, and of the world's cities;
    and those of kitchens, sports and crafts elsewhere.

    They tell a strange word from a seldom one ("axolotl", "shakshuka"), no more: were they in the lexicon, many ciphers
    would read as English.
    """
    folder = files("kinora.safety") / "lists"
    text = gzip.decompress((folder / "seldom.txt.gz").read_bytes()).decode()
    return frozenset(text.split()) | common("seldom", "words") | common("peoples", "words")


@cache
def common(name: str, key: str) -> frozenset[str]:
    """A list of `lists/common.toml`."""
    return frozenset(table(name)[key])


@cache
def table(name: str) -> dict[str, list[str]]:
    """A table of `lists/common.toml`: lists of words."""
    text = (files("kinora.safety") / "lists" / "common.toml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = tomllib.loads(text)[name]
    return found


def _counts() -> dict[str, int]:
    text = gzip.decompress((files("kinora.safety") / "lists" / "lexicon.txt.gz").read_bytes()).decode()
    return {word: int(count) for word, count in (line.split("\t") for line in text.splitlines())}


def _shape(word: str) -> tuple[str, str, str]:
    return word[0], "".join(sorted(word[1:-1])), word[-1]
