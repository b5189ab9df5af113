"""Words that no list has, placed by the text encoder: near enough to a phrase that stands for an id, or not at all.

The two thresholds were set on 120 words, half of them strangers to the world: "hedgehog" lies 0.52 from "squirrel" and
the next id 0.18 behind, "scared" 0.43 from "waiting" and another 0.01 behind. Decoys ("food", "feeling", "person") draw
off what merely resembles the world: "pizza" lies 0.55 from "mushroom", and nearer still to "food".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from kinora.engine.expand.lexicon import LEXICON
from kinora.engine.expand.phrases import Sense

if TYPE_CHECKING:
    from torch import Tensor

    from kinora.models.text import TextEncoder

NEAR = 0.5
"""Least cosine between a word and the phrase that it is taken for."""

AHEAD = 0.08
"""Least lead of that phrase over the best one of any other id."""

DECOY = ("", "")


class Neighbours:
    """Places words by their sentence embeddings; the phrases are embedded on the first use."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder

    def place(self, words: Sequence[str]) -> Iterator[Sense | None]:
        """What each word is near to, in order; None for a word that is near nothing of the world."""
        if not words:
            return
        keys, anchors = _anchors(self._encoder)
        for row in (self._encoder.sentence(list(words)).float() @ anchors.T).tolist():
            best: dict[tuple[str, str], float] = {}
            for key, cosine in zip(keys, row, strict=True):
                best[key] = max(cosine, best.get(key, -1.0))
            (first, nearest), (_, next_nearest) = sorted(best.items(), key=lambda one: -one[1])[:2]
            if first == DECOY or nearest < NEAR or nearest - next_nearest < AHEAD:
                yield None
            else:
                yield Sense(*first, "near")


@lru_cache(maxsize=1)
def _anchors(encoder: TextEncoder) -> tuple[list[tuple[str, str]], Tensor]:
    """The factor and id of each anchor phrase, and their embeddings, one row each."""
    pairs = [(key, phrase) for key, listing in LEXICON.anchors.items() for phrase in listing]
    pairs += [(DECOY, phrase) for phrase in LEXICON.decoys]
    return [key for key, _ in pairs], encoder.sentence([phrase for _, phrase in pairs]).float()
