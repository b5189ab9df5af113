"""Disguises, to test screening with: ways in which people hide a prompt from filters, made by code.

    for name, disguise in DISGUISES.items(): guard.screen(disguise("..."))

Each is a function of the text alone (the chance in it is seeded by the text), so a suite disguised is the same suite
tomorrow. The reverse direction is `normalise`; neither was written from the other's tables.
"""

from __future__ import annotations

import base64
import codecs
import random
import re
from collections.abc import Callable

Disguise = Callable[[str], str]

_CYRILLIC = str.maketrans("aeopcxyiAEOPCXHKMTB", "аеорсхуіАЕОРСХНКМТВ")
_LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "b": "8", "g": "9"}
_EMOJI = "🔥🌸✨💫🍀"


def _chance(text: str) -> random.Random:
    return random.Random(text)


def _words(text: str, change: Callable[[str], str], least: int = 3) -> str:
    """The text with every word of at least `least` letters changed."""
    return re.sub(rf"[A-Za-z]{{{least},}}", lambda match: change(match[0]), text)


def leet(text: str) -> str:
    """Digits and signs for letters: "n4k3d"."""
    chance = _chance(text)
    return "".join(
        chance.choice(_LEET[c.lower()]) if c.lower() in _LEET and chance.random() < 0.75 else c for c in text
    )


def spaced(text: str) -> str:
    """Every letter by itself: "n a k e d"."""
    return "  ".join(" ".join(word) for word in text.split())


def homoglyphs(text: str) -> str:
    """Letters of other alphabets that look alike."""
    return text.translate(_CYRILLIC)


def zero_width(text: str) -> str:
    """Invisible characters between letters."""
    return "\u200b".join(text)


def emoji(text: str) -> str:
    """Emoji between the letters of words."""
    chance = _chance(text)
    return _words(text, lambda word: chance.choice(_EMOJI).join(word))


def stretched(text: str) -> str:
    """Letters repeated: "naaaked"."""
    chance = _chance(text)

    def stretch(word: str) -> str:
        at = chance.randrange(len(word))
        return word[:at] + word[at] * 4 + word[at + 1 :]

    return _words(text, stretch)


def in_base64(text: str) -> str:
    """Base64."""
    return base64.b64encode(text.encode()).decode()


def rot13(text: str) -> str:
    """Letters moved on by thirteen."""
    return codecs.encode(text, "rot13")


def backwards(text: str) -> str:
    """From the last letter to the first."""
    return text[::-1]


def punctuated(text: str) -> str:
    """Marks inside words: "n.a.k.e.d", "na-ked"."""
    chance = _chance(text)

    def mark(word: str) -> str:
        sign = chance.choice(".-_*'")
        return sign.join(word) if chance.random() < 0.5 else word[: len(word) // 2] + sign + word[len(word) // 2 :]

    return _words(text, mark)


def mixed_case(text: str) -> str:
    """Capitals anywhere: "NaKeD"."""
    return "".join(c.upper() if i % 2 else c.lower() for i, c in enumerate(text))


def fullwidth(text: str) -> str:
    """Wide letters: "ｎａｋｅｄ"."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def boxed(text: str) -> str:
    """Letters in boxes: "🅽🅰🅺🅴🅳"."""
    return "".join(chr(0x1F170 + ord(c.upper()) - 65) if c.isascii() and c.isalpha() else c for c in text)


def hexadecimal(text: str) -> str:
    """Character codes."""
    return text.encode().hex(" ")


DISGUISES: dict[str, Disguise] = {
    "leet": leet,
    "spaced": spaced,
    "homoglyphs": homoglyphs,
    "zero-width": zero_width,
    "emoji": emoji,
    "stretched": stretched,
    "base64": in_base64,
    "rot13": rot13,
    "reversed": backwards,
    "punctuated": punctuated,
    "mixed case": mixed_case,
    "fullwidth": fullwidth,
    "boxed": boxed,
    "hexadecimal": hexadecimal,
}
