"""Decoding a clip piece by piece, the same for every causal autoencoder."""

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

Memory = TypeVar("Memory")


class DecoderStream(Generic[Memory]):
    """Decodes one clip: the first call yields 4 n - 3 frames for n latents, later calls 4 n.

    `decode` makes pixels of latents and of `memory`, what it remembers of the latents before, which it updates.
    """

    def __init__(self, decode: Callable[[Tensor, Memory], Tensor], memory: Memory) -> None:
        self._decode = decode
        self.memory = memory

    @torch.no_grad()
    def __call__(self, latents: Float[Tensor, "b c n h w"]) -> Float[Tensor, "b 3 T H W"]:
        """Pixels of the next n latent frames."""
        return self._decode(latents, self.memory)
