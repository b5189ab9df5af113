"""What the watermark says, as bits that survive errors.

    chips = encode(Payload.of("kinora-small", "1", "job-17"))      # 186 of 0 and 1
    decode(soft values, positive for 1)                            # the payload, or None

40 bits of payload, a CRC of 16 and 6 that end the code go through the convolutional code of rate 1/3 and constraint
length 7 (generators 133, 165, 171 octal, the customary ones of free distance 15); `decode` is Viterbi's algorithm on
soft values, with its four best answers. Chance passes the CRC of one of them once in 16,384.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.floating]

MODEL_BITS, VERSION_BITS, JOB_BITS, CRC_BITS = 12, 4, 24, 16
GENERATORS = (0o133, 0o165, 0o171)
MEMORY = 6
PATHS = 4
PAYLOAD_BITS = MODEL_BITS + VERSION_BITS + JOB_BITS
CHIPS = len(GENERATORS) * (PAYLOAD_BITS + CRC_BITS + MEMORY)


@dataclass(frozen=True)
class Payload:
    """Which model of which version made the frames, in which job: short hashes, to be compared with known names.

    A job's tag says nothing about the prompt: it is a hash of the id that the maker chose.
    """

    model: int
    version: int
    job: int

    def __post_init__(self) -> None:
        for value, bits in ((self.model, MODEL_BITS), (self.version, VERSION_BITS), (self.job, JOB_BITS)):
            assert 0 <= value < 1 << bits, f"{self}: {value} needs more than {bits} bits"

    @classmethod
    def of(cls, model: str, version: str, job: str) -> Payload:
        """The payload for names of any length."""
        return cls(tag(model, MODEL_BITS), tag(f"{model} {version}", VERSION_BITS), tag(job, JOB_BITS))

    @property
    def hex(self) -> str:
        """Ten digits, as credentials write it."""
        return f"{self.word:010x}"

    @property
    def word(self) -> int:
        """All of it as one number of 40 bits."""
        return (self.model << VERSION_BITS | self.version) << JOB_BITS | self.job

    @classmethod
    def from_word(cls, word: int) -> Payload:
        """The payload whose `word` it is."""
        version = word >> JOB_BITS & (1 << VERSION_BITS) - 1
        return cls(word >> (VERSION_BITS + JOB_BITS), version, word & (1 << JOB_BITS) - 1)

    def names(self, model: str, version: str) -> bool:
        """Whether the payload is that of `model` in `version`; another pair has it by chance once in 65,536."""
        return (self.model, self.version) == (tag(model, MODEL_BITS), tag(f"{model} {version}", VERSION_BITS))


def tag(name: str, bits: int) -> int:
    """The first bits of a name's SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> (64 - bits)


def encode(payload: Payload) -> Bits:
    """The payload's CHIPS chips."""
    data = payload.word.to_bytes(PAYLOAD_BITS // 8, "big")
    bits = np.unpackbits(np.frombuffer(data + crc(data).to_bytes(2, "big"), np.uint8))
    state, chips = 0, []
    for bit in (*bits.tolist(), *[0] * MEMORY):
        register = bit << MEMORY | state
        chips += [(register & generator).bit_count() & 1 for generator in GENERATORS]
        state = register >> 1
    return np.array(chips, np.uint8)


def decode(soft: Reals) -> Payload | None:
    """The payload whose chips agree best with `soft` (CHIPS numbers, positive for 1) and whose CRC is right.

    None if it is not among the PATHS that agree best.
    """
    assert soft.shape == (CHIPS,), f"{soft.shape=}"
    for bits in _paths(soft):
        data = np.packbits(np.array(bits[:-MEMORY], np.uint8)).tobytes()
        if crc(data[:-2]) == int.from_bytes(data[-2:], "big"):
            return Payload.from_word(int.from_bytes(data[:-2], "big"))
    return None


def _paths(soft: Reals) -> Iterator[list[int]]:
    """The bits of the PATHS best ways through the code, the best first (Seshadri and Sundberg 1994)."""
    before, signs = _trellis()
    score = np.full((1 << MEMORY, PATHS), -np.inf)
    score[0, 0] = 0.0
    choices = []
    for values in soft.reshape(-1, len(GENERATORS)):
        candidates = score[before] + (signs @ values)[..., None]  # [state, predecessor, rank]
        candidates = candidates.reshape(len(score), -1)
        chosen = np.argsort(-candidates, axis=1, kind="stable")[:, :PATHS]
        score = np.take_along_axis(candidates, chosen, axis=1)
        choices.append(chosen)
    for rank in range(PATHS):
        state, bits = 0, []  # the six closing bits lead every path to state 0
        for chosen in reversed(choices):
            bits.append(state >> (MEMORY - 1))
            which, rank = divmod(int(chosen[state, rank]), PATHS)
            state = int(before[state, which])
        yield bits[::-1]


def crc(data: bytes) -> int:
    """CRC-16-CCITT (polynomial 0x1021, start 0xFFFF)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 * (value >> 15)) & 0xFFFF
    return value


@cache
def _trellis() -> tuple[npt.NDArray[np.intp], Reals]:
    """For each state its two predecessors [64 2], and the signs of the chips on the way from each [64 2 3]."""
    states = np.arange(1 << MEMORY)
    before = (states[:, None] << 1 & (1 << MEMORY) - 1) | np.arange(2)
    register = (states[:, None] >> (MEMORY - 1)) << MEMORY | before
    parity = [[[(int(r) & g).bit_count() & 1 for g in GENERATORS] for r in row] for row in register]
    return before, np.array(parity) * 2.0 - 1.0
