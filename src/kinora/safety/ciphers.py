"""Ciphers that hide words from a list: base64, hexadecimal, binary, Morse, shifted letters, Atbash, reversal.

A decoding is believed only where it reads as English (by the lexicon) and what it replaces does not, so that a plain
text, or one in another language, passes unchanged.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from functools import partial
from string import ascii_lowercase as LETTERS

from kinora.safety.lexicon import Lexicon

PLAIN = 0.55
"""A text whose words are known by this share is no cipher."""

DECODED = 0.8
"""A decoding is believed from this share of known words on."""

SHORTEST = 8
"""Letters below which a text by itself is too short to be told from a name."""

_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9_+/-]{8,}={0,2}(?![\w+/=])")
_HEX = re.compile(r"(?<!\w)(?:(?:\\x|0x|%)?[0-9a-fA-F]{2}[\s,:]?){4,}(?!\w)")
_BINARY = re.compile(r"(?<!\w)(?:[01]{8}\s?){3,}(?!\w)")
_MORSE = re.compile(r"(?<!\S)[.\-–·]{1,5}(?:\s+(?:/\s+)?[.\-–·]{1,5}){3,}(?!\S)")

_CODE = [
    ".-",
    "-...",
    "-.-.",
    "-..",
    ".",
    "..-.",
    "--.",
    "....",
    "..",
    ".---",
    "-.-",
    ".-..",
    "--",
    "-.",
    "---",
    ".--.",
    "--.-",
    ".-.",
    "...",
    "-",
    "..-",
    "...-",
    ".--",
    "-..-",
    "-.--",
    "--..",
]
MORSE = dict(zip(_CODE, LETTERS, strict=True))


def _read_match(decode: Callable[[str], str | None], lexicon: Lexicon, match: re.Match[str]) -> str:
    return _believed(match[0], decode(match[0]), lexicon)


def decipher(text: str, lexicon: Lexicon) -> tuple[str, str]:
    """Return the text with what is in cipher replaced by what it says, and the cipher's name ("" if none)."""
    for name, pattern, decode in (
        ("binary", _BINARY, _from_binary),
        ("morse", _MORSE, _from_morse),
        ("hexadecimal", _HEX, _from_hex),
        ("base64", _BASE64, _from_base64),
    ):
        plain = pattern.sub(partial(_read_match, decode, lexicon), text)
        if plain != text:
            return plain, name
    single = _single_words(text, lexicon)
    # Digits inside words are letters in another disguise, which is undone later; to shift what is left of them finds
    # words by chance ("h4rdc0re" has "con" and "cp" among its shifts).
    mixed = re.search(r"[^\W\d_]\d+[^\W\d_]", text)
    if not mixed and sum(map(str.isalpha, text)) >= SHORTEST and _share(single[0], lexicon) < PLAIN:
        for name, plain in _whole_texts(text):
            if _share(plain, lexicon) >= DECODED:
                return plain, name
    return single


def _share(text: str, lexicon: Lexicon) -> float:
    """The share of known words, with marks inside words gone ("h'ow to bu'ild") but where they part words."""

    def closed(match: re.Match[str]) -> str:
        joined = re.sub(r"[.\-_*'·]", "", match[0])
        pieces = re.split(r"[.\-_*'·]", match[0].lower())
        return " ".join(pieces) if joined.lower() not in lexicon and all(p in lexicon for p in pieces) else joined

    return lexicon.share(re.sub(r"\w+(?:[.\-_*'·]\w+)+", closed, text))


def _whole_texts(text: str) -> Iterator[tuple[str, str]]:
    yield "reversed", text[::-1]
    yield "reversed words", " ".join(word[::-1] for word in text.split())
    yield "atbash", _substitute(text, LETTERS[::-1])
    for shift in (13, *range(1, 13), *range(14, 26)):
        yield "rot13" if shift == 13 else "shifted letters", shifted(text, shift)


def _single_words(text: str, lexicon: Lexicon) -> tuple[str, str]:
    """Undo rot13 and reversal of single alarming words in an otherwise plain text."""
    names: list[str] = []

    def plain(match: re.Match[str]) -> str:
        word = match[0].lower()
        if word in lexicon:
            return match[0]
        for name, candidate in (("rot13", shifted(word, 13)), ("reversed", word[::-1])):
            if candidate in lexicon.alarming:
                names.append(name)
                return candidate
        return match[0]

    return re.sub(r"[A-Za-z]{4,}", plain, text), names[0] if names else ""


def shifted(text: str, shift: int) -> str:
    """The text with every Latin letter moved on in the alphabet."""
    return _substitute(text, LETTERS[shift:] + LETTERS[:shift])


def _substitute(text: str, alphabet: str) -> str:
    return text.translate(str.maketrans(LETTERS + LETTERS.upper(), alphabet + alphabet.upper()))


def _believed(cipher: str, plain: str | None, lexicon: Lexicon) -> str:
    """What a code says, if that is text of any language: by chance a word decodes to signs and broken characters."""
    tail = cipher[len(cipher.rstrip()) :]
    if plain is None or cipher.lower() in lexicon:
        return cipher
    letters = sum(c.isalpha() or c.isspace() for c in plain)
    return plain + tail if letters >= DECODED * len(plain) and len(plain) > 2 else cipher


def _from_base64(text: str) -> str | None:
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _readable(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except binascii.Error:
        return None


def _from_hex(text: str) -> str | None:
    digits = re.sub(r"\\x|0x|[^0-9a-fA-F]", "", text)
    return _readable(bytes.fromhex(digits)) if len(digits) % 2 == 0 else None


def _from_binary(text: str) -> str | None:
    bits = re.sub(r"\s", "", text)
    return _readable(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)))


def _from_morse(text: str) -> str | None:
    words = re.split(r"\s*/\s*|\s{2,}", text.strip().replace("–", "-").replace("·", "."))
    letters = [[MORSE.get(sign, "?") for sign in word.split()] for word in words]
    return None if any("?" in word for word in letters) else " ".join("".join(word) for word in letters)


def _readable(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
