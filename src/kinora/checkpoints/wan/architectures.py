"""The shape of every Wan model Kinora runs, as data: no torch here.

    DiTConfig.from_dict(ARCHITECTURES["wan2.2-ti2v-5b"].dit)
    WanVaeConfig.from_dict(VAES[ARCHITECTURES["wan2.2-ti2v-5b"].vae])

Sources: the config.json files of Wan-AI's repositories and `wan/configs` of Wan-Video/Wan2.1 (9737cba) and Wan2.2
(42bf4cf), all Apache-2.0; the latents' means and deviations from `wan/modules/vae.py` and `vae2_2.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEXT_LENGTH = 512
"""Text states a Wan transformer reads: real ones, then zeros that take part in attention like any other."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One published model. `dit` are the fields of DiTConfig, `vae` names an entry of VAES.

    experts: folders of its transformers in the original layout, the one for high noise first; "" is the root.
    image_states: CLIP tokens it reads beside the text (257 for each given frame), 0 for none.
    mask_channels: of the transformer's input channels, those that say which frames are given; they precede the given
        frames' latents.
    token_sigma: whether it was trained with a sigma per token, so that given frames are held clean at sigma 0.
    parameters, tensors: of one transformer.
    """

    name: str
    dit: Mapping[str, Any]
    vae: str
    experts: tuple[str, ...] = ("",)
    image_states: int = 0
    mask_channels: int = 0
    token_sigma: bool = False
    parameters: int
    tensors: int


_COMMON: dict[str, Any] = {
    "in_channels": 16,
    "out_channels": 16,
    "patch": (1, 2, 2),
    "text_dim": 4096,
    "freq_dim": 256,
    "eps": 1e-6,
    "cross_attn_norm": True,
}
_1B = {**_COMMON, "dim": 1536, "heads": 12, "layers": 30, "ffn_dim": 8960}
_5B = {**_COMMON, "dim": 3072, "heads": 24, "layers": 30, "ffn_dim": 14336, "in_channels": 48, "out_channels": 48}
_14B = {**_COMMON, "dim": 5120, "heads": 40, "layers": 40, "ffn_dim": 13824}
_14B_MASKED = {**_14B, "in_channels": 36}

ARCHITECTURES: Mapping[str, Architecture] = {
    one.name: one
    for one in (
        Architecture(name="wan2.1-t2v-1.3b", dit=_1B, vae="wan2.1", parameters=1_418_996_800, tensors=825),
        Architecture(name="wan2.1-t2v-14b", dit=_14B, vae="wan2.1", parameters=14_288_491_584, tensors=1095),
        Architecture(
            name="wan2.1-i2v-14b",
            dit={**_14B_MASKED, "image_dim": 1280},
            vae="wan2.1",
            image_states=257,
            mask_channels=4,
            parameters=16_394_878_784,
            tensors=1303,
        ),
        Architecture(
            name="wan2.1-flf2v-14b",
            dit={**_14B_MASKED, "image_dim": 1280, "image_positions": 514},
            vae="wan2.1",
            image_states=514,
            mask_channels=4,
            parameters=16_395_536_704,
            tensors=1304,
        ),
        Architecture(
            name="wan2.2-t2v-a14b",
            dit=_14B,
            vae="wan2.1",
            experts=("high_noise_model", "low_noise_model"),
            parameters=14_288_491_584,
            tensors=1095,
        ),
        Architecture(
            name="wan2.2-i2v-a14b",
            dit=_14B_MASKED,
            vae="wan2.1",
            experts=("high_noise_model", "low_noise_model"),
            mask_channels=4,
            parameters=14_288_901_184,
            tensors=1095,
        ),
        Architecture(
            name="wan2.2-ti2v-5b",
            dit=_5B,
            vae="wan2.2",
            token_sigma=True,
            parameters=4_999_787_712,
            tensors=825,
        ),
    )
}

VAES: Mapping[str, Mapping[str, Any]] = {
    "wan2.1": {
        "channels": 16,
        "encoder_width": 96,
        "decoder_width": 96,
        "mean": (
            -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508,
            0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921,
        ),
        "std": (
            2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
            3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160,
        ),
    },
    "wan2.2": {
        "channels": 48,
        "encoder_width": 160,
        "decoder_width": 256,
        "patch": 2,
        "shortcuts": True,
        "mean": (
            -0.2289, -0.0052, -0.1323, -0.2339, -0.2799, 0.0174, 0.1838, 0.1557,
            -0.1382, 0.0542, 0.2813, 0.0891, 0.1570, -0.0098, 0.0375, -0.1825,
            -0.2246, -0.1207, -0.0698, 0.5109, 0.2665, -0.2108, -0.2158, 0.2502,
            -0.2055, -0.0322, 0.1109, 0.1567, -0.0729, 0.0899, -0.2799, -0.1230,
            -0.0313, -0.1649, 0.0117, 0.0723, -0.2839, -0.2083, -0.0520, 0.3748,
            0.0152, 0.1957, 0.1433, -0.2944, 0.3573, -0.0548, -0.1681, -0.0667,
        ),
        "std": (
            0.4765, 1.0364, 0.4514, 1.1677, 0.5313, 0.4990, 0.4818, 0.5013,
            0.8158, 1.0344, 0.5894, 1.0901, 0.6885, 0.6165, 0.8454, 0.4978,
            0.5759, 0.3523, 0.7135, 0.6804, 0.5833, 1.4146, 0.8986, 0.5659,
            0.7069, 0.5338, 0.4889, 0.4917, 0.4069, 0.4999, 0.6866, 0.4093,
            0.5709, 0.6065, 0.6415, 0.4944, 0.5726, 1.2042, 0.5458, 1.6887,
            0.3971, 1.0600, 0.3943, 0.5537, 0.5444, 0.4089, 0.7468, 0.7744,
        ),
    },
}  # fmt: skip
