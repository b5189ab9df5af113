"""Which configuration a file of weights is, read off the shapes of its tensors.

What shapes do not tell (heads, the latents' means) comes from the configuration beside the file where there is one,
and otherwise from what all published models have in common.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kinora.checkpoints.wan.architectures import ARCHITECTURES, Architecture
from kinora.checkpoints.wan.keys import to_diffusers
from kinora.checkpoints.wan.shards import REMEDY, Shards
from kinora.errors import CorruptWeights
from kinora.models.dit import DiTConfig
from kinora.models.wan_vae import WanVaeConfig

if TYPE_CHECKING:
    from kinora.models.clip import ClipConfig
    from kinora.models.umt5 import Umt5Config

HEAD = 128
"""Width of a head in every published transformer."""

CLIP_HEAD = 80
NESTED = re.compile(r"encoder\.(downsamples\.\d+\.downsamples|down_blocks\.\d+\.resnets)\.")
"""Names that only Wan 2.2's autoencoder has."""


def dit_config(shards: Shards, beside: Mapping[str, Any]) -> DiTConfig:
    """Return a transformer's configuration; `beside` is the config.json of either layout."""
    sizes = _Sizes(shards, rename=to_diffusers)
    dim, in_channels, *patch = sizes["patch_embedding.weight"]
    cells = patch[0] * patch[1] * patch[2]
    image = sizes.get("img_emb.proj.1.weight")
    positions = sizes.get("img_emb.emb_pos")
    return DiTConfig(
        dim=dim,
        heads=int(beside.get("num_heads") or beside.get("num_attention_heads") or dim // HEAD),
        layers=_count(shards, r"^blocks\.(\d+)\."),
        ffn_dim=sizes["blocks.0.ffn.0.weight"][0],
        in_channels=in_channels,
        out_channels=sizes["head.head.weight"][0] // cells,
        patch=(patch[0], patch[1], patch[2]),
        text_dim=sizes["text_embedding.0.weight"][1],
        freq_dim=sizes["time_embedding.0.weight"][1],
        eps=float(beside.get("eps", 1e-6)),
        cross_attn_norm="blocks.0.norm3.weight" in sizes,
        image_dim=None if image is None else image[1],
        image_positions=None if positions is None else positions[1],
    )


def check_fits(config: DiTConfig, expected: Architecture, files: str) -> None:
    """Raise CorruptWeights for a transformer that is not made for what a model of `expected` shows it.

    Of width and depth it may be whatever nobody published: a trainer's, or a test's.
    """
    wanted = DiTConfig.from_dict(expected.dit)
    published = {(one.dit["dim"], one.dit["layers"]) for one in ARCHITECTURES.values()}
    sizes = (config.dim, config.layers), (wanted.dim, wanted.layers)
    told = (
        ("input channels", config.in_channels, wanted.in_channels),
        ("output channels", config.out_channels, wanted.out_channels),
        ("image branches", int(config.image_dim is not None), int(wanted.image_dim is not None)),
        ("places for image tokens", config.image_positions or 0, wanted.image_positions or 0),
        *zip(("wide", "layers"), *sizes if sizes[0] in published else ((), ()), strict=False),
    )
    wrong = [f"{found} {what} instead of {right}" for what, found, right in told if found != right]
    if wrong:
        rule = f"is no transformer of {expected.name}: {', '.join(wrong)}"
        raise CorruptWeights(files, rule=rule, remedy="use its weights, or the name of the model that these are of")


def vae_config(shards: Shards, beside: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> WanVaeConfig:
    """Return an autoencoder's configuration; means and deviations come from `beside` (diffusers') or from `known`."""
    shapes = shards.shapes
    first = "encoder.conv_in.weight" if "encoder.conv_in.weight" in shapes else "encoder.conv1.weight"
    last = "decoder.conv_out.weight" if "decoder.conv_out.weight" in shapes else "decoder.head.2.weight"
    code = "post_quant_conv.weight" if "post_quant_conv.weight" in shapes else "conv2.weight"
    for name in (first, last, code):
        if name not in shapes:
            raise CorruptWeights(shards.name, rule=f"no autoencoder of Wan's: it has no {name}", remedy=REMEDY)
    channels, pixels = shapes[code][0], shapes[first][1]
    nested = any(NESTED.match(name) for name in shapes)
    fixed = next((one for one in known.values() if one["channels"] == channels), {})
    return WanVaeConfig(
        channels=channels,
        encoder_width=shapes[first][0],
        decoder_width=shapes[last][1],
        patch=round((pixels / 3) ** 0.5),
        shortcuts=nested,
        mean=tuple(beside.get("latents_mean") or fixed.get("mean", ())),
        std=tuple(beside.get("latents_std") or fixed.get("std", ())),
    )


def umt5_config(shards: Shards, beside: Mapping[str, Any]) -> Umt5Config:
    """Return a text encoder's configuration."""
    from kinora.models.umt5 import Umt5Config

    original = "token_embedding.weight" in shards.shapes
    sizes = _Sizes(shards)
    block = "blocks.0." if original else "encoder.block.0.layer."
    vocabulary, dim = sizes["token_embedding.weight" if original else "shared.weight"]
    queries = sizes[block + ("attn.q.weight" if original else "0.SelfAttention.q.weight")][0]
    bias = block + ("pos_embedding.embedding.weight" if original else "0.SelfAttention.relative_attention_bias.weight")
    heads = sizes[bias][1]
    return Umt5Config(
        vocabulary=vocabulary,
        dim=dim,
        heads=heads,
        head_dim=int(beside.get("d_kv", queries // heads)),
        ffn_dim=sizes[block + ("ffn.fc1.weight" if original else "1.DenseReluDense.wi_1.weight")][0],
        layers=_count(shards, r"^(?:blocks|encoder\.block)\.(\d+)\."),
    )


def clip_config(shards: Shards, beside: Mapping[str, Any]) -> ClipConfig:
    """Return a vision tower's configuration."""
    from kinora.models.clip import ClipConfig

    sizes = _Sizes(shards)
    if "visual.cls_embedding" in sizes:
        entry, places, wide = "patch_embedding.weight", "pos_embedding", "transformer.0.mlp.0.weight"
        shapes = [sizes[f"visual.{name}"] for name in (entry, places, wide)]
    else:
        entry, places = "embeddings.patch_embedding.weight", "embeddings.position_embedding.weight"
        shapes = [sizes[f"vision_model.{name}"] for name in (entry, places, "encoder.layers.0.mlp.fc1.weight")]
    dim, _, patch, _ = shapes[0]
    return ClipConfig(
        dim=dim,
        ffn_dim=shapes[2][0],
        heads=int(beside.get("num_attention_heads", max(1, dim // CLIP_HEAD))),
        layers=_count(shards, r"^(?:visual\.transformer|vision_model\.encoder\.layers)\.(\d+)\."),
        side=patch * round((shapes[1][-2] - 1) ** 0.5),
        patch=patch,
    )


class _Sizes:
    """Shapes by our names, whichever layout they are in; a missing one is the file's fault."""

    def __init__(self, shards: Shards, rename: Any = None) -> None:
        self._shards, self._rename = shards, rename

    def get(self, name: str) -> tuple[int, ...] | None:
        shapes = self._shards.shapes
        return shapes.get(name) or (shapes.get(self._rename(name)) if self._rename else None)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __getitem__(self, name: str) -> tuple[int, ...]:
        found = self.get(name)
        if found is None:
            raise CorruptWeights(self._shards.name, rule=f"not this network: it has no {name}", remedy=REMEDY)
        return found


def _count(shards: Shards, pattern: str) -> int:
    found = [int(match[1]) for name in shards.shapes if (match := re.match(pattern, name))]
    return max(found, default=-1) + 1
