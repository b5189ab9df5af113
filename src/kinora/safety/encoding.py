"""What the text encoder makes of texts of any length, once it is adapted to reading for what is refused.

It reads 128 wordpieces at once, so a longer text is read in windows, each judged for itself: one bad sentence in a
long text is not averaged away. The encoder's files come with a package; where it is missing, screening stops with
`Unavailable` and says what to install: it never goes on without classifiers.
"""

import itertools
from collections.abc import Sequence
from functools import cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kinora.models.text import TextEncoder

WINDOW = 96
"""Wordpieces of a window, without the two that mark its ends."""

BATCH = 32


@cache
def encoder() -> TextEncoder:
    """The adapted encoder, loaded once a process. Raises Unavailable or CorruptWeights, each with what to install."""
    from kinora.safety.adapter import merge
    from kinora.safety.heads import shipped_tensors

    reader = TextEncoder.load()
    merge(reader, shipped_tensors("adapter."))
    return reader


def windows(reader: TextEncoder, text: str) -> list[str]:
    """Cut a text into pieces of at most WINDOW wordpieces; an empty text is one empty piece."""
    offsets = reader.tokenizer.encode(text).offsets[1:-1]
    if len(offsets) <= WINDOW:
        return [text]
    cuts = [offsets[i][0] for i in range(0, len(offsets), WINDOW)] + [len(text)]
    pieces = [text[start:stop].strip() for start, stop in itertools.pairwise(cuts)]
    return [piece for piece in pieces if piece]


def pooled(states: Float[Tensor, "b l d"], mask: Bool[Tensor, "b l"]) -> Float[Tensor, "b 2*d"]:
    """Mean and maximum of each text's token states side by side; padding (mask False) left out."""
    mean = (states * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    return torch.cat([mean, states.masked_fill(~mask.unsqueeze(-1), float("-inf")).amax(dim=1)], dim=1)


@torch.inference_mode()
def embed(reader: TextEncoder, pieces: Sequence[str]) -> Float[Tensor, "b 768"]:
    """Return every piece's `pooled`, computed in batches of like length."""
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
    out = torch.zeros(len(pieces), 2 * reader.dim)
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        text = reader.encode([pieces[i] for i in batch])
        out[batch] = pooled(text.states, text.mask).float().cpu()
    return out
