"""A transformer's matrices in 8 bits: half the memory of bfloat16, widened one at a time where they are used.

Each row (one output channel) has a scale of its own, so that y = (x W') * scale + b: the matrix is only cast. Norms,
modulation, embeddings and the head stay as they are; they are a hundredth of the weights and carry the most.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kinora.models.layers import like, linear

Width = Literal["int8", "float8"]
LIMIT = {"int8": 127.0, "float8": 448.0}
STORED = {"int8": torch.int8, "float8": torch.float8_e4m3fn}


class NarrowLinear(nn.Module):
    """x W' + b with the matrix in 8 bits."""

    weight: Tensor
    scale: Tensor

    def __init__(self, wide: nn.Linear, width: Width) -> None:
        super().__init__()
        matrix = wide.weight.detach().float()
        scale = matrix.abs().amax(dim=1).clamp_min(1e-12) / LIMIT[width]
        stored = matrix / scale[:, None]
        self.register_buffer("weight", (stored.round() if width == "int8" else stored).to(STORED[width]))
        self.register_buffer("scale", scale)
        self.bias = wide.bias

    def forward(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        """Project the last axis, in the dtype of x."""
        y = linear(x, self.weight) * like(self.scale, x)
        return y if self.bias is None else y + like(self.bias, y)


def narrow(blocks: nn.Module, width: Width) -> None:
    """Replace every matrix of some blocks by one in 8 bits; what a matrix took is free before the next is made."""
    for name, module in list(blocks.named_modules()):
        if isinstance(module, nn.Linear):
            parent, _, leaf = name.rpartition(".")
            setattr(blocks.get_submodule(parent), leaf, NarrowLinear(module, width))
