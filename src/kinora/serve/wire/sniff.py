"""What a file is, by its first bytes: what a client claims of it counts for nothing.

>>> sniffed(b"\\x89PNG\\r\\n\\x1a\\n")
'image/png'
>>> sniffed(b"#!/bin/sh") is None
True
"""

from __future__ import annotations

HEAD = 64
"""Bytes that are enough to tell."""

IMAGES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif", "image/avif": ".avif"}
"""Pictures that are read, and the extension each gets here."""

VIDEOS = {"video/mp4": ".mp4", "video/quicktime": ".mov", "video/webm": ".webm", "video/x-msvideo": ".avi"}
"""Videos that are read, and the extension each gets here."""

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"\x1a\x45\xdf\xa3": "video/webm",  # Matroska too
}

_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"qt  ": "video/quicktime"}


def sniffed(head: bytes) -> str | None:
    """The media type that the first bytes of a file show, or None for one that Kinora doesn't read."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return None if brand.startswith(b"heic") else _BRANDS.get(brand, "video/mp4")
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(head[8:12])
    return next((kind for start, kind in _STARTS.items() if head.startswith(start)), None)
