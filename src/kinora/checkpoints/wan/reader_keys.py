"""Names of the parameters of what reads prompts and pictures: Wan's own files to transformers' classes.

Wan keeps queries, keys and values of CLIP in one matrix; transformers in three. `split` says which part of a tensor a
name of transformers' is: None for all of it, 0 to 2 for a third of its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Source(NamedTuple):
    """Where a parameter comes from: a name in a file, and which third of its rows (None: all)."""

    name: str
    split: int | None = None


_UMT5 = (
    (r"^encoder\.block\.(\d+)\.layer\.0\.layer_norm\.", r"blocks.\1.norm1."),
    (
        r"^encoder\.block\.(\d+)\.layer\.0\.SelfAttention\.relative_attention_bias\.",
        r"blocks.\1.pos_embedding.embedding.",
    ),
    (r"^encoder\.block\.(\d+)\.layer\.0\.SelfAttention\.", r"blocks.\1.attn."),
    (r"^encoder\.block\.(\d+)\.layer\.1\.layer_norm\.", r"blocks.\1.norm2."),
    (r"^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wi_0\.", r"blocks.\1.ffn.gate.0."),
    (r"^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wi_1\.", r"blocks.\1.ffn.fc1."),
    (r"^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wo\.", r"blocks.\1.ffn.fc2."),
    (r"^encoder\.final_layer_norm\.", "norm."),
    (r"^(shared|encoder\.embed_tokens)\.", "token_embedding."),
)
_CLIP = (
    (r"^embeddings\.class_embedding$", "cls_embedding"),
    (r"^embeddings\.position_embedding\.weight$", "pos_embedding"),
    (r"^embeddings\.patch_embedding\.", "patch_embedding."),
    (r"^pre_layrnorm\.", "pre_norm."),
    (r"^encoder\.layers\.(\d+)\.layer_norm([12])\.", r"transformer.\1.norm\2."),
    (r"^encoder\.layers\.(\d+)\.self_attn\.[qkv]_proj\.", r"transformer.\1.attn.to_qkv."),
    (r"^encoder\.layers\.(\d+)\.self_attn\.out_proj\.", r"transformer.\1.attn.proj."),
    (r"^encoder\.layers\.(\d+)\.mlp\.fc1\.", r"transformer.\1.mlp.0."),
    (r"^encoder\.layers\.(\d+)\.mlp\.fc2\.", r"transformer.\1.mlp.2."),
)
_THIRD = re.compile(r"\.self_attn\.([qkv])_proj\.")
WRAPPER = "vision_model."
UMT5_UNREAD = re.compile(r"^(encoder\.embed_tokens\.weight|spiece_model)$")
"""The embedding under its second name, and the tokenizer that ComfyUI's repacks carry as a tensor."""


def umt5_original(names: Iterable[str]) -> dict[str, Source]:
    """Return where each parameter of transformers' encoder comes from in `models_t5_umt5-xxl-enc-bf16.pth`."""
    return {name: Source(_renamed(name, _UMT5)) for name in names}


def umt5_transformers(names: Iterable[str]) -> dict[str, Source]:
    """Return the same for transformers' own files, which hold the embedding (used under two names) once."""
    return {name: Source("shared.weight" if name == "encoder.embed_tokens.weight" else name) for name in names}


def clip_original(names: Iterable[str]) -> dict[str, Source]:
    """Return where each parameter of transformers' tower comes from in Wan's open-clip file."""
    sources = {}
    for name in names:
        third = _THIRD.search(name)
        original = "visual." + _renamed(name.removeprefix(WRAPPER), _CLIP)
        sources[name] = Source(original, "qkv".index(third[1]) if third else None)
    return sources


def clip_transformers(names: Iterable[str]) -> dict[str, Source]:
    """Return the same for transformers' own files."""
    return {name: Source(WRAPPER + name.removeprefix(WRAPPER)) for name in names}


def clip_unread(layers: int) -> re.Pattern[str]:
    """Match what a file of CLIP holds and Wan does not read: the text tower, the last block and what follows it."""
    last = layers - 1
    return re.compile(
        rf"^(textual\.|log_scale$|visual\.(transformer\.{last}\.|post_norm\.|head)"
        rf"|vision_model\.(encoder\.layers\.{last}\.|post_layernorm\.|embeddings\.position_ids)|visual_projection\.)"
    )


def _renamed(name: str, table: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in table:
        name, count = re.subn(pattern, replacement, name)
        if count:
            return name
    raise KeyError(f"a parameter of transformers' that no published file has: {name}")
