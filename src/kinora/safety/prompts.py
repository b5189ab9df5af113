"""Screening prompts by a word list that sees through the usual disguises.

A prompt is read in several ways at once: as written, with digits and symbols as the letters they stand for ("n4k3d"),
with stretched letters shortened ("nuuude"), and with s-p-a-c-e-d or d.o.t.t.e.d words closed up. A term found in any
reading counts, unless an exception ("naked mole rat") covers it. Ages and words for children together with anything
suggestive are refused even where the suggestive word alone would pass.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files

MINORS = "minors"

_LEET = str.maketrans("013457@$!|", "oieastasil")
_HOMOGLYPHS = str.maketrans("аеорсухіјѕӏԁɡοαερν", "aeopcyxijsldgoaepv")  # Cyrillic and Greek letters that look Latin
_AGE = re.compile(
    r"\b(?P<years>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen)\W{0,3}(?:yo\b|y\W?o\b|(?:years?|yrs?)\W{0,3}old)|\baged?\W{1,3}(?P<aged>\d{1,2})\b"
)


@dataclass(frozen=True)
class WordList:
    """Patterns by category, made of terms whose words stand next to each other; `*` ends an open stem.

    What `exceptions` cover is not looked at. `children` and `suggestive` combine to the category "minors".
    """

    terms: Mapping[str, re.Pattern[str]]
    exceptions: re.Pattern[str]
    children: re.Pattern[str]
    suggestive: re.Pattern[str]

    @classmethod
    def shipped(cls) -> WordList:
        """The list in the package: short, and offensive only where it must be."""
        values = json.loads((files("kinora.safety") / "terms.json").read_text(encoding="utf-8"))
        return cls(
            terms={name: _pattern(terms) for name, terms in values["terms"].items()},
            exceptions=_pattern(values["exceptions"]),
            children=_pattern(values["children"]),
            suggestive=_pattern(values["suggestive"]),
        )

    def categories(self, prompt: str) -> tuple[str, ...]:
        """The categories a prompt falls under, in the list's order; empty when there is nothing to object to."""
        # One text of all readings: no term reaches over the line ends between them.
        text = self.exceptions.sub("", "\n".join(readings(prompt)))
        found = [name for name, pattern in self.terms.items() if pattern.search(text)]
        child = _names_a_child_by_age(prompt) or self.children.search(text)
        improper = "sexual" in found or self.suggestive.search(text)
        if child and improper and MINORS not in found:
            found.insert(0, MINORS)
        return tuple(found)


def readings(text: str) -> list[str]:
    """The ways a prompt can be read, as words of plain letters; the first is the text as it stands."""
    plain = _plain(text)
    letters = _close_up(plain.translate(_LEET))
    versions = [plain, letters]
    versions += [re.sub(r"([a-z])\1{2,}", keep, letters) for keep in (r"\1", r"\1\1")]
    versions.append(re.sub(r"(?<=[a-z])[^\sa-z]+(?=[a-z])", "", letters))  # "por*n"
    return list(dict.fromkeys(" ".join(re.findall(r"[a-z]+", version)) for version in versions))


def _pattern(terms: Iterable[str]) -> re.Pattern[str]:
    stems = (term.removesuffix("*") + "[a-z]*" * term.endswith("*") for term in terms)
    return re.compile(rf"\b(?:{'|'.join(stems)})\b")


def _plain(text: str) -> str:
    """Lower case, compatibility forms resolved, accents and invisible characters gone."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_HOMOGLYPHS)
    return "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf", "Cc") or c in "\n\t")


def _close_up(text: str) -> str:
    """Join letters that stand alone in a row of four or more: "p o r n", "p-o-r-n" and "p.o.r.n" are one word."""
    return re.sub(r"\b[a-z](?:[\W_]{1,3}[a-z]\b){3,}", lambda match: re.sub(r"[\W_]", "", match[0]), text)


def _names_a_child_by_age(prompt: str) -> bool:
    for match in _AGE.finditer(_plain(prompt)):
        years = match["years"] or match["aged"]
        if not years.isdigit() or int(years) < 18:
            return True
    return False
