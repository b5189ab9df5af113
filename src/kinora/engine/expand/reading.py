"""The first look at a prompt: its words, and which of them are known phrases.

    page = read("NO snow, please: a snow-white rabit hops", is_word)
    [(" ".join(one.words), one.sense.value) for one in page.mentions]

Phrases are matched longest first. What stands under a "no" or a "without" is marked as denied, and a word that is in no
dictionary but one or two letters from a known one is read as that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from kinora.engine.expand.camera import moves
from kinora.engine.expand.phrases import Grade, Sense, known_words, phrases, phrases_from

STOPS = ".!?;\n"
PAUSES = ",:()"
DENIALS = frozenset({"no", "not", "without", "never", "neither", "nor", "minus", "isn", "avoid", "excluding", "except"})
REACH = 4
"""So many words after a "no" may be denied by it, within a clause."""

IsWord = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Mention:
    """A known phrase: words `start` to `end` of the page and what they mean."""

    start: int
    end: int
    words: tuple[str, ...]
    sense: Sense
    denied: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """A prompt as words; `sentence` and `clause` number the words' sentences and clauses."""

    words: tuple[str, ...]
    sentence: tuple[int, ...]
    clause: tuple[int, ...]
    mentions: tuple[Mention, ...]
    corrections: dict[str, str] = field(default_factory=dict)

    def at(self, index: int) -> Mention | None:
        """The mention that covers a word."""
        return next((one for one in self.mentions if one.start <= index < one.end), None)

    def denies(self, index: int) -> bool:
        """Whether a word shortly before this one, in its clause, denies it: "without any deep snow"."""
        before = [self.words[i] for i in range(max(0, index - REACH), index) if self.clause[i] == self.clause[index]]
        last = max((place for place, word in enumerate(before) if word in DENIALS), default=-1)
        said = " ".join(before)
        return (last >= 0 and "but" not in before[last:]) or "instead of" in said or "rather than" in said

    def unread(self) -> Iterator[int]:
        """The words that no mention covers."""
        covered = {index for one in self.mentions for index in range(one.start, one.end)}
        return (index for index in range(len(self.words)) if index not in covered)


def plain(text: str) -> str:
    """Small letters without accents; contractions and possessives opened, hyphens as spaces, stops kept apart."""
    text = unicodedata.normalize("NFKD", text).casefold().replace("’", "'")
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"\b(?:can|ca)n?'t\b", "can not", text)
    text = re.sub(r"n't\b", " not", text).replace("'s ", " ")
    text = re.sub(r"[—–…]|\.\.\.| - ", " , ", text)
    text = re.sub(rf"([{re.escape(STOPS + PAUSES)}])", r" \1 ", text)
    return " ".join(re.findall(rf"[^\W_]+|[{re.escape(STOPS + PAUSES)}]", text))


def read(text: str, is_word: IsWord) -> Page:
    """Find all known phrases of a prompt. `is_word` says what is spelt right, whether known here or not."""
    pieces = plain(text).split(" ")
    words, sentences, clauses, corrections = [], [], [], {}
    sentence = clause = 0
    for piece in pieces:
        if piece in STOPS:
            sentence, clause = sentence + 1, clause + 1
        elif piece in PAUSES:
            clause += 1
        else:
            meant = spelt(piece, is_word)
            if meant != piece:
                corrections[piece] = meant
            words.append(meant)
            sentences.append(sentence)
            clauses.append(clause)
    page = Page(
        words=tuple(words),
        sentence=tuple(sentences),
        clause=tuple(clauses),
        mentions=tuple(_matched(words, sentences)),
        corrections=corrections,
    )
    return replace(page, mentions=tuple(replace(one, denied=page.denies(one.start)) for one in page.mentions))


def _matched(words: Sequence[str], sentences: Sequence[int]) -> Iterator[Mention]:
    """Camera moves, then the longest known phrase from each word on that is still free; in the order of the text."""
    found, table = [], phrases()
    taken = [False] * len(words)
    for number in sorted(set(sentences)):
        here = [index for index, one in enumerate(sentences) if one == number]
        text = " ".join(words[index] for index in here)
        for move in moves(text):
            first = here[0] + text[: move.start].count(" ")
            last = first + len(text[move.start : move.end].split())
            grade: Grade = "strong" if move.move else "other"
            if table.get(tuple(words[first:last])) is not None:
                grade = "exact"
            value = move.move or " ".join(words[first:last])
            found.append(Mention(first, last, tuple(words[first:last]), Sense("camera", value, grade)))
            taken[first:last] = [True] * (last - first)
    for start, word in enumerate(words):
        for phrase in phrases_from().get(word, ()):
            end = start + len(phrase)
            whole = tuple(words[start:end]) == phrase and sentences[start] == sentences[end - 1]
            if whole and not any(taken[start:end]):
                found.append(Mention(start, end, phrase, table[phrase]))
                taken[start:end] = [True] * (end - start)
                break
    return iter(sorted(found, key=lambda one: one.start))


def spelt(word: str, is_word: IsWord) -> str:
    """The word, or the one known word that it is a slip of the finger away from."""
    if len(word) < 4 or not word.isascii() or not word.isalpha() or word in known_words() or is_word(word):
        return word
    slips = 1 if len(word) < 8 else 2
    near = sorted((distance(word, one), one) for one in known_words() if abs(len(one) - len(word)) <= slips)
    # The first letter is rarely wrong, and asking for it keeps names from becoming things.
    near = [(far, one) for far, one in near if far <= slips and one[0] == word[0] and len(one) >= 4]
    if not near or (len(near) > 1 and near[0][0] == near[1][0] and not _kin(near[0][1], near[1][1])):
        return word
    return near[0][1]


def _kin(one: str, other: str) -> bool:
    """Whether two words are forms of one: they mean the same wherever they stand alone."""
    table = phrases()
    return (one,) in table and (other,) in table and table[one,] == table[other,]


def distance(one: str, other: str) -> int:
    """Letters to add, drop, change or swap to get from one word to the other (optimal string alignment)."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            best = min(row[j - 1] + 1, rows[-1][j] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
