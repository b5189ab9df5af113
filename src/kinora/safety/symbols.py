"""Characters that stand for others: escapes, invisible ones, boxed and turned letters, emoji, look-alikes."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕӏԁɡοαερνгкмтвнбзԛԝɑƅϲһꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜιτυκηβωχζμσƒøłđħŧæı",
    "aeopcyxijsldgoaepvrkmtbhbzqwabchabcdefghijklmnoprstuvwxyzituknbwxzmofoldhtai",
)
"""Cyrillic, Greek, Lisu and barred letters that look like (or are written for) Latin ones."""

_SMALL = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_TURNED = dict(zip("ɐǝɟƃɥᴉɾʞɯɹʇʌʍʎ", "aefghijkmrtvwy", strict=True))
_EMOJI = re.compile("[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")
_TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}  # invisible "tag" letters


def unescape(text: str) -> str:
    r"""Percent, \u and \x escapes as the characters they stand for."""
    if re.search(r"%[0-9a-fA-F]{2}", text):
        text = unquote(text, errors="replace")
    return re.sub(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})", lambda m: chr(int(m[1] or m[2], 16)), text)


def visible(text: str) -> str:
    """The text without characters that nobody sees; the invisible "tag" letters as letters."""
    text = text.translate(_TAGS)
    kept = (
        " " if c in "\n\t\r" else c for c in text if c in "\n\t\r" or unicodedata.category(c) not in ("Cf", "Cc", "Cn")
    )
    return re.sub("[\ufe00-\ufe0f\u3164\u115f\u1160\uffa0\u034f]", "", "".join(kept))


def letters_from_symbols(text: str) -> str:
    """Flags, boxes, circles, small capitals and letters upside down that spell words."""
    out = []
    for c in text:
        code = ord(c)
        if 0x1F1E6 <= code <= 0x1F1FF:
            out.append(chr(code - 0x1F1E6 + 97))
        elif 0x1F110 <= code <= 0x1F189:
            out.append(chr((code - 0x1F110) % 32 + 97) if (code - 0x1F110) % 32 < 26 else c)
        else:
            out.append(_SMALL.get(c, c))
    joined = "".join(out)
    if sum(c in _TURNED for c in joined) >= 2:
        joined = "".join(
            _TURNED.get(c, {"u": "n", "n": "u", "p": "d", "d": "p", "q": "b", "b": "q"}.get(c, c)) for c in joined
        )[::-1]
    return joined


def name_emoji(text: str) -> str:
    """Emoji as words; between single letters they are only marks."""
    text = re.sub(rf"(?<=\w)(?:{_EMOJI.pattern}|[\U0001f3fb-\U0001f3ff])+(?=\w)", "·", text)
    text = re.sub("[\U0001f3fb-\U0001f3ff]", "", text)
    return _EMOJI.sub(lambda match: f" {unicodedata.name(match[0], '').lower()} ", text)


def latin(text: str) -> str:
    """Look-alikes as Latin letters, in words of mixed script and in words that nothing but look-alikes make up."""
    latin = len(re.findall(r"[a-zA-Z]", text))

    def plain(match: re.Match[str]) -> str:
        word = match[0]
        if word.isascii():
            return word
        changed = word.lower().translate(_LOOKALIKES)
        mixed = re.search("[a-zA-Z]", word) or (latin > len(text) / 3 and changed.isascii())
        return changed if mixed and changed != word.lower() and changed.isascii() else word

    return re.sub(r"\w+", plain, text)
