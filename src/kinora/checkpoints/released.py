"""A text encoder that is in memory only while it reads: Wan's is larger than the transformer it serves."""

import gc
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from kinora.checkpoints.parts import TextReader
from kinora.models.umt5 import Umt5States

KEPT = 32
"""Prompts whose states are kept, 4 MB each: those read last. The negative one is the same for every request."""


class ReleasedText:
    """Reads prompts with what `load` brings, and lets go of it at once."""

    def __init__(self, load: Callable[[], TextReader]) -> None:
        self._load = load
        self._kept: dict[str, Tensor] = {}

    def encode(self, prompts: Sequence[str]) -> Umt5States:
        """States of each prompt. Raises InvalidRequest if one is longer than the reader reads."""
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._kept]
        if new:
            self._kept |= dict(zip(new, self._read(new), strict=True))
        states = torch.stack([self._kept[prompt] for prompt in prompts])
        for prompt in prompts:
            self._kept[prompt] = self._kept.pop(prompt)  # to the end, as the latest
        for prompt in list(self._kept)[: max(0, len(self._kept) - KEPT)]:
            del self._kept[prompt]
        return Umt5States(states)

    def _read(self, prompts: Sequence[str]) -> list[Tensor]:
        reader = self._load()
        # One at a time: a batch is padded to its longest, and its states would depend on their neighbours by a bit.
        states = [reader.encode([prompt]).states[0] for prompt in prompts]
        del reader
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return states
