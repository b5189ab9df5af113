"""Rules over several findings: what is graver together than each is alone.

Above all: a child together with anything sexual is refused, however mild either is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kinora.safety.hints import hints
from kinora.safety.lists import STRONG, Hit
from kinora.safety.policy import Finding

CERTAIN = 0.98
SEXUAL_WITH_CHILD = 0.3
"""With a child in the text, the classifier's word for something sexual counts from here on."""

HINTED = 0.6
"""Score of what `hints` says."""

_NUMBERS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
_AGE = re.compile(
    rf"\b(?P<years>\d{{1,2}}|{_NUMBERS})\W{{0,3}}(?:yo\b|y\W?o\b|(?:years?|yrs?)\W{{0,3}}old)"
    rf"|\bage[ds]?\W{{1,3}}(?P<aged>\d{{1,2}}|{_NUMBERS})\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|im|my|me|myself)\b", re.IGNORECASE)
_HOW_TO = re.compile(
    r"\b(?:how (?:to|do|can|should|many)|best way|ways? to|tips|tutorial|guide|step by step|instructions?|methods?)\b",
    re.IGNORECASE,
)


def combined(text: str, plain: str, hits: Sequence[Hit], found: Sequence[Finding]) -> list[Finding]:
    """Further findings that follow from those made."""
    best: dict[str, float] = {}
    for finding in found:
        best[finding.category] = max(finding.score, best.get(finding.category, 0.0))
    listed = {hit.category for hit in hits}
    everywhere = (0, len(text))
    out = []
    child = names_a_child_by_age(plain) or "children" in listed
    improper = "suggestive" in listed or any(hit.category == "sexual" and hit.severity >= STRONG for hit in hits)
    if child and (improper or best.get("sexual", 0.0) >= SEXUAL_WITH_CHILD):
        out.append(Finding("sexual/minors", CERTAIN, "rule: a child and something sexual", everywhere))
    if {"violence/graphic"} & listed:
        out.append(Finding("violence", best["violence/graphic"], "rule: graphic is violent", everywhere))
    out += [Finding(category, HINTED, f"rule: {what}", everywhere) for category, what in hints(plain)]
    threat = min(best.get("hate", 0.0), max(best.get("violence", 0.0), best.get("violence/graphic", 0.0)))
    out.append(Finding("hate/threatening", threat, "rule: hate and violence", everywhere))
    harm = best.get("self-harm", 0.0)
    if _FIRST_PERSON.search(plain):
        out.append(Finding("self-harm/intent", harm, "rule: self-harm in the first person", everywhere))
    if _HOW_TO.search(plain):
        out.append(Finding("self-harm/instructions", harm, "rule: how to harm oneself", everywhere))
    return out


def names_a_child_by_age(text: str) -> bool:
    """Whether an age below 18 is given."""
    for match in _AGE.finditer(text):
        years = match["years"] or match["aged"]
        if not years.isdigit() or int(years) < 18:
            return True
    return False
