"""The second lesson of a step: a transformer's middle layers must tell what moves where (see data.motion).

The head reads one block's tokens and exists only while training; the model that ships is the transformer alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from kinora.data.motion import CHANNELS
from kinora.models.dit import DiT

__all__ = ["MotionHead"]


class MotionHead(nn.Module):
    """Two layers on the tokens after a share `depth` of the blocks.

    REPA (arXiv 2410.06940) found a third to half of the depth best: the layers after it stay free for detail.
    """

    def __init__(self, model: DiT, depth: float = 0.5) -> None:
        super().__init__()
        dim = model.config.dim
        self._block = [model.blocks[max(0, round(depth * len(model.blocks)) - 1)]]  # in a list: read from, not owned
        self.layers = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, len(CHANNELS)))

    @contextmanager
    def listening(self) -> Iterator[list[Tensor]]:
        """Collect the block's output of each forward pass within the `with` block."""
        heard: list[Tensor] = []
        handle = self._block[0].register_forward_hook(lambda _module, _inputs, output: heard.append(output))
        try:
            yield heard
        finally:
            handle.remove()

    def loss(self, tokens: Float[Tensor, "b g n d"], targets: Float[Tensor, "b m t h w"]) -> Float[Tensor, ""]:
        """Mean squared error of what the tokens tell, in units of the targets' variance (about 1)."""
        told = self.layers(tokens.flatten(1, 2)).float()
        return F.mse_loss(told, rearrange(targets, "b m t h w -> b (t h w) m"))
