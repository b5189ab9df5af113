"""Where in the text as it was written a finding stands."""

from __future__ import annotations

import re

from kinora.safety.language import parted
from kinora.safety.lists import Hit
from kinora.safety.normalise import plain_words


def span_of(text: str, plain: str, hit: Hit) -> tuple[int, int]:
    """Start and end of a hit in characters of `text`; all of it where a disguise hides the place."""
    words = parted(plain_words(plain))[hit.start : hit.stop]
    match = re.search(r"[\W_]*".join(map(re.escape, words)), text, re.IGNORECASE)
    return match.span() if match and words else (0, len(text))
