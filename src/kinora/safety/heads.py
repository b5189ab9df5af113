"""Classifier heads: how much a text's meaning, letters and evidence together speak for each category.

Three views of a text add up to one logit per category: the adapted text encoder's states through a small perceptron
(what is meant, however it is worded), hashed words and character 4-grams (which wording it is), and evidence: which
lists it hits, and what in it looks like a name. There are two sets of heads over the same views, one for prompts and
one for social text, since the same sentence is a scene in the one and a statement in the other. Each logit is
calibrated (Platt) on texts kept from training, so a score is a probability under that mixture.

Trained by scripts/screening/train.py; weights/README.md is the card: data, attribution, figures.
"""

import itertools
import json
import zlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import safetensors.torch
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from kinora.safety.lists import Hit
from kinora.safety.normalise import plain_words
from kinora.safety.persons import SIGNS

CATEGORIES = (
    *("sexual", "violence", "hate", "self-harm", "illicit", "extremism"),
    *("deception", "harassment", "likeness", "ip"),
)
"""What heads score; the policy's other categories follow from these by rules."""

STYLES = ("prompt", "social")
BUCKETS = 1 << 15
DIM = 768  # mean and maximum of the token states
HIDDEN = 64

LISTED = (*CATEGORIES, "sexual/minors", "violence/graphic", "children")
"""Categories of list hits that are evidence, each at three severities."""

EVIDENCE = 3 * len(LISTED) + SIGNS


class Heads(nn.Module):
    """Logits of every category from token states, hashed grams and evidence."""

    def __init__(self) -> None:
        super().__init__()
        count = len(CATEGORIES)
        self.meaning = nn.Sequential(nn.Linear(DIM, HIDDEN), nn.GELU(), nn.Dropout(0.2), nn.Linear(HIDDEN, count))
        self.direct = nn.Linear(DIM, count, bias=False)
        self.grams = nn.EmbeddingBag(BUCKETS, count, mode="sum")
        self.evidence = nn.Linear(EVIDENCE, count, bias=False)
        self.register_buffer("slope", torch.ones(count))
        self.register_buffer("shift", torch.zeros(count))

    def forward(
        self,
        states: Float[Tensor, "b 768"],
        grams: Int[Tensor, " n"],
        starts: Int[Tensor, " b"],
        weights: Float[Tensor, " n"],
        evidence: Float[Tensor, "b k"],
    ) -> Float[Tensor, "b c"]:
        """Return calibrated logits; `grams` of all texts stand in a row, each text's from its start on."""
        logits = self.meaning(states) + self.direct(states) + self.evidence(evidence)
        logits = logits + self.grams(grams, starts, per_sample_weights=weights)
        return logits * self.slope + self.shift


def gram_rows(texts: Sequence[str]) -> tuple[Int[Tensor, " n"], Int[Tensor, " b"], Float[Tensor, " n"]]:
    """Hash the texts' words, pairs of words and character 4-grams: buckets in a row, starts, and weights.

    A text's weights have length 1 together, so long texts do not outweigh short ones.
    """
    buckets: list[int] = []
    starts: list[int] = []
    weights: list[float] = []
    for text in texts:
        words = plain_words(text)
        grams = {*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))}
        for word in words:
            marked = f"<{word}>"
            grams.update(f"#{marked[i : i + 4]}" for i in range(max(1, len(marked) - 3)))
        starts.append(len(buckets))
        buckets.extend(zlib.crc32(gram.encode()) % BUCKETS for gram in grams)
        weights.extend([max(1, len(grams)) ** -0.5] * len(grams))
    return torch.tensor(buckets, dtype=torch.int64), torch.tensor(starts), torch.tensor(weights, dtype=torch.float32)


def evidence_rows(hits: Sequence[Sequence[Hit]], signs: Sequence[Sequence[float]]) -> Float[Tensor, "b k"]:
    """Which lists each text hits at which severity, and beside them the signs of names in it (persons.signs_of)."""
    rows = torch.zeros(len(hits), EVIDENCE)
    for row, found, seen in zip(rows, hits, signs, strict=True):
        for hit in found:
            if hit.category in LISTED:
                row[3 * LISTED.index(hit.category) + hit.severity - 1] = 1
        row[3 * len(LISTED) :] = torch.tensor(seen)
    return rows


class Classifier:
    """Both sets of heads with the weights in the package."""

    def __init__(self, heads: dict[str, Heads]) -> None:
        self.heads = heads

    @classmethod
    @cache
    def shipped(cls) -> "Classifier":
        """Load the weights in the package. Raises AssertionError if they are for other categories."""
        heads = {}
        for style in STYLES:
            heads[style] = Heads().eval().requires_grad_(False)
            heads[style].load_state_dict(shipped_tensors(f"{style}."))
        return cls(heads)

    @torch.inference_mode()
    def score(
        self,
        states: Float[Tensor, "p 768"],
        pieces: Sequence[str],
        owners: Sequence[int],
        evidence: Float[Tensor, "b k"],
    ) -> dict[str, Float[Tensor, "b c"]]:
        """Return, by style, each text's probability of each of CATEGORIES: the highest of its pieces'.

        Piece number i belongs to text number owners[i], and every text has a piece.
        """
        grams = gram_rows(pieces)
        owner = torch.tensor(owners)
        out = {}
        for style, heads in self.heads.items():
            logits = heads(states, *grams, evidence[owner])
            index = owner.unsqueeze(1).expand_as(logits)
            most = torch.full((len(evidence), logits.shape[1]), float("-inf"))
            out[style] = torch.sigmoid(most.scatter_reduce(0, index, logits, "amax"))
        return out


def shipped_tensors(prefix: str) -> dict[str, Tensor]:
    """The tensors in the package whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor.float() for name, tensor in _shipped().items() if name.startswith(prefix)}


@cache
def _shipped() -> dict[str, Tensor]:
    content = (files("kinora.safety") / "weights" / "heads.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    assert tuple(header["categories"].split()) == CATEGORIES, "weights and code name different categories"
    return safetensors.torch.load(content)
