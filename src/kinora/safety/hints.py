"""Harm that is told without a word that lists know: a people drawn as vermin, praise of an attack, a last farewell.

[*hints("pigs wearing kippahs, oil on canvas")]        # [("hate", "a people as vermin")]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_VERMIN = (
    r"(?:anthropomorphic )?(?:rats?|cockroach(?:es)?|roach(?:es)?|lice|maggots?|leech(?:es)?|vermin|pigs?|monkeys?|"
    r"apes?|gorillas?|chimps?|vultures?|hyenas?|tardigrades?|hornets?|snakes?|insects?|parasites?|mongrels?|dogs?)"
)
_GARB = (
    r"(?:kippahs?|kippot|yarmulkes?|tallits?|keffiyehs?|turbans?|hijabs?|burqas?|burkas?|niqabs?|headscar(?:f|ves)|"
    r"prayer (?:shawls?|robes?|caps?)|star of david|sidelocks|dreadlocks|dashikis?)"
)
_GROUP = (
    r"(?:immigrants?|migrants?|refugees?|foreigners|jews?|jewish people|muslims?|arabs?|blacks?|black people|africans?|"
    r"gays?|gay (?:men|people)|lesbians?|trans people|mexicans?|latinos?|asians?|chinese people|indians|roma|gypsies|"
    r"haitians?|disabled people|women|christians|hindus|indigenous people|native americans)"
)
_WORD = r"(?: (?!and\b|man\b|woman\b|boy\b|girl\b|owner\b|beside\b|by\b)[\w'-]+)"
_DRESSED = re.compile(rf"\b{_VERMIN}\b{_WORD}{{0,2}}? (?:in|with|wear\w*|dressed)\b{_WORD}{{0,4}}? {_GARB}\b")
_DEPICTED = re.compile(
    rf"\b{_GROUP}\b(?: \w+){{0,2}}? "
    r"(?:(?:depicted|shown|portrayed|drawn|presented|represented|pictured|imagined|animated) (?:as|like)|as) "
    rf"(?:\w+ ){{0,2}}?{_VERMIN}\b"
)
_OBJECTION = re.compile(r"\b(?:wrong|not|never|stop|against|n't|cruel|racist|apologi[sz]es?)\b")
"""What is said by who objects to such pictures."""

_PRAISED = re.compile(
    r"\b(?:glorif\w+|celebrat\w+|prais\w+|honou?r\w*|worship\w*|tribute to) (?:the |a |an )?(?:\w+ ){0,2}?"
    r"(?:shooter|shooting|gunman|attackers?|terror\w*|suicide bomber|mass murderer|massacre)\b"
    r"(?! (?:victim|survivor)s?)"
    r"|\b(?:shooter|gunman|terrorist|suicide bomber|mass murderer) as (?:a |the )?(?:\w+ )?"
    r"(?:saint|hero|martyr|legend|god)\b"
)
_PARTING = re.compile(
    r"\bledge\b.{0,50}\b(?:goodbye|farewell)\b|\b(?:goodbye|farewell)\b.{0,50}\bledge\b"
    r"|\bover the (?:railing|parapet|balustrade)\b.{0,40}\blets? go\b"
    r"|\bsteps? off the (?:roof|ledge|building|skyscraper)\b"
)


def hints(plain: str) -> Iterator[tuple[str, str]]:
    """What a plain text hints at: a category and what speaks for it."""
    lower = plain.lower()
    if _DRESSED.search(lower) or (_DEPICTED.search(lower) and not _OBJECTION.search(lower)):
        yield "hate", "a people as vermin"
    if _PRAISED.search(lower):
        yield "extremism", "praise of an attack"
    if _PARTING.search(lower):
        yield "self-harm", "a last farewell"
