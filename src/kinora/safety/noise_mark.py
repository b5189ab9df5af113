"""A mark in the noise that a clip is made from: no pixel is touched, and the picture itself is the evidence.

    noise = NoiseMark(key).write(noise, payload)              # float C T H W, normal before and after
    ...                                                       # solve, decode: the clip
    guess = inverted(latents, velocity, sigmas)               # encode the clip, then solve backwards
    NoiseMark(key).read(guess)                                # NoiseReading(found=True, p_value=..., payload=...)

The payload and the key give the signs, the seed gives the sizes. In each latent frame the numbers fall into four
groups; a group's signs are a row of Hadamard's matrix, which of them ten bits of the enciphered payload say, times
signs that the key draws for every place and frame. Every number stays exactly normal, and over keys so does the whole,
as in Gaussian Shading (Yang et al. 2024). There the signs must be drawn anew for each clip and remembered; here another
job is another set of rows, so clips differ as seeds make them differ, and all rows are tried at once. Clips of one
payload share their signs and look alike: give each job, or each seed, a payload of its own.

Reading needs the model, and solving backwards is approximate: a correlation of about 0.1 with the true noise is
enough. Blocks of a stream and trims by whole latent frames keep the mark; crops and other sizes lose it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.safety.watermark_code import PAYLOAD_BITS, Payload

Noise = npt.NDArray[np.float32]
Whole = npt.NDArray[np.intp]

SUSPICION = 5e-5
"""As for the watermark: one clip in 20,000 that bears no mark."""

GROUPS, GROUP_BITS = 4, 10
ROWS = 1 << GROUP_BITS

PERIOD = 128
"""Latent frames after which the key's signs begin anew: more than a minute."""


@dataclass(frozen=True, kw_only=True)
class NoiseReading:
    """What a clip's noise says: `p_value` bounds the share of keys that fit a clip without mark as well.

    `start` is the latent frame at which the clip begins.
    """

    found: bool
    p_value: float
    payload: Payload | None
    start: int = 0


class NoiseMark:
    """Writes and reads marks of one key in noise (C T H W)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, noise: Noise, payload: Payload, start: int = 0) -> Noise:
        """The noise of the latent frames from number `start` on, with the mark."""
        flat = _frames(noise)
        place = _places(self._key, flat.shape[1])
        rows = hadamard()[np.array(_parted(_encipher(self._key, payload.word)))]  # groups, columns
        signs = _signs(self._key, flat.shape[1])[(np.arange(len(flat)) + start) % PERIOD]
        marked = np.abs(flat) * signs * rows[place // ROWS, place % ROWS]
        channels, _, height, width = noise.shape
        return np.ascontiguousarray(np.moveaxis(marked.reshape(-1, channels, height, width), 0, 1))

    def read(self, noise: Noise) -> NoiseReading:
        """Look for the mark in noise recovered from a clip.

        The statistic is the sum of the numbers, signed as key and payload say, over the root of the sum of their
        squares. Unless the clip was made with this key the signs are fair coins to it, so Hoeffding's bound
        exp(-t^2 / 2) holds for any noise, times the payloads and the beginnings that are tried.
        """
        flat = _frames(noise)
        # Few of the recovered numbers are far out, and those are the least sure.
        flat = np.tanh(flat / max(float(flat.std()), 1e-12))
        signs, place = _signs(self._key, flat.shape[1]), _places(self._key, flat.shape[1])
        sums = np.empty((PERIOD, GROUPS, ROWS), np.float32)
        for start in range(PERIOD):
            summed = (flat * signs[(np.arange(len(flat)) + start) % PERIOD]).sum(axis=0)
            sums[start] = np.bincount(place, weights=summed, minlength=GROUPS * ROWS).reshape(GROUPS, ROWS)
        agreement = sums @ hadamard()  # start, group, row: the matrix is symmetric
        totals = agreement.max(axis=2).sum(axis=1)
        start = int(totals.argmax())
        symbols = agreement[start].argmax(axis=1)
        statistic = float(totals[start]) / (float(np.linalg.norm(flat)) + 1e-12)
        tried = math.log(PERIOD) + PAYLOAD_BITS * math.log(2)
        p_value = math.exp(min(0.0, tried - max(statistic, 0.0) ** 2 / 2))
        found = p_value < SUSPICION
        word = _decipher(self._key, sum(int(one) << GROUP_BITS * at for at, one in enumerate(symbols)))
        return NoiseReading(
            found=found, p_value=p_value, payload=Payload.from_word(word) if found else None, start=start
        )


def inverted(clean: Any, velocity: Callable[[Any, float], Any], sigmas: Sequence[float], *, rounds: int = 2) -> Any:
    """The noise from which Euler's steps down `sigmas` (falling, from 1 to 0) would have led to `clean`.

    Arrays are NumPy's or torch's. Each step x' -> x' + (s - s') velocity(x', s') is undone by fixed-point iteration
    from its end, `rounds` calls a step; the model is never asked at sigma 0, which it was not trained at.
    """
    x = clean
    for higher, sigma in reversed(list(pairwise(sigmas))):
        start = x
        for _ in range(rounds):
            x = start + (higher - sigma) * velocity(x, higher)
    return x


@lru_cache(maxsize=1)
def hadamard() -> Noise:
    """Sylvester's matrix of order ROWS: rows of signs, each agreeing with each other one in half of the places."""
    matrix = np.ones((1, 1), np.float32)
    for _ in range(GROUP_BITS):
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def _frames(noise: Noise) -> Noise:
    """Noise C T H W as T N, a row for each latent frame."""
    return np.moveaxis(noise, 1, 0).reshape(noise.shape[1], -1)


@lru_cache(maxsize=16)
def _places(key: bytes, count: int) -> Whole:
    """Each number's group and column, as group * ROWS + column: groups take turns, in an order that the key draws."""
    drawn = np.frombuffer(_drawn(b"places", key, 8 * count), "<u8")
    rank = np.empty(count, np.intp)
    rank[np.argsort(drawn, kind="stable")] = np.arange(count)
    return rank % GROUPS * ROWS + rank // GROUPS % ROWS


@lru_cache(maxsize=2)
def _signs(key: bytes, count: int) -> Noise:
    """The key's own signs of each frame of the period [PERIOD count]: 25 MB at 512 x 512, so few are kept."""
    bits = np.unpackbits(np.frombuffer(_drawn(b"signs", key, -(-PERIOD * count // 8)), np.uint8))
    return bits[: PERIOD * count].reshape(PERIOD, count) * np.float32(2) - np.float32(1)


def _parted(word: int) -> list[int]:
    """The groups' symbols in a word."""
    return [word >> GROUP_BITS * at & (ROWS - 1) for at in range(GROUPS)]


def _encipher(key: bytes, word: int) -> int:
    """A keyed shuffle of all words (Feistel's, four rounds): payloads that are alike in part share no symbol."""
    left, right = word >> _HALF, word & (1 << _HALF) - 1
    for turn in range(_ROUNDS):
        left, right = right, left ^ _mixed(key, turn, right)
    return left << _HALF | right


def _decipher(key: bytes, word: int) -> int:
    left, right = word >> _HALF, word & (1 << _HALF) - 1
    for turn in reversed(range(_ROUNDS)):
        left, right = right ^ _mixed(key, turn, left), left
    return left << _HALF | right


_ROUNDS, _HALF = 4, PAYLOAD_BITS // 2


def _mixed(key: bytes, turn: int, half: int) -> int:
    return int.from_bytes(_drawn(b"cipher %d %d" % (turn, half), key, 4), "big") >> (32 - _HALF)


def _drawn(label: bytes, key: bytes, count: int) -> bytes:
    return hashlib.shake_256(b"kinora noise mark 1\0" + label + b"\0" + key).digest(count)
