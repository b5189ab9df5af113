"""Sentence embeddings of texts of any length, by the text encoder that also reads prompts.

It reads 128 wordpieces at once, so a longer text is read in windows. The encoder's files come with a package; where
it is missing, screening stops with `Unavailable` and says what to install: it never goes on without classifiers.
"""

import itertools
from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinora.models.text import TextEncoder

WINDOW = 96
"""Wordpieces of a window, without the two that mark its ends."""

BATCH = 32


@cache
def encoder() -> TextEncoder:
    """The encoder, loaded once a process. Raises Unavailable or CorruptWeights, each with what to install."""
    return TextEncoder.load()


def windows(reader: TextEncoder, text: str) -> list[str]:
    """Cut a text into pieces of at most WINDOW wordpieces; an empty text is one empty piece."""
    offsets = reader.tokenizer.encode(text).offsets[1:-1]
    if len(offsets) <= WINDOW:
        return [text]
    cuts = [offsets[i][0] for i in range(0, len(offsets), WINDOW)] + [len(text)]
    pieces = [text[start:stop].strip() for start, stop in itertools.pairwise(cuts)]
    return [piece for piece in pieces if piece]


@torch.inference_mode()
def embed(reader: TextEncoder, texts: Sequence[str]) -> Float[Tensor, "b 384"]:
    """Return each text's embedding, the mean of its windows' with length 1, in batches of like length."""
    pieces = [(i, piece) for i, text in enumerate(texts) for piece in windows(reader, text)]
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i][1]))
    sums = torch.zeros(len(texts), reader.dim)
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        vectors = reader.sentence([pieces[i][1] for i in batch]).float().cpu()
        sums.index_add_(0, torch.tensor([pieces[i][0] for i in batch]), vectors)
    return F.normalize(sums, dim=-1)
