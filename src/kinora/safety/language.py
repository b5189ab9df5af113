"""Which language a prompt is in, as far as lists and thresholds need it: by script, and by its commonest words."""

from __future__ import annotations

import re
from collections.abc import Iterable

LANGUAGES = (
    *("any", "en", "ar", "cs", "da", "de", "eo", "es", "fa", "fi", "fil", "fr", "hi", "hu", "it", "ja", "kab", "ko"),
    *("nl", "no", "pl", "pt", "ru", "sv", "th", "tlh", "tr", "zh"),
)
"""Their order is that of the numbers in hashed.bin."""

_SCRIPTS = (
    ("ja", "[\u3040-\u30ff]"),
    ("zh", "[\u4e00-\u9fff]"),
    ("ko", "[\uac00-\ud7af]"),
    ("th", "[\u0e00-\u0e7f]"),
    ("hi", "[\u0900-\u097f]"),
    ("fa", "[پچژگ]"),
    ("ar", "[\u0600-\u06ff]"),
    ("ru", "[\u0400-\u04ff]"),
)
_SEPARATE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]")  # scripts that put no blanks between words

_COMMON = {
    "en": "the a of and in is on with to at an by his her their from its are under over",
    "de": "der die das und ein eine einer einem im mit auf den dem von ist zu nicht wie am",
    "fr": "le la les un une des du de et dans avec sur est au aux qui en pour son sa",
    "es": "el la los las un una de del y en con por su se que al es para",
    "pt": "o a os as um uma de do da e em no na com por seu sua que ao",
    "it": "il lo la gli le un una di del della e in con su che per al nel nella",
    "nl": "de het een en van in op met is te voor zijn naar aan die dat",
    "sv": "en ett och i på med som är av det den för till",
    "no": "en et og i på med som er av det den for til",
    "da": "en et og i på med som er af det den for til",
    "pl": "w i z na się do nie jest jak przez o po od",
    "cs": "v a s na se do je jak od po ve",
    "fi": "ja on ei se että joka kanssa",
    "hu": "a az egy és van nem hogy",
    "tr": "bir ve bu ile için de da olan",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}


def language_of(text: str) -> str:
    """The likeliest language's code; "en" where nothing speaks against it."""
    for language, script in _SCRIPTS:
        if len(re.findall(script, text)) > 0.2 * len(re.findall(r"\w", text)):
            return language
    words = re.findall(r"[^\W\d_]+", text.lower())
    scores = {language: sum(word in common for word in words) for language, common in _WORDS.items()}
    best = max(scores, key=lambda language: (scores[language], language == "en"))
    return best if scores[best] > scores["en"] and scores[best] >= 2 else "en"


def parted(words: Iterable[str]) -> list[str]:
    """Words with those of scripts without blanks parted into single characters, so that terms are found inside."""
    out: list[str] = []
    for word in words:
        out.extend(word if _SEPARATE.search(word) else [word])
    return out
