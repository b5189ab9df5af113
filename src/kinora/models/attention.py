"""Attention of the transformer: full, block-causal or streaming over latent frames, and across to the text.

The mask is never materialised: a block-causal pass is a loop over blocks, each block's queries against the prefix of
keys, so that every call is a plain (fast) full attention.
"""

from typing import Any, Literal, NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn.attention import activate_flash_attention_impl

from kinora.errors import Unavailable
from kinora.models.cache import LayerCache
from kinora.models.layers import Linear, like
from kinora.models.rope import rotate

Backend = Literal["sdpa", "math"]
Flash = Literal["FA3", "FA4"]


class SelfAttention(nn.Module):
    """Self-attention over space-time tokens; queries and keys are RMS-normalised over the full width, then rotated."""

    def __init__(self, dim: int, heads: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (Linear(dim, dim) for _ in range(4))
        self.norm_q, self.norm_k = RMSNorm(dim, eps), RMSNorm(dim, eps)

    def forward(
        self,
        x: Float[Tensor, "b l d"],
        table: Float[Tensor, "all 1 half 2"],
        ends: tuple[int, ...],
        cache: LayerCache | None,
        backend: Backend,
    ) -> Float[Tensor, "b l d"]:
        """Mix tokens.

        `table` holds the rotations of the cached tokens followed by those of `x`. `ends` are the token counts at which
        causal blocks of `x` end; the last one is l. With a cache every block also sees all cached tokens.
        """
        q, k, v = (split_heads(y, self.heads) for y in (self.norm_q(self.q(x)), self.norm_k(self.k(x)), self.v(x)))
        cached = table.shape[0] - x.shape[1]
        q, roped = rotate(q, table[cached:]), rotate(k, table[cached:])
        if cache is not None:
            roped, v = cache.extend(k, roped, v, table[:cached])
        out = [
            attend(q[:, begin:end], roped[:, : cached + end], v[:, : cached + end], backend=backend)
            for begin, end in zip((0, *ends), ends, strict=False)
        ]
        return self.o((out[0] if len(out) == 1 else torch.cat(out, dim=1)).flatten(2))


class CrossKeys(NamedTuple):
    """What one layer's queries read across: text, and image tokens where the model has a branch for them."""

    keys: Float[Tensor, "b s h e"]
    values: Float[Tensor, "b s h e"]
    image_keys: Float[Tensor, "b i h e"] | None = None
    image_values: Float[Tensor, "b i h e"] | None = None


class CrossAttention(nn.Module):
    """Attention from space-time tokens to text states; no positions, so that keys and values serve every step."""

    def __init__(self, dim: int, heads: int, eps: float, *, image: bool = False) -> None:
        super().__init__()
        self.heads, self.image = heads, image
        self.q, self.k, self.v, self.o = (Linear(dim, dim) for _ in range(4))
        self.norm_q, self.norm_k = RMSNorm(dim, eps), RMSNorm(dim, eps)
        if image:
            self.k_img, self.v_img = Linear(dim, dim), Linear(dim, dim)
            self.norm_k_img = RMSNorm(dim, eps)

    def context(self, text: Float[Tensor, "b s d"], image: Float[Tensor, "b i d"] | None = None) -> CrossKeys:
        """Return the keys and values of embedded text, and of embedded image tokens."""
        keys, values = split_heads(self.norm_k(self.k(text)), self.heads), split_heads(self.v(text), self.heads)
        if image is None:
            return CrossKeys(keys, values)
        image_keys = split_heads(self.norm_k_img(self.k_img(image)), self.heads)
        return CrossKeys(keys, values, image_keys, split_heads(self.v_img(image), self.heads))

    def forward(
        self,
        x: Float[Tensor, "b l d"],
        context: CrossKeys,
        mask: Bool[Tensor, "b s"] | Float[Tensor, "b s"] | None,
        backend: Backend,
    ) -> Float[Tensor, "b l d"]:
        """Read the text; where `mask` is False a key takes no part, and None lets all take part. Then add the image.

        A mask of numbers is added to the scores.
        """
        q = split_heads(self.norm_q(self.q(x)), self.heads)
        out = attend(q, context.keys, context.values, mask=mask, backend=backend)
        if context.image_keys is not None and context.image_values is not None:
            out = out + attend(q, context.image_keys, context.image_values, backend=backend)
        return self.o(out.flatten(2))


def attend(
    q: Float[Tensor, "b l h e"],
    k: Float[Tensor, "b s h e"],
    v: Float[Tensor, "b s h e"],
    *,
    mask: Bool[Tensor, "b s"] | Float[Tensor, "b s"] | None = None,
    backend: Backend = "sdpa",
) -> Float[Tensor, "b l h e"]:
    """Softmax attention of each query over all keys that `mask` leaves (True takes part; numbers are added to scores).

    "math" spells the definition out with matmul and softmax. It is the tests' reference, not a faster choice: forward
    + backward in ms with 4 heads of 64 in float32 (idle 2-core Xeon, torch 2.13, 2026-11),

        batch x tokens      32x64   8x192   4x576
        1 thread   sdpa      10.6    13.8    57.1
                   math      10.3    15.1    59.6
        2 threads  sdpa       6.9     8.2    32.9
                   math       9.2     8.0    36.4
    """
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    bias = None if mask is None else mask[:, None, None, :]
    if backend == "sdpa":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if bias is not None:
        scores = scores.masked_fill(~bias, float("-inf")) if bias.dtype == torch.bool else scores + bias
    return (torch.softmax(scores, dim=-1) @ v).transpose(1, 2)


def flash_attention(version: Flash) -> None:
    """Have "sdpa" in this process use FlashAttention's own kernels on GPUs: 3 is Hopper's, 4 Blackwell's, torch has 2.

    Raises Unavailable where the package that holds them is not installed, or is another.
    """
    try:
        activate_flash_attention_impl(version)
    except (ImportError, RuntimeError) as error:
        rule = f"its package is not installed, or too old for torch ({error})"
        remedy = "build it as its authors say (Dao-AILab/flash-attention), or leave it out: torch has FlashAttention 2"
        raise Unavailable(f"FlashAttention {version[-1]}", rule=rule, remedy=remedy) from error


class RMSNorm(nn.RMSNorm):
    """x / rms(x) * weight over the last axis; torch's own except on a CPU in eager mode.

    There torch composes it from many passes over memory: forward + backward of 8x192x256 on one core takes 4.4 ms, this
    2.0 ms, and three of them a block are 7 % of a training step (measured 2026-11, torch 2.13).
    """

    def forward(self, x: Float[Tensor, "... d"]) -> Float[Tensor, "... d"]:
        """Normalise; what is narrower than float32 is widened on the way."""
        if x.device.type != "cpu" or torch.compiler.is_compiling():
            return F.rms_norm(x, self.normalized_shape, like(self.weight, x), self.eps)
        wide = x if x.dtype == torch.float64 else x.float()
        return like(cast(Tensor, FewPassRMSNorm.apply(wide, like(self.weight, wide), self.eps)), x)  # type: ignore[no-untyped-call]


class FewPassRMSNorm(torch.autograd.Function):
    """RMS normalisation with a backward pass written out to touch memory as little as eager operators can."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        """Return x * r * weight, where r = 1 / sqrt(mean(x^2) + eps) of each row."""
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        r = norm.square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, r)
        return (x * r).mul_(weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return dx = r (g w - x r^2 mean(g w x)) and dw = sum over rows of r g x, where g is `grad`."""
        x, weight, r = ctx.saved_tensors
        gx = grad * x
        grad_weight = r.view(1, -1) @ gx.flatten(0, -2)
        mean = (gx @ weight).unsqueeze(-1).div_(-x.shape[-1])
        return (grad * weight).addcmul_(x, mean.mul_(r).mul_(r)).mul_(r), grad_weight[0], None


def split_heads(x: Float[Tensor, "b l d"], heads: int) -> Float[Tensor, "b l h e"]:
    """View the channels as `heads` groups."""
    return x.view(*x.shape[:-1], heads, -1)
