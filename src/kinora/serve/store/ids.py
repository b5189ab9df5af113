"""Ids that say when: a list goes on from one whose job was removed meanwhile, as it is by whoever empties a list.

>>> moment_of(new_id("video", 1795378420.5))
1795378420.5
>>> moment_of("video_nobody") is None
True
"""

from __future__ import annotations

import re
import secrets

_MICROSECONDS = re.compile(r"[a-z]+_([0-9a-f]{14})[0-9a-f]{18}")

EARLIEST = 1.7e9
"""Nothing was made before (2023): ids whose digits say so are random ones, of another version's."""


def new_id(kind: str, now: float) -> str:
    """An id of something made at `now`: after the time, 72 random bits."""
    return f"{kind}_{round(now * 1e6):014x}{secrets.token_hex(9)}"


def moment_of(id: str) -> float | None:
    """When what has this id was made, to the microsecond, be it still there or not; None if the id does not say."""
    found = _MICROSECONDS.fullmatch(id)
    moment = int(found[1], 16) / 1e6 if found else 0.0
    return moment if moment >= EARLIEST else None
