"""What is kept from training: a tenth of the (subject, colour, verb) triples and a tenth of the wordings.

Both are chosen by SHA-256, so the answer depends on nothing but the words. Left and right share a triple: a mirrored
training clip never shows one that is held out.
"""

import hashlib
from typing import Literal

Split = Literal["train", "heldout", "any"]

SHARE = 0.1
_SIDELESS = {"move_left": "move", "move_right": "move"}


def is_held_out(subject: str, colour: str, verb: str) -> bool:
    """Whether training never sees this kind of subject in this colour do this."""
    return _in_tenth("triple", subject, colour, _SIDELESS.get(verb, verb))


def is_held_out_wording(kind: str, number: int) -> bool:
    """Whether training captions never use this wording: a numbered choice of clause order and synonyms."""
    return _in_tenth("wording", kind, str(number))


def _in_tenth(*key: str) -> bool:
    digest = hashlib.sha256("/".join(key).encode()).digest()
    return int.from_bytes(digest[:8]) < SHARE * 2**64
