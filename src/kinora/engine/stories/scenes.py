"""Where a prompt of several sentences cuts: at its own words for it, and where a sentence describes another scene.

>>> scenes("A red ball bounces on a beach. The camera zooms in. Cut to a forest at night. Then it rolls to the left.")
['A red ball bounces on a beach. The camera zooms in.', 'a forest at night.', 'it rolls to the left.']
"""

from __future__ import annotations

import re

from kinora.engine.expand.reading import read
from kinora.engine.expand.resolve import Wish, resolve
from kinora.engine.stories.story import Card, Story

CUT = re.compile(
    r"""(?:^|(?<=[.!?;,\n])\s*)\s*(?:
        (?:and\s+)?(?:then\s+)?(?:we\s+)?(?:hard\s+|smash\s+|quick\s+)?cuts?\s+(?:back\s+)?to\b[:,]?
        | (?:then,?\s+)?after\s+a\s+cut\b[:,]? | \[cut\] | meanwhile\b,?
        | (?:shot|scene)\s+\d+\s*[:.\-] | \d+[.)]\s
    )\s*""",
    re.IGNORECASE | re.VERBOSE,
)
"""A new shot, said in so many words, anywhere in a text."""

NEXT = re.compile(
    r"^(?:and\s+)?(?:then|next|afterwards?|after\s+that|later|finally|suddenly|a\s+moment\s+later)\b[:,]?\s*", re.I
)
"""A new shot where it begins a sentence."""


def scenes(text: str) -> list[str]:
    """The shots that a text describes, each in its own words."""
    found: list[str] = []
    for part in CUT.split(text):
        begun = False
        for sentence in re.findall(r"\S[^.!?\n]*[.!?]*", part):
            words = NEXT.sub("", sentence, count=1).strip().rstrip(",;")
            if not re.search(r"\w", words):
                continue
            if begun and NEXT.match(sentence) is None and not _elsewhere(found[-1], words):
                found[-1] += f" {words}"
            else:
                found.append(words)
            begun = True
    return found


def story_from_prompt(text: str) -> Story:
    """The story of a text: a card for each of its scenes, a style said at the very end said of all of them.

    Raises InvalidRequest when there are no words in it.
    """
    found = scenes(text) or [text]
    style = ""
    if len(found) > 1:
        *rest, last = re.findall(r"\S[^.!?\n]*[.!?]*", found[-1])
        if rest and _is_style(last):
            found[-1], style = " ".join(rest), last.strip(" .!")
    return Story(cards=tuple(Card(prompt=scene, style="" if n else style) for n, scene in enumerate(found)))


def _elsewhere(before: str, sentence: str) -> bool:
    """Whether a sentence describes a scene of its own: another place, or another subject that does something."""
    now, then = _wish(sentence), _wish(before)
    place, subject, deed = now.chosen.get("setting"), now.chosen.get("subject"), now.chosen.get("verb")
    moved = place is not None and place.sense.grade in ("exact", "strong") and "setting" in then.chosen
    if moved and now.value("setting") != then.value("setting"):
        return subject is not None or deed is not None
    other = subject is not None and deed is not None and deed.sense.grade != "hint" and deed.start >= subject.end
    return other and "setting" in now.chosen and now.value("subject") not in (None, then.value("subject"))


def _wish(text: str) -> Wish:
    return resolve(read(text, lambda _: True))


def _is_style(sentence: str) -> bool:
    """Whether a sentence says nothing but a style."""
    page = read(sentence, lambda _: True)
    return (
        0 < len(page.words) <= 4
        and all(one.sense.factor in ("style", "look") for one in page.mentions)
        and bool(page.mentions)
    )
