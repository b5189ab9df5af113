"""Which rows are learnt from, calibrated on and reported: by near-duplicate group, in every source alike.

Texts that share most of their pairs of words are one group and stay together, so nothing is reported on a text whose
twin was trained on. A group's place is the hash of its first text: the same for ever, whatever is added beside it.
"""

import hashlib
import itertools
import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from kinora.safety.normalise import plain_words

Split = Literal["train", "calibrate", "test"]

HASHES, BANDS = 32, 8
"""Minimal hashes of a text and bands they are compared in: pairs that share two thirds of their word pairs meet with
a chance of 0.83, those that share a third with one of 0.09."""

TRAIN, CALIBRATE = 0.6, 0.75
_PRIME = (1 << 61) - 1


def bucket(text: str) -> float:
    """A text's place in [0, 1), the same for ever."""
    return int.from_bytes(hashlib.sha256(text.strip().lower().encode()).digest()[:4], "big") / 2**32


def splits(texts: Sequence[str]) -> list[Split]:
    """Each text's split: 60 % train, 15 % calibrate, 25 % test, by groups of near-duplicates."""
    groups = near_duplicates(texts)
    first: dict[int, str] = {}
    for text, group in zip(texts, groups, strict=True):
        first[group] = min(text.strip().lower(), first.get(group, text.strip().lower()))
    places = {group: bucket("split: " + text) for group, text in first.items()}
    out: list[Split] = []
    for group in groups:
        place = places[group]
        out.append("train" if place < TRAIN else "calibrate" if place < CALIBRATE else "test")
    return out


def near_duplicates(texts: Sequence[str]) -> list[int]:
    """Each text's group, by minimal hashes of its pairs of words (Broder 1997)."""
    chance = np.random.default_rng(0)
    factor, shift = (chance.integers(1, 1 << 31, (HASHES, 1), dtype=np.int64) for _ in range(2))
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    seen: dict[tuple[int, bytes], int] = defaultdict(lambda: -1)
    for i, text in enumerate(texts):
        words = [*plain_words(text)] or [text]
        pairs = {f"{a} {b}" for a, b in itertools.pairwise(words)} or {words[0]}
        codes = np.fromiter((zlib.crc32(pair.encode()) for pair in pairs), np.int64, len(pairs))
        least = ((codes * factor + shift) % _PRIME).min(axis=1).reshape(BANDS, -1)
        for band, row in enumerate(least):
            other = seen[band, row.tobytes()]
            if other < 0:
                seen[band, row.tobytes()] = i
            else:
                parent[root(i)] = root(other)
    return [root(i) for i in range(len(texts))]
