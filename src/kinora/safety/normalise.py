"""Reading what is meant: a disguised text becomes the plain one it stands for.

    read("a n4k3d w.o.m.a.n")        # Reading("a naked woman", disguises=("digits for letters", "marks inside words"))

Lists and classifiers look at the plain text, so a disguise gains nothing; which disguises were undone is kept for the
verdict. An undisguised text comes back as it was but for its spaces, emoji (their names stand in their place) and
web addresses. What is undone is listed in `Reading.disguises`; `ciphers` holds the ciphers.
"""

from __future__ import annotations

import html
import itertools
import re
import unicodedata
from dataclasses import dataclass

from kinora.safety.ciphers import decipher
from kinora.safety.lexicon import Lexicon
from kinora.safety.symbols import latin, letters_from_symbols, name_emoji, unescape, visible

LIMIT = 20_000
"""Characters that are read; the screener refuses what is longer rather than leave an end unread."""

_LEET = {
    "0": "o",
    "1": "il",
    "2": "z",
    "3": "e",
    "4": "a",
    "5": "s",
    "6": "gb",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "il",
    "+": "t",
    "€": "e",
    "£": "l",
    "¢": "c",
    "¥": "y",
    "(": "c",
    "<": "c",
}
_SHORT = frozenset(
    [
        "a",
        "an",
        "as",
        "at",
        "be",
        "by",
        "do",
        "go",
        "he",
        "i",
        "in",
        "is",
        "it",
        "me",
        "my",
        "no",
        "of",
        "on",
        "or",
        "so",
        "to",
        "up",
        "us",
        "we",
    ]
)
_AROUND = ".,;:?\"'“”‘’«»()[]{}…"
_MARKS = r"\W_"


@dataclass(frozen=True)
class Reading:
    """The plain text, and the names of the disguises that were undone to get it."""

    text: str
    disguises: tuple[str, ...] = ()


def read(text: str, lexicon: Lexicon | None = None) -> Reading:
    """Return what a text says once every known disguise is undone."""
    lexicon = lexicon or Lexicon.shipped()
    found: list[str] = []

    def step(name: str, changed: str) -> None:
        nonlocal text
        if changed != text:
            found.extend([name] if name else [])
            text = changed

    step("", re.sub(r"https?://\S+|www\.\S+", " ", html.unescape(text[:LIMIT])))
    step("escapes", unescape(text))
    step("invisible characters", visible(text))
    step("letters as symbols", letters_from_symbols(text))
    step("", name_emoji(unicodedata.normalize("NFKC", text)))
    step("piled-up accents", re.sub(r"([a-zA-Z])[\u0300-\u036f]{2,}", r"\1", unicodedata.normalize("NFD", text)))
    text = unicodedata.normalize("NFC", text)
    step("look-alike letters", latin(text))
    plain, cipher = decipher(text, lexicon)
    step(cipher, plain)
    step("letters apart", _join_letters(text, lexicon))
    words = [_restore(word, lexicon) for word in text.split()]
    if sum(name in ("digits for letters", "stretched letters") for _, name in words) > 1:
        words = [(word, name) if name else _restore(word, lexicon, eager=True) for word, name in words]
    found.extend(name for _, name in words if name)
    text = _join_fragments(" ".join(word for word, _ in words), lexicon, found)
    return Reading(text, tuple(dict.fromkeys(found)))


def plain_words(text: str) -> list[str]:
    """The words of a text for lists to look at: lower case, without accents on Latin letters or apostrophes."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    bare = re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", decomposed).replace("’", "'")
    return re.findall(r"[^\W_]+", re.sub(r"(?<=\w)'s\b|(?<=\w)'(?=\w)", "", unicodedata.normalize("NFC", bare)))


def _join_letters(text: str, lexicon: Lexicon) -> str:
    """Close up letters that stand apart: "n a k e d", "n-a-k-e-d", "n . a . k . e . d"."""

    def joined(match: re.Match[str]) -> str:
        groups = [re.sub(r"[^\w@$!|]|_", "", group).lower() for group in re.split(r"\s{2,}", match[0])]
        letters = "".join(groups)
        if sum(c.isalpha() for c in letters) < 0.6 * len(letters):  # "f/1.4", "2 0 2 2"
            return match[0]
        if len(groups) > 1:  # wider gaps part the words
            whole = [group if group.isdigit() else lexicon.commonest(_unleet(group)) for group in groups]
            if all(whole):
                return " ".join(word for word in whole if word)
        for candidate in _unleet(letters):
            words = lexicon.split(candidate)
            if words:
                return " ".join(words)
        return match[0]

    single = r"[^\W_]|[@$!|]"
    return re.sub(rf"(?<![^\W_])(?:{single})(?:[{_MARKS}]{{1,3}}(?:{single})(?![^\W_])){{2,}}", joined, text)


def _restore(token: str, lexicon: Lexicon, *, eager: bool = False) -> tuple[str, str]:
    """One blank-separated token as the word it stands for, and the disguise's name ("" if it is none).

    `eager` is for texts in which other words were disguised: then short words are undone as well.
    """
    core = token.strip(_AROUND)
    lower = core.lower()
    if _is_fine(lower, lexicon, 1 if eager else 3):
        return token, ""
    if re.search(r"[a-z][*#]+[a-z]", lower) and (word := _fill(lower, lexicon)):
        return token.replace(core, word), "letters starred out"
    if any(c in _LEET for c in lower):
        for candidate in _unleet(_bare(lower)):
            word = lexicon.commonest(_shortened(candidate))
            if word and (
                eager or ((len(word) > 3 or word in lexicon.alarming) and not _is_measure(lower, word, lexicon))
            ):
                return token.replace(core, word), "digits for letters"
    bare = re.sub(rf"[{_MARKS}]", "", lower)
    if bare != lower and bare in lexicon and not _is_compound(lower, lexicon):
        return token.replace(core, bare), "marks inside words"
    if not lower.isascii():
        return token, ""
    for candidate in dict.fromkeys((lower, bare)):
        word = lexicon.commonest(_shortened(candidate))
        if (
            word
            and word != lower
            and (len(word) > 3 or eager or word in lexicon.alarming)
            and not _is_compound(lower, lexicon)
        ):
            return token.replace(core, word), "stretched letters"
    if lower.isalpha():
        return _unknown_word(token, core, lower, lexicon)
    halves = core.split("-") if core.count("-") == 1 else []
    name = next((name for half in halves if (name := _restore(half, lexicon, eager=eager)[1])), "")
    if not name:
        return token, ""
    return token.replace(core, "-".join(_restore(half, lexicon, eager=True)[0] for half in halves)), name


def _is_fine(word: str, lexicon: Lexicon, shortest: int) -> bool:
    """Whether a word stands as it is: known, a contraction, a number, or no word at all."""
    if word in lexicon or re.fullmatch(r"[a-z]+['’](?:s|t|re|ve|ll|d|m)", word):
        return True
    symbols = any(c in _LEET for c in word)
    letters = re.search("[a-z]", word) or (shortest == 1 and symbols and not word.isdigit())
    return len(word) < shortest or len(word) > 60 or not letters


def _bare(word: str) -> str:
    """The word without marks that stand for no letter."""
    return re.sub(r"[.,_\-~*'’^=#/\\·]", "", word)


def _unknown_word(token: str, core: str, lower: str, lexicon: Lexicon) -> tuple[str, str]:
    shuffled = lexicon.shuffled(lower)
    if shuffled and not core[0].isupper():
        return token.replace(core, shuffled), "letters shuffled"
    words = lexicon.split(lower) if len(lower) > 7 else None
    if (
        words
        and len(words) > 1
        and any(len(word) > 3 and word in lexicon.alarming for word in words)
        and all(word in _SHORT if len(word) < 3 else not lexicon.is_rare(word) for word in words)
    ):
        return token.replace(core, " ".join(words)), "words run together"
    return token, ""


def _unleet(word: str) -> list[str]:
    """The words that digits and signs can stand for, at most 32; the word itself if it has neither."""
    if not any(c in _LEET for c in word):
        return [word]
    choices = (_LEET.get(c, c) for c in word)
    return ["".join(letters) for letters in itertools.islice(itertools.product(*choices), 32)]


def _shortened(word: str) -> list[str]:
    """The word, and the same with stretched letters as two and as one."""
    versions = [word, re.sub(r"(.)\1{2,}", r"\1\1", word), re.sub(r"(.)\1{2,}", r"\1", word)]
    if re.search(r"(.)\1{2,}|(.)\2.*(.)\3", word):
        versions.append(re.sub(r"(.)\1+", r"\1", word))
    return list(dict.fromkeys(versions))


def _is_compound(word: str, lexicon: Lexicon) -> bool:
    """Whether marks part whole words ("close-up", "and/or"), as they should."""
    parts = [part for part in re.split(r"[-/&+,:–—]+", word) if part]
    whole = [part.isdigit() or not lexicon.is_rare(part) for part in parts]
    return len(parts) > 1 and all(whole) and max(map(len, parts)) > 2


def _is_measure(token: str, word: str, lexicon: Lexicon) -> bool:
    """Whether it is a number with its unit or a name ("35mm", "90s", "r2d2") rather than a word in digits."""
    digits = sum(c.isdigit() for c in token)
    return word not in lexicon.alarming and (
        digits > 2 * len(token) / 3 or re.fullmatch(r"\d+[a-z]{1,3}", token) is not None
    )


def _fill(word: str, lexicon: Lexicon) -> str | None:
    """The alarming word that fits one with letters starred out."""
    letters = re.sub(r"[^a-z*#]", "", word)
    if (bare := re.sub("[*#]", "", letters)) in lexicon.alarming:
        return bare
    pattern = re.compile(re.sub(r"[*#]+", lambda match: f"[a-z]{{{len(match[0])}}}", letters))
    return next((found for found in lexicon.alarming_in_order if pattern.fullmatch(found)), None)


def _join_fragments(text: str, lexicon: Lexicon, found: list[str]) -> str:
    """Join the pieces of an alarming word: "na ked", "mur der"."""
    words = text.split()
    i = 0
    while i < len(words) - 1:
        for count in (3, 2):
            pieces = words[i : i + count]
            joined = "".join(pieces).lower()
            if (
                len(pieces) == count
                and joined in lexicon.alarming
                and any(lexicon.is_rare(piece.lower()) for piece in pieces)
            ):
                words[i : i + count] = [joined]
                found.append("words in pieces")
                break
        i += 1
    return " ".join(words)
