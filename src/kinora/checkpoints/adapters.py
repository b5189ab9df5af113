"""A model with LoRAs beside its weights, in one name, so that whatever takes a model's name takes them: no torch here.

    wan2.1-t2v-14b+watercolour.safetensors:0.8+film.safetensors         two, one at four fifths of its strength
    wan2.2-t2v-a14b+high=motion_high.safetensors+low=motion_low.safetensors     one for each expert

What each file adds and how is `checkpoints.wan.lora`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kinora.checkpoints.hub import digest
from kinora.errors import BadInputFile, InvalidRequest

EXTENSION = ".safetensors"
STRONGEST = 10.0
_ONE = re.compile(r"(?:(?P<expert>high|low)=)?(?P<path>.+?\.safetensors)(?::(?P<strength>[-+.\w]+))?")
_TAIL = re.compile(r"^(?P<model>.+?)(?P<files>(?:\+[^+]+?\.safetensors(?::[^+/\\]*)?)+)$")


@dataclass(frozen=True)
class Adapter:
    """A file of additions. `expert`: the one of a model with two that it belongs to, "" for all there are."""

    path: Path
    strength: float = 1.0
    expert: Literal["", "high", "low"] = ""

    def __str__(self) -> str:
        """What a clip tells of it: the file, how strong, and which file of that name it was."""
        named = f"{self.expert}=" if self.expert else ""
        return f"{named}{self.path.name}:{self.strength:g} sha256:{digest(self.path)[:16]}"


def beside(model: str, files: Sequence[str]) -> str:
    """The name of `model` with LoRAs, each FILE[:STRENGTH], beside it. Raises as `parted` does."""
    named = "+".join((model, *files))
    for one in files:
        _read(one)
    return named


def parted(name: str) -> tuple[str, tuple[Adapter, ...]]:
    """A model's name without its LoRAs, and these.

    Raises BadInputFile for a file that is not there, InvalidRequest for a strength that is none.
    """
    found = _TAIL.match(name)
    if found is None:
        return name, ()
    return found["model"], tuple(_read(one) for one in found["files"].split("+")[1:])


def _read(text: str) -> Adapter:
    found = _ONE.fullmatch(text)
    if found is None or "+" in text:
        rule = f"a LoRA is a {EXTENSION} file whose path has no +, perhaps with :STRENGTH after it"
        raise InvalidRequest(text, rule=rule, remedy=f"for example style{EXTENSION}:0.8")
    path, strength = Path(found["path"]), _number(found["strength"] or "1")
    if not abs(strength) <= STRONGEST:
        rule = f"a LoRA's strength is a number from {-STRONGEST:g} to {STRONGEST:g}"
        raise InvalidRequest(text, rule=rule, remedy="1 is what it was trained for")
    if not path.is_file():
        raise BadInputFile(path, rule="no such file", remedy=f"a LoRA is a {EXTENSION} file")
    expert: Literal["", "high", "low"] = found["expert"] or ""  # type: ignore[assignment]
    return Adapter(path, strength, expert)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
