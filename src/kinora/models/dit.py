"""The diffusion transformer: Wan's architecture and parameter names, for every size from kinora-small to Wan 14B.

One forward serves text-to-video (one sigma per sample), image-to-video and extension (a sigma per latent frame or per
token: held ones are 0), block-causal training (`blocks`) and streaming (`cache`).
Architecture: Wan 2.1 and 2.2 (Wan-Video/Wan2.1 `wan/modules/model.py`, Apache-2.0).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, cast

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from kinora.models.attention import Backend, CrossAttention, CrossKeys, SelfAttention
from kinora.models.cache import KVCache, LayerCache
from kinora.models.config import restored
from kinora.models.layers import LayerNorm, Linear, like, linear
from kinora.models.rope import rotary_table


@dataclass(frozen=True, kw_only=True)
class DiTConfig:
    """Shape of a transformer. The defaults fit kinora-small; Wan's sizes stand in its table (1.3B: dim 1536, ...)."""

    dim: int = 256
    heads: int = 4
    layers: int = 10
    ffn_dim: int = 1024
    in_channels: int = 48
    out_channels: int = 48
    patch: tuple[int, int, int] = (1, 1, 1)  # latent frames, rows, columns per token
    text_dim: int = 384
    freq_dim: int = 256
    eps: float = 1e-6
    cross_attn_norm: bool = True
    image_dim: int | None = None  # width of CLIP image tokens; Wan 2.1 image-to-video reads them, others have no branch
    image_positions: int | None = None  # learned positions of image tokens: Wan 2.1's first-and-last-frame model

    def __post_init__(self) -> None:
        if self.image_positions is not None and self.image_dim is None:
            raise ValueError(f"{self.image_positions=} without image_dim: there are no image tokens to place")
        if self.dim % (2 * self.heads):
            raise ValueError(f"{self.dim=} must be a multiple of 2 * {self.heads=}: rotations turn pairs of channels")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "DiTConfig":
        """Read a configuration back from JSON. Raises TypeError for a field that there isn't."""
        return cls(**restored(values))


@dataclass(frozen=True)
class TextContext:
    """Cross-attention keys and values of a batch of prompts, one pair per layer; good for every solver step."""

    layers: tuple[CrossKeys, ...]
    mask: Tensor | None  # [b, l], True = takes part; or what is added to the scores


class DiT(nn.Module):
    """Predict the velocity (noise - clean) of noisy latents, given their sigma and text states."""

    def __init__(self, config: DiTConfig, backend: Backend = "sdpa") -> None:
        super().__init__()
        self.config, self.backend = config, backend
        c = config
        self.patch_embedding = nn.Conv3d(c.in_channels, c.dim, kernel_size=c.patch, stride=c.patch)
        self.text_embedding = nn.Sequential(
            Linear(c.text_dim, c.dim), nn.GELU(approximate="tanh"), Linear(c.dim, c.dim)
        )
        self.time_embedding = nn.Sequential(Linear(c.freq_dim, c.dim), nn.SiLU(), Linear(c.dim, c.dim))
        self.time_projection = nn.Sequential(nn.SiLU(), Linear(c.dim, 6 * c.dim))
        if c.image_dim is not None:
            self.img_emb = ImageEmbedding(c.image_dim, c.dim, c.image_positions)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.head = Head(c)
        self.initialise()

    def forward(
        self,
        latent: Float[Tensor, "b c t h w"],
        sigma: Float[Tensor, " b"] | Float[Tensor, "b f"] | Float[Tensor, "b f y x"],
        text: Float[Tensor, "b l d"] | TextContext,
        *,
        text_mask: Bool[Tensor, "b l"] | None = None,
        blocks: tuple[int, ...] | None = None,
        cache: KVCache | None = None,
        start: int | tuple[int, ...] = 0,
    ) -> Float[Tensor, "b o t h w"]:
        """Return the velocity at `latent`, computed in the dtype of `latent` (see models.layers), which text shares.

        What leaves is float32 at least, as in Wan: guidance multiplies what is rounded away of it.

        sigma: 1 = noise, 0 = clean; per sample, per latent frame, or per token of the grid after patching.
        text: states of the text encoder, or `text_context` of them (which then carries the mask).
        text_mask: False where a text position takes no part; None = all take part (Wan pads with zeros, unmasked).
        blocks: sizes in latent frames of causal blocks, each seeing itself and what came before; None = all see all.
        cache: latent frames already generated, seen by every block; this pass can be remembered by `cache.append()`.
        start: temporal index of the first latent frame, or of each; with a cache it follows from what that holds.
        """
        patch = self.config.patch
        grid = token_grid(latent, patch)
        ends = block_ends(blocks, grid)
        time, modulation = self.embed_time(sigma, grid, latent.dtype)
        if not isinstance(text, TextContext):
            text = self.text_context(text, text_mask)
        elif text_mask is not None:
            raise ValueError("text_mask beside a TextContext: give it to text_context, which keeps it")
        layer_caches: list[LayerCache] | list[None] = [None] * len(self.blocks)
        cached = 0
        if cache is not None:
            if start:
                raise ValueError(f"{start=} with a cache: the position follows from the frames it holds")
            layer_caches = cache.begin(grid[0])
            cached = cache.frames
        head_dim = self.config.dim // self.config.heads
        table = rotary_table(head_dim, (cached + grid[0], *grid[1:]), start, latent.device, latent.dtype)

        x = rearrange(latent, "b c (t p) (h q) (w r) -> b (t h w) (c p q r)", p=patch[0], q=patch[1], r=patch[2])
        x = linear(x, self.patch_embedding.weight.flatten(1), self.patch_embedding.bias)
        x = x.view(x.shape[0], time.shape[1], -1, x.shape[2])  # [b, groups of equal sigma, tokens of a group, dim]
        for block, keys, layer_cache in zip(self.blocks, text.layers, layer_caches, strict=True):
            x = block(x, modulation, keys, text.mask, table, ends, layer_cache, self.backend)
        x = self.head(x, time).flatten(1, 2)
        return rearrange(
            x,
            "b (t h w) (p q r c) -> b c (t p) (h q) (w r)",
            t=grid[0], h=grid[1], w=grid[2], p=patch[0], q=patch[1], r=patch[2],
        )  # fmt: skip

    def text_context(
        self,
        text: Float[Tensor, "b l d"],
        text_mask: Bool[Tensor, "b l"] | None = None,
        image: Float[Tensor, "b i e"] | None = None,
    ) -> TextContext:
        """Embed text states once, for reuse as `text` by all solver steps of a request.

        image: CLIP tokens of the given frames, for a model with `image_dim`; such a model also runs on text alone.
        On a CPU unmasked zeros at the end (Wan's padding: 512 states, of which a prompt fills some 50) become one
        state that counts as often: the same sum, less to keep and to multiply. Elsewhere a bias would cost more.
        """
        if image is not None and self.config.image_dim is None:
            raise ValueError("image tokens for a model without image_dim: it has no branch to read them")
        weights: Tensor | None = text_mask
        if text_mask is None and text.device.type == "cpu" and not torch.is_grad_enabled():
            text, weights = fold_padding(text)
        embedded = self.text_embedding(text)
        image = None if image is None else self.img_emb(image)
        return TextContext(tuple(cast(Block, block).context(embedded, image) for block in self.blocks), weights)

    def cache(self, *, window: int, sink: int = 0) -> KVCache:
        """Return an empty cache for streaming over at most `window` latent frames at a time."""
        return KVCache(self.config.layers, window=window, sink=sink)

    def embed_time(
        self, sigma: Float[Tensor, " b *grid"], grid: tuple[int, int, int], dtype: torch.dtype
    ) -> tuple[Float[Tensor, "b g 1 d"], Float[Tensor, "b g 1 6 d"]]:
        """Return the time embedding and its projection for each of the g groups of tokens that share a sigma.

        In float32 at least, as in Wan: they shift, scale and gate the residual stream, which therefore is float32 too.
        """
        if tuple(sigma.shape[1:]) not in ((), grid[:1], grid):
            raise ValueError(f"sigma of shape {tuple(sigma.shape)}: must be [b], [b, t] or [b, t, h, w] of {grid=}")
        thousandths = 1000 * sigma.double().reshape(sigma.shape[0], -1)
        wide = torch.promote_types(dtype, torch.float32)
        time = self.time_embedding(sinusoid(thousandths, self.config.freq_dim).to(wide))
        return time.unsqueeze(2), self.time_projection(time).unflatten(-1, (6, -1)).unsqueeze(2)

    def initialise(self) -> None:
        """Draw the weights as Wan does; the head starts at zero, so an untrained model predicts zero velocity."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv3d):
                nn.init.xavier_uniform_(module.weight.flatten(1))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for embedding in (self.text_embedding, self.time_embedding):
            for module in embedding:
                if isinstance(module, nn.Linear):
                    nn.init.normal_(module.weight, std=0.02)
        nn.init.zeros_(self.head.head.weight)


class Block(nn.Module):
    """Self-attention, text cross-attention, MLP; the first and last are shifted, scaled and gated by sigma."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        dim, self.eps = config.dim, config.eps
        self.self_attn = SelfAttention(dim, config.heads, config.eps)
        self.norm3 = LayerNorm(dim, config.eps) if config.cross_attn_norm else nn.Identity()
        self.cross_attn = CrossAttention(dim, config.heads, config.eps, image=config.image_dim is not None)
        self.ffn = nn.Sequential(Linear(dim, config.ffn_dim), nn.GELU(approximate="tanh"), Linear(config.ffn_dim, dim))
        self.modulation = nn.Parameter(torch.randn(1, 6, dim) / math.sqrt(dim))

    def context(self, text: Float[Tensor, "b l d"], image: Float[Tensor, "b i d"] | None) -> CrossKeys:
        """Return this block's cross-attention keys and values of embedded text and image tokens."""
        return self.cross_attn.context(text, image)

    def forward(
        self,
        x: Float[Tensor, "b g n d"],
        modulation: Float[Tensor, "b g 1 6 d"],
        keys: CrossKeys,
        text_mask: Bool[Tensor, "b l"] | Float[Tensor, "b l"] | None,
        table: Tensor,
        ends: tuple[int, ...],
        cache: LayerCache | None,
        backend: Backend,
    ) -> Float[Tensor, "b g n d"]:
        """Update tokens; `modulation` is shared by the n tokens of a group and never materialised per token.

        The residual stream has the modulation's dtype; attention and MLP compute in that of the text's keys.
        """
        shape, dtype = x.shape, keys.keys.dtype
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.modulation).unbind(-2)
        x = like(x, modulation)
        y = torch.addcmul(shift1, F.layer_norm(x, shape[-1:], eps=self.eps), 1 + scale1).flatten(1, 2).to(dtype)
        x = torch.addcmul(x, self.self_attn(y, table, ends, cache, backend).view(shape), gate1)
        y = self.norm3(x).flatten(1, 2).to(dtype)
        x = x + self.cross_attn(y, keys, text_mask, backend).view(shape)
        y = torch.addcmul(shift2, F.layer_norm(x, shape[-1:], eps=self.eps), 1 + scale2).to(dtype)
        return torch.addcmul(x, self.ffn(y), gate2)


class Head(nn.Module):
    """Modulated projection of tokens to the values of their patch."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.eps = config.eps
        self.head = Linear(config.dim, math.prod(config.patch) * config.out_channels)
        self.modulation = nn.Parameter(torch.randn(1, 2, config.dim) / math.sqrt(config.dim))

    def forward(self, x: Float[Tensor, "b g n d"], time: Float[Tensor, "b g 1 d"]) -> Float[Tensor, "b g n o"]:
        """Project tokens, in the dtype of `time`, which is the embedding before the blocks' projection."""
        shift, scale = (time.unsqueeze(-2) + self.modulation).unbind(-2)
        return self.head(torch.addcmul(shift, F.layer_norm(x, x.shape[-1:], eps=self.eps), 1 + scale))


class ImageEmbedding(nn.Module):
    """Bring CLIP image tokens to the transformer's width."""

    def __init__(self, image_dim: int, dim: int, positions: int | None = None) -> None:
        super().__init__()
        self.emb_pos = None if positions is None else nn.Parameter(torch.zeros(1, positions, image_dim))
        self.proj = nn.Sequential(
            LayerNorm(image_dim), Linear(image_dim, image_dim), nn.GELU(), Linear(image_dim, dim), LayerNorm(dim)
        )

    def forward(self, image: Float[Tensor, "b i e"]) -> Float[Tensor, "b i d"]:
        """Embed; a model with positions takes exactly as many tokens, the first frame's before the last one's."""
        if self.emb_pos is not None:
            if image.shape[1] != self.emb_pos.shape[1]:
                raise ValueError(f"{image.shape[1]} image tokens: this model reads {self.emb_pos.shape[1]}")
            image = image + like(self.emb_pos, image)
        return self.proj(image)


def sinusoid(time: Float[Tensor, "*n"], dim: int) -> Float[Tensor, "*n dim"]:
    """Return [cos | sin] of `time` (0 to 1000) at dim / 2 frequencies from 1 down to 1 / 10000, in float64."""
    half = dim // 2
    frequencies = 10000.0 ** -(torch.arange(half, dtype=torch.float64, device=time.device) / half)
    angles = time.double().unsqueeze(-1) * frequencies
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


def fold_padding(text: Float[Tensor, "b l d"]) -> tuple[Float[Tensor, "b s d"], Float[Tensor, "b s"] | None]:
    """Keep one of the n zero states at the end of all prompts, and what to add to the scores: log n for that one.

    exp(score + log n) = n exp(score), so that attention sums to the same. Without such states nothing changes.
    """
    said = text.any(dim=-1).any(dim=0).nonzero()
    kept = int(said[-1]) + 2 if len(said) else 1
    if kept >= text.shape[1]:
        return text, None
    bias = text.new_zeros(text.shape[0], kept)
    bias[:, -1] = math.log(text.shape[1] - kept + 1)
    return text[:, :kept], bias


def token_grid(latent: Float[Tensor, "b c t h w"], patch: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return how many tokens a latent gives along time, height and width."""
    if any(size % step for size, step in zip(latent.shape[2:], patch, strict=True)):
        raise ValueError(f"latents of {tuple(latent.shape[2:])}: must be multiples of {patch=}")
    return latent.shape[2] // patch[0], latent.shape[3] // patch[1], latent.shape[4] // patch[2]


def block_ends(blocks: tuple[int, ...] | None, grid: tuple[int, int, int]) -> tuple[int, ...]:
    """Return the token counts at which causal blocks end; without blocks the whole clip is one."""
    if blocks is None:
        blocks = grid[:1]
    if sum(blocks) != grid[0] or any(size < 1 for size in blocks):
        raise ValueError(f"{blocks=} latent frames: must be positive and add up to the clip's {grid[0]}")
    return tuple(accumulate(size * grid[1] * grid[2] for size in blocks))
