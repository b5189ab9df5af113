"""Negative prompts: what a clip is steered away from.

Away from "nudity, blood, gore" is away from what is refused. Away from "clothes" is towards nudity, and away from
"adult" is towards a child.
"""

from __future__ import annotations

from kinora.safety.normalise import plain_words, read
from kinora.safety.policy import Finding

SCORE = 0.8

_COVER = frozenset(
    [
        "clothes",
        "clothing",
        "clothed",
        "dress",
        "dressed",
        "shirt",
        "pants",
        "trousers",
        "skirt",
        "underwear",
        "bra",
        "panties",
        "bikini",
        "swimsuit",
        "clothe",
        "garment",
        "garments",
        "outfit",
        "censored",
        "censor",
        "censorship",
        "sfw",
        "covered",
        "modest",
        "mosaic",
        "pixelated",
    ]
)
_GROWN = frozenset(["adult", "adults", "mature", "old", "older", "elderly", "aged", "woman", "man", "grown"])
_PEOPLE = frozenset(
    [
        "woman",
        "women",
        "man",
        "men",
        "girl",
        "girls",
        "boy",
        "boys",
        "lady",
        "person",
        "people",
        "model",
        "couple",
        "actress",
        "actor",
        "body",
        "she",
        "he",
        "her",
        "his",
        "teen",
        "teens",
        "child",
        "children",
        "kid",
        "kids",
        "portrait",
        "character",
    ]
)
_YOUNG = frozenset(
    [
        "young",
        "petite",
        "girl",
        "girls",
        "boy",
        "boys",
        "teen",
        "teens",
        "child",
        "children",
        "kid",
        "kids",
        "small",
        "little",
        "cute",
        "youthful",
    ]
)


def negative_findings(prompt: str, negative: str) -> list[Finding]:
    """What steering `prompt` away from `negative` would show."""
    away = set(plain_words(read(negative).text))
    shown = set(plain_words(prompt))
    everywhere = (0, len(negative))
    found = []
    if away & _COVER and shown & _PEOPLE:
        found.append(Finding("sexual", SCORE, "rule: steered away from clothes", everywhere))
    if away & _COVER and (shown & _YOUNG or away & _GROWN):
        found.append(Finding("sexual/minors", SCORE, "rule: steered away from clothes, towards the young", everywhere))
    return found
