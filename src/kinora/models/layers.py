"""Layers that compute in the dtype of what they are given, however narrowly their weights are stored.

A model of bfloat16 (or float8) weights given float32 activations computes in float32, widening one matrix at a time:
that is the faster way on CPUs without matrix instructions for bfloat16, and the one nearest to the weights' meaning.
Given bfloat16 activations it computes in bfloat16. Where the dtypes agree these are torch's own layers.
"""

import threading

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

WIDENED = 4 << 20
"""Elements widened at once: 16 MB of float32, which stay (each thread's own). Mapped afresh for a whole matrix they
took 7 times as long (0.54 ms for 2.4 million, 22.7 ms for 13.8 million; measured 2026-11), and they left holes between
what is kept of a prompt: 7 MB a layer."""

_rooms = threading.local()


class Linear(nn.Linear):
    """x W' + b."""

    def forward(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        """Project the last axis."""
        return linear(x, self.weight, self.bias)


class LayerNorm(nn.LayerNorm):
    """Layer normalisation over the last axis."""

    def forward(self, x: Float[Tensor, "... d"]) -> Float[Tensor, "... d"]:
        """Normalise."""
        return F.layer_norm(x, self.normalized_shape, like(self.weight, x), like(self.bias, x), self.eps)


def linear(x: Float[Tensor, "... i"], weight: Tensor, bias: Tensor | None = None) -> Float[Tensor, "... o"]:
    """Return x W' + b in the dtype of x; under autocast in the dtype that asks for."""
    if weight.dtype == x.dtype or torch.is_autocast_enabled(x.device.type):
        return F.linear(x, weight, bias)
    bias = None if bias is None else like(bias, x)
    if x.device.type != "cpu" or torch.is_grad_enabled() or torch.compiler.is_compiling():
        return F.linear(x, like(weight, x), bias)
    flat = x.reshape(-1, x.shape[-1])
    out = x.new_empty(flat.shape[0], weight.shape[0])
    rows = max(1, WIDENED // weight.shape[1])
    for part, some in zip(torch.split(weight, rows), torch.split(out, rows, dim=1), strict=True):
        torch.mm(flat, _widened(part, x).t(), out=some)
    return (out if bias is None else out.add_(bias)).view(*x.shape[:-1], -1)


def _widened(matrix: Tensor, x: Tensor) -> Tensor:
    """The matrix in the dtype of x, until this is called again."""
    room: Tensor | None = getattr(_rooms, "room", None)
    if room is None or room.dtype != x.dtype or room.numel() < matrix.numel():
        with torch.inference_mode(False):  # or else it could not be written outside of one
            room = _rooms.room = torch.empty(max(WIDENED, matrix.numel()), dtype=x.dtype)
    return room[: matrix.numel()].view(matrix.shape).copy_(matrix)


def like(tensor: Tensor, x: Tensor) -> Tensor:
    """Return `tensor` in the dtype of `x`, itself where it has that already."""
    return tensor if tensor.dtype == x.dtype else tensor.to(x.dtype)
