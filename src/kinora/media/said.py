"""The words that a file carries besides its picture: titles, comments, descriptions, captions, keywords.

    texts_in("holiday.mov")        # {"title": "Holiday", "comment": "the kids on the beach"}

For whoever has to know what a file says before it is used. What only names a device, a program or a person who made the
file is left out: it says nothing about what is shown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import ExifTags, Image

from kinora.media.read import tags_of
from kinora.media.still import NotAPicture, opened

MADE_BY = re.compile(
    r"encod|handler|brand|version|date|time|vendor|language|rotat|duration|\bmake\b|model|software|location|"
    r"artist|author|composer|performer|publisher|copyright|creator|producer|owner|rights|bps|statistics|stream|"
    r"dpi|gamma|icc|chromaticity|srgb|jfif|exif|xmp|photoshop|mpoffset|adobe|loop|background|timestamp|extension",
    re.IGNORECASE,
)
"""Keys that say how, when and by whom, not what."""

_EXIF = {0x010E: "description", 0x9286: "comment", 0x9C9B: "title", 0x9C9C: "comment", 0x9C9E: "keywords"}
_ABOUT = "title|description|headline|subject|caption|keywords|label|usercomment|alttext\\w*"
_ELEMENT = re.compile(rf"<(?!rdf:)(?:\w+:)?({_ABOUT})\b[^>]*(?<!/)>(.*?)</(?:\w+:)?\1\s*>", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = re.compile(rf"\b(?:\w+:)({_ABOUT})\s*=\s*([\"'])(.*?)\2", re.IGNORECASE | re.DOTALL)


def texts_in(path: str | Path) -> dict[str, str]:
    """What a picture or video says in words, by a name for each place. Raises BadInputFile as the readers do."""
    try:
        with opened(path) as image:
            found = dict(_of_picture(image))
    except NotAPicture:
        found = {key: text for key, text in tags_of(path).items() if not MADE_BY.search(key)}
    return {key: text.strip() for key, text in found.items() if re.search(r"[^\W\d_]{2}", text)}


def _of_picture(image: Image.Image) -> Iterator[tuple[str, str]]:
    for key, value in image.info.items():
        if key in ("xmp", "XML:com.adobe.xmp"):
            yield from _of_xmp(value if isinstance(value, str) else bytes(value).decode("utf-8", "replace"))
        elif not MADE_BY.search(str(key)):
            if isinstance(value, bytes) and key == "comment":
                value = value.decode("utf-8", "replace")
            if isinstance(value, str):
                yield str(key), value
    exif = image.getexif()
    for tags in (exif, exif.get_ifd(ExifTags.IFD.Exif)):
        for tag, name in _EXIF.items():
            value = tags.get(tag)
            if isinstance(value, bytes | tuple):  # Windows' fields are UTF-16; comments begin with their encoding
                raw = bytes(value)
                value = raw.decode("utf-16-le", "replace") if tag >= 0x9C9B else raw[8:].decode("utf-8", "replace")
            if isinstance(value, str):
                yield f"exif {name}", value.replace("\0", " ")


def _of_xmp(packet: str) -> Iterator[tuple[str, str]]:
    """By pattern and not by parser: what is malformed on purpose is still read, and no entity is ever expanded."""
    for number, match in enumerate(_ELEMENT.finditer(packet)):
        yield f"xmp {match[1].lower()} {number}", html.unescape(re.sub(r"<[^>]*>", " ", match[2]))
    for number, match in enumerate(_ATTRIBUTE.finditer(packet)):
        yield f"xmp {match[1].lower()} attribute {number}", html.unescape(match[3])
