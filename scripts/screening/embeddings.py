"""Sentence embeddings of many texts, kept on disk in shards, so that they are computed once."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kinora.models.text import TextEncoder
from kinora.safety.encoding import embed, windows
from kinora.safety.heads import DIM

CHUNK = 1024
MOST = 3  # pieces of a text that are looked at in training


def key_of(text: str) -> str:
    """What a text's embedding is kept under."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def embeddings(texts: Sequence[str], folder: Path, *, compute: bool = True) -> tuple[Tensor, list[bool]]:
    """Return the embedding of every text (n, 384), and which texts have one.

    Pieces of texts that `folder` lacks are computed and kept there, unless `compute` is off: their texts have none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known: dict[str, np.ndarray] = {}  # type: ignore[type-arg]
    for path in sorted(path for path in folder.glob("*.npz") if ".part" not in path.name):
        with np.load(path) as shard:
            known.update(zip(shard["keys"].tolist(), shard["emb"], strict=True))
    encoder = TextEncoder.load()
    pieces = [windows(encoder, text)[:MOST] for text in texts]
    missing = sorted({piece for group in pieces for piece in group if key_of(piece) not in known}, key=len)
    if not compute:
        missing = []
    print(f"{len(missing)} pieces of {len(texts)} texts to embed", flush=True)
    for start in range(0, len(missing), CHUNK):
        part = missing[start : start + CHUNK]
        rows = embed(encoder, part).half().numpy()
        known.update(zip(map(key_of, part), rows, strict=True))
        name = folder / f"{time.time_ns()}.npz"
        np.savez(name.with_suffix(".part"), keys=np.array([key_of(text) for text in part]), emb=rows)
        name.with_suffix(".part.npz").rename(name)
    have = [bool(group) and all(key_of(piece) in known for piece in group) for group in pieces]
    rows = [
        np.mean([known[key_of(piece)] for piece in group], axis=0, dtype=np.float32)
        if there
        else np.zeros(DIM, np.float32)
        for group, there in zip(pieces, have, strict=True)
    ]
    return torch.from_numpy(np.stack(rows)), have
