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

TOGETHER = 4_000
"""Characters that are judged at once: a longer text is judged in parts, none of it is left out."""


def screen_given(guard: Guard, sources: Iterable[object]) -> Verdict:
    """The first refusal of a file's name or of a text inside it, else the first warning. Raises BadInputFile."""
    warning = ALLOWED
    for source in sources:
        if isinstance(source, str | Path):
            for place, text in _texts(Path(source)):
                verdict = guard.screen(text)
                if verdict.action == "allow":
                    continue
                told = replace(verdict, reason=f"{Path(source).name}, its {place}: {verdict.reason}")
                if not verdict.allowed:
                    return told
                warning = told if warning is ALLOWED else warning
    return warning


def words_of(name: str | PurePath) -> str:
    """A file's name read as words; a long run of hexadecimal digits is an id, in which words stand by chance alone."""
    stem = re.sub(r"(?<![0-9A-Za-z])[0-9a-f]{24,}(?![0-9A-Za-z])", " ", PurePath(name).stem)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[_\-.+]+", " ", stem)).strip()


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """What is to be judged, with the place where it stands."""
    found = [("name", words_of(path)), *texts_in(path).items()]
    if len(found) > MOST:
        found = [*found[:MOST], ("other texts", "\n".join(dict.fromkeys(text for _, text in found[MOST:])))]
    for place, text in found:
        for start in range(0, len(text), TOGETHER):
            # A word on the seam is in both parts.
            yield place, text[max(0, start - 40) : start + TOGETHER]
