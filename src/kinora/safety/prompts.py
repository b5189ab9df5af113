"""Screening text: lists, classifiers and rules over what a text says once its disguises are undone.

    Screener.shipped().findings(["a n4k3d woman"])      # [Screening(findings=(Finding("sexual", 0.97, ...),), ...)]

A text is read (normalise), its idioms are put into plain words (idioms), it is looked up (lists) and classified (heads
over the text encoder's states), and what was found is combined (combine). The screener only says what it found and how
sure it is; what follows from it is the policy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from kinora.errors import InvalidRequest
from kinora.safety.combine import combined
from kinora.safety.idioms import commoner, reworded
from kinora.safety.language import language_of
from kinora.safety.lists import MILD, SEVERE, STRONG, Hit, TermList
from kinora.safety.names import NAMES, named, reads_as_english
from kinora.safety.normalise import LIMIT, plain_words, read
from kinora.safety.persons import signs_of
from kinora.safety.policy import CATEGORIES as JUDGED
from kinora.safety.policy import Finding
from kinora.safety.spans import span_of

if TYPE_CHECKING:
    from kinora.safety.heads import Classifier

Kind = Literal["prompt", "social"]

LISTED = {SEVERE: 0.97, STRONG: 0.85, MILD: 0.0}
"""Score of a term by its severity; mild ones only inform the classifiers."""

FOREIGN = 4.0
"""By how much the logit of a text in another language than English is lowered: the encoder reads English."""


@dataclass(frozen=True)
class Screening:
    """What was found in one text, what it says in plain, and which disguises it wore."""

    findings: tuple[Finding, ...]
    text: str
    disguises: tuple[str, ...] = ()
    language: str = "en"


class Screener:
    """Finds what a policy may object to. Without a classifier only lists and rules speak: for tests, no default."""

    def __init__(self, lists: TermList, classifier: Classifier | None) -> None:
        self._lists = lists
        self._classifier = classifier

    @classmethod
    @cache
    def shipped(cls) -> Screener:
        """Lists, heads and text encoder as shipped.

        Raises Unavailable, naming the package to install, if the text encoder is missing: screening by lists alone
        would be weaker, and silently so.
        """
        from kinora.safety.encoding import encoder
        from kinora.safety.heads import Classifier

        encoder()
        return cls(TermList.shipped(), Classifier.shipped())

    def findings(self, texts: Sequence[str], kind: Kind = "prompt") -> list[Screening]:
        """Screen texts together, which is faster than one by one. Raises InvalidRequest for one longer than LIMIT."""
        for text in texts:
            if len(text) > LIMIT:
                rule = f"a text has at most {LIMIT} characters"
                raise InvalidRequest(f"text of {len(text)} characters", rule=rule, remedy="shorten it")
        readings = [read(text) for text in texts]
        plain = [reworded(reading.text) for reading in readings]
        languages = [language_of(text) for text in plain]
        hits = [self._lists.find(text, language) for text, language in zip(plain, languages, strict=True)]
        scores = self._scores(plain, hits, languages, kind)
        return [
            Screening(_findings(text, said, hit, score), reading.text, reading.disguises, language)
            for text, said, reading, hit, score, language in zip(
                texts, plain, readings, hits, scores, languages, strict=True
            )
        ]

    def _scores(
        self, texts: Sequence[str], hits: Sequence[Sequence[Hit]], languages: Sequence[str], kind: Kind
    ) -> list[dict[str, float]]:
        """The heads' probabilities, by category."""
        if self._classifier is None:
            return [{} for _ in texts]
        import torch

        from kinora.safety.encoding import embed, encoder, windows
        from kinora.safety.heads import CATEGORIES, evidence_rows

        found = [i for i, text in enumerate(texts) if plain_words(text)]
        scores: list[dict[str, float]] = [{} for _ in texts]
        if not found:
            return scores
        pieces = [(row, piece) for row, i in enumerate(found) for piece in windows(encoder(), commoner(texts[i]))]
        owners, parts = [row for row, _ in pieces], [piece for _, piece in pieces]
        evidence = evidence_rows([hits[i] for i in found], [signs_of(texts[i]) for i in found])
        own = self._classifier.score(embed(encoder(), parts), parts, owners, evidence)[kind]
        lowered = torch.tensor([[0.0 if languages[i] == "en" else FOREIGN] for i in found]).repeat(1, len(CATEGORIES))
        names = torch.tensor([name in NAMES for name in CATEGORIES])
        for row, i in enumerate(found):
            if not reads_as_english(texts[i]):  # its words are not names only because they are in no dictionary
                lowered[row, names] = FOREIGN
        own = torch.sigmoid(torch.logit(own, eps=1e-6) - lowered)
        for row, i in enumerate(found):
            scores[i] = dict(zip(CATEGORIES, own[row].tolist(), strict=True))
        return scores


def _findings(text: str, plain: str, hits: Sequence[Hit], scores: dict[str, float]) -> tuple[Finding, ...]:
    """Everything found in one text: by lists, by names, by heads and by rules."""
    found = [
        Finding(hit.category, LISTED[hit.severity], f"list: {hit.term}", span_of(text, plain, hit))
        for hit in hits
        if LISTED[hit.severity] and hit.category in JUDGED and hit.category not in NAMES
    ]
    found += named(text, plain, hits, scores)
    everywhere = (0, len(text))
    found += [Finding(name, score, "classifier", everywhere) for name, score in scores.items() if name not in NAMES]
    return tuple(found + combined(text, plain, hits, found))
