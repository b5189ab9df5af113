"""Ways of speaking put into plain words: "kill the lights" asks for darkness, and nobody is killed.

    reworded("she kills it on stage, kill the lights")    # "she performs well on stage, switches off the lights"

The encoder has met few of these, and lists none; `lists/idioms.toml` says what each means, and lists, classifiers and
rules judge that. A pattern names the thing that a deed is done to, so nothing done to somebody is reworded.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from kinora.safety.lexicon import table


def reworded(plain: str) -> str:
    """A plain text with its idioms in plain words; one without any comes back as it was."""
    for pattern, meaning in _idioms():
        plain = pattern.sub(meaning, plain)
    return plain


def commoner(plain: str) -> str:
    """A plain text with kinds of things called by what they are: "a corgi" is "a dog" to the classifiers.

    For them alone: a name may be made of such words.
    """
    return _kinds().sub(lambda match: _kind_of()[match[1].lower()], plain)


@cache
def _kind_of() -> dict[str, str]:
    return {word: kind for kind, words in table("instead").items() for word in words}


@cache
def _kinds() -> re.Pattern[str]:
    words = sorted(_kind_of(), key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, words))})\b", re.IGNORECASE)


@cache
def _idioms() -> tuple[tuple[re.Pattern[str], str], ...]:
    tables = tomllib.loads((files("kinora.safety") / "lists" / "idioms.toml").read_text(encoding="utf-8"))
    return tuple(
        (re.compile(pattern, re.IGNORECASE), meaning) for table in tables.values() for pattern, meaning in table["says"]
    )
