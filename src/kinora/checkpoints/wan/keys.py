"""Names of a Wan transformer's parameters: ours are the originals', diffusers has others.

    to_diffusers("blocks.3.self_attn.q.weight")     # "blocks.3.attn1.to_q.weight"

One direction is enough: the other is the inverse of a dictionary over the model's own names (`from_diffusers`), which
also shows that no two names meet. Names of modules and of adapters below them go the same way: only whole words match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_RENAMES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"^head\.modulation$", "scale_shift_table"),
        (r"^head\.head\b", "proj_out"),
        (r"^(text|time)_embedding\.0\b", r"condition_embedder.\1_embedder.linear_1"),
        (r"^(text|time)_embedding\.2\b", r"condition_embedder.\1_embedder.linear_2"),
        (r"^time_projection\.1\b", "condition_embedder.time_proj"),
        (r"^img_emb\.proj\.0\b", "condition_embedder.image_embedder.norm1"),
        (r"^img_emb\.proj\.1\b", "condition_embedder.image_embedder.ff.net.0.proj"),
        (r"^img_emb\.proj\.3\b", "condition_embedder.image_embedder.ff.net.2"),
        (r"^img_emb\.proj\.4\b", "condition_embedder.image_embedder.norm2"),
        (r"^img_emb\.emb_pos\b", "condition_embedder.image_embedder.pos_embed"),
        (r"_attn\.([qkv])\b", r"_attn.to_\1"),
        (r"_attn\.o\b", "_attn.to_out.0"),
        (r"_attn\.([kv])_img\b", r"_attn.add_\1_proj"),
        (r"_attn\.norm_k_img\b", "_attn.norm_added_k"),
        (r"\.self_attn\b", ".attn1"),
        (r"\.cross_attn\b", ".attn2"),
        (r"^(blocks\.\d+)\.norm3\b", r"\1.norm2"),  # the norm before cross-attention: the only one with parameters
        (r"\.ffn\.0\b", ".ffn.net.0.proj"),
        (r"\.ffn\.2\b", ".ffn.net.2"),
        (r"\.modulation$", ".scale_shift_table"),
    )
)


def to_diffusers(name: str) -> str:
    """Return what diffusers' WanTransformer3DModel calls a parameter or module of ours."""
    for pattern, replacement in _RENAMES:
        name = pattern.sub(replacement, name)
    return name


def from_diffusers(names: Iterable[str]) -> dict[str, str]:
    """Return diffusers' names of `names` (all parameters or modules of a model of ours), each with ours."""
    ours = list(names)
    renamed = {to_diffusers(name): name for name in ours}
    assert len(renamed) == len(ours), "two names of ours became one of diffusers'"
    return renamed
