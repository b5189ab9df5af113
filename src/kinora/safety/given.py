"""The words of files that users bring: their names, and what is written inside them.

    screen_given(guard, ["holiday.mov", frames])        # Verdict; anything but a path has no words

Every way of editing asks this before a frame of a file is used (engine.edits.perform, engine.stories.telling).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath

from kinora.media import texts_in
from kinora.safety.policy import ALLOWED, Guard, Verdict

MOST = 40
"""Texts of a file that are judged each for itself; those beyond are joined to longer ones first."""

GUESSES = ("names: recognised", "classifier")
"""Rules by which nobody in particular is named."""

ID = re.compile(
    r"(?<![0-9a-z])(?:[0-9a-f]{24,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-z])", re.IGNORECASE
)
"""24 hexadecimal digits or more, or a UUID."""

TOGETHER = 4_000
"""Characters that are judged at once: a longer text is judged in parts, none of it is left out."""


def screen_given(guard: Guard, sources: Iterable[object]) -> Verdict:
    """The first refusal of a file's name or of a text inside it, else the first warning. Raises BadInputFile."""
    warning = ALLOWED
    for source in sources:
        if isinstance(source, str | Path):
            for place, text in _texts(Path(source)):
                verdict = guard.screen(text)
                if verdict.action == "allow" or (place == "name" and _guessed(verdict)):
                    continue
                told = replace(verdict, reason=f"{Path(source).name}, its {place}: {verdict.reason}")
                if not verdict.allowed:
                    return told
                warning = told if warning is ALLOWED else warning
    return warning


def _guessed(verdict: Verdict) -> bool:
    """Whether all that speaks against a file's name is that a classifier takes it for somebody's.

    It was taught on sentences. Of names that programs give it takes "WhatsApp Video 2024-05-01 at 10" for a person and
    "Copy of Beach" for a work; whom the lists know is refused all the same.
    """
    found = verdict.findings  # a guard of one's own may give no reasons
    return bool(found) and all(one.rule in GUESSES and one.category in ("likeness", "ip") for one in found)


def words_of(name: str | PurePath) -> str:
    """A file's name read as words, without ids: 2 of 1,000 random ones look like something illicit to the classifiers.

    Digits that spell a text are no id and are kept.
    """
    stem = ID.sub(lambda found: found[0] if _spells(found[0]) else " ", PurePath(name).stem)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[_\-.+]+", " ", stem)).strip()


def _spells(digits: str) -> bool:
    """Whether hexadecimal digits are the bytes of a readable text. Of 16 random bytes, 1 in 10 million are."""
    digits = digits.replace("-", "")
    text = bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1")
    return text.isascii() and text.isprintable()


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """What is to be judged, with the place where it stands."""
    found = [("name", words_of(path)), *texts_in(path).items()]
    if len(found) > MOST:
        found = [*found[:MOST], ("other texts", "\n".join(dict.fromkeys(text for _, text in found[MOST:])))]
    for place, text in found:
        for start in range(0, len(text), TOGETHER):
            # A word on the seam is in both parts.
            yield place, text[max(0, start - 40) : start + TOGETHER]
