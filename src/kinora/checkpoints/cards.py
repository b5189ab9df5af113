"""How each open model is sampled, where it lies and under which licence, as its authors say. No torch here.

"Same parameters, worse video" is the first complaint about every port: a shift, a boundary, a negative prompt or a
dtype that is not the authors'. Here they are data, each with where it comes from (`Card.sources`), and every clip tells
those it was made with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kinora.checkpoints.manifest import Defaults
from kinora.checkpoints.wan.architectures import ARCHITECTURES, Architecture

NEGATIVE = (
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，"
    "丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，"
    "静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走"
)
"""What Wan steers away from (`shared_config.sample_neg_prompt`): garish, overexposed, still, blurred, subtitles, ...
deformed limbs, cluttered background, three legs, walking backwards."""

SHAKING, CUTTING = "镜头晃动，", "镜头切换，"
"""Camera shake, which Wan 2.1's image models put before it, and cuts, which the first-and-last-frame model adds."""

SHARED = {
    "Wan2.1_VAE.pth": "38071ab59bd94681c686fa51d75a1968f64e470262043be31f7a094e442fd981",
    "models_t5_umt5-xxl-enc-bf16.pth": "7cace0da2b446bbbbc57d031ab6cf163a3d59b366da94e5afe36745b746fd81d",
    "google/umt5-xxl/spiece.model": "e3909a67b780650b35cf529ac782ad2b6b26e6d1f849d3fbb6a872905f452458",
    "google/umt5-xxl/tokenizer.json": "6e197b4d3dbd71da14b4eb255f4fa91c9c1f2068b20a2de2472967ca3d22602b",
}
"""SHA-256 of the files that several of Wan's repositories share, by name."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """An open model. `repo` has the original layout, `diffusers` the converted one ("": none is published).

    sha256: of files in the original repository, as far as they are known here. base: another card's name, whose
    autoencoder and text encoder this one uses and whose repository it lacks. file: a single file of weights in `repo`.
    sources: where each setting comes from.
    """

    name: str
    architecture: str
    repo: str
    diffusers: str = ""
    licence: str = "Apache-2.0"
    summary: str
    defaults: Defaults
    sources: Mapping[str, str]
    sha256: Mapping[str, str] = field(default_factory=lambda: SHARED)
    base: str = ""
    file: str = ""

    @property
    def shape(self) -> Architecture:
        """The shape of its networks."""
        return ARCHITECTURES[self.architecture]


_WAN = Defaults(
    size=(720, 1280),
    fps=16,
    seconds=81 / 16,
    max_seconds=60.0,
    steps=50,
    guidance=5.0,
    shift=5.0,
    solver="wan-unipc",
    long="sliding",
    window=21,
    block=15,
    sink=1,
    holds="path",
    negative=NEGATIVE,
    max_pixels=1280 * 720,
)
_IMAGE = replace(_WAN, steps=40, long="once", holds="channels", opening=1)
_CONFIGS_21 = "wan/configs and generate.py of Wan-Video/Wan2.1 (9737cba)"
_CONFIGS_22 = "wan/configs of Wan-Video/Wan2.2 (42bf4cf)"


def _sources(everything: str, **others: str) -> dict[str, str]:
    return {"everything else": everything, **others}


CARDS: Mapping[str, Card] = {
    card.name: card
    for card in (
        Card(
            name="wan2.1-t2v-1.3b",
            architecture="wan2.1-t2v-1.3b",
            repo="Wan-AI/Wan2.1-T2V-1.3B",
            diffusers="Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
            summary="text to video at 480p; the smallest Wan",
            defaults=replace(_WAN, size=(480, 832), shift=8.0, guidance=6.0),
            sources=_sources(
                _CONFIGS_21, shift="model card: 8 to 12 for this size", guidance="model card: 6 for this size"
            ),
            sha256={
                **SHARED,
                "diffusion_pytorch_model.safetensors": (
                    "96b6b242ca1c2f24e9d02cd6596066fab6d310e2d7538f33ae267cb18d957e8f"
                ),
            },
        ),
        Card(
            name="wan2.1-t2v-14b",
            architecture="wan2.1-t2v-14b",
            repo="Wan-AI/Wan2.1-T2V-14B",
            diffusers="Wan-AI/Wan2.1-T2V-14B-Diffusers",
            summary="text to video at 480p and 720p",
            defaults=_WAN,
            sources=_sources(_CONFIGS_21),
        ),
        Card(
            name="wan2.1-i2v-14b-480p",
            architecture="wan2.1-i2v-14b",
            repo="Wan-AI/Wan2.1-I2V-14B-480P",
            diffusers="Wan-AI/Wan2.1-I2V-14B-480P-Diffusers",
            summary="a first picture set in motion, at 480p",
            defaults=replace(_IMAGE, size=(480, 832), shift=3.0, max_pixels=832 * 480, negative=f"{SHAKING}{NEGATIVE}"),
            sources=_sources(_CONFIGS_21, shift="generate.py: 3 for pictures to video at 480p"),
        ),
        Card(
            name="wan2.1-i2v-14b-720p",
            architecture="wan2.1-i2v-14b",
            repo="Wan-AI/Wan2.1-I2V-14B-720P",
            diffusers="Wan-AI/Wan2.1-I2V-14B-720P-Diffusers",
            summary="a first picture set in motion, at 720p",
            defaults=replace(_IMAGE, negative=f"{SHAKING}{NEGATIVE}"),
            sources=_sources(_CONFIGS_21),
        ),
        Card(
            name="wan2.1-flf2v-14b-720p",
            architecture="wan2.1-flf2v-14b",
            repo="Wan-AI/Wan2.1-FLF2V-14B-720P",
            diffusers="Wan-AI/Wan2.1-FLF2V-14B-720P-diffusers",
            summary="what lies between a first and a last picture, at 720p",
            defaults=replace(_IMAGE, steps=50, shift=16.0, closing=1, negative=f"{CUTTING}{SHAKING}{NEGATIVE}"),
            sources=_sources(_CONFIGS_21, shift="generate.py: 16 for first and last frame"),
        ),
        Card(
            name="wan2.2-t2v-a14b",
            architecture="wan2.2-t2v-a14b",
            repo="Wan-AI/Wan2.2-T2V-A14B",
            diffusers="Wan-AI/Wan2.2-T2V-A14B-Diffusers",
            summary="text to video at 480p and 720p; two experts",
            defaults=replace(_WAN, steps=40, shift=12.0, guidance=3.0, guidance_high=4.0, boundary=0.875),
            sources=_sources(_CONFIGS_22),
        ),
        Card(
            name="wan2.2-i2v-a14b",
            architecture="wan2.2-i2v-a14b",
            repo="Wan-AI/Wan2.2-I2V-A14B",
            diffusers="Wan-AI/Wan2.2-I2V-A14B-Diffusers",
            summary="a first picture set in motion at 480p and 720p; two experts",
            defaults=replace(_IMAGE, guidance=3.5, guidance_high=3.5, boundary=0.9),
            sources=_sources(_CONFIGS_22),
        ),
        Card(
            name="wan2.2-ti2v-5b",
            architecture="wan2.2-ti2v-5b",
            repo="Wan-AI/Wan2.2-TI2V-5B",
            diffusers="Wan-AI/Wan2.2-TI2V-5B-Diffusers",
            summary="text, or given frames anywhere, to video at 720p and 24 frames a second",
            defaults=replace(
                _WAN,
                size=(704, 1280),
                fps=24,
                seconds=121 / 24,
                window=31,
                block=24,
                holds="tokens",
                max_pixels=1280 * 704,
            ),
            sources=_sources(_CONFIGS_22),
        ),
        Card(
            name="self-forcing-1.3b",
            architecture="wan2.1-t2v-1.3b",
            repo="gdhe17/Self-Forcing",
            base="wan2.1-t2v-1.3b",
            file="checkpoints/self_forcing_dmd.pt",
            summary="text to video at 480p, streamed in blocks, four steps; distilled from wan2.1-t2v-1.3b",
            defaults=replace(
                _WAN,
                size=(480, 832),
                steps=4,
                guidance=1,
                solver="renoise",
                long="causal",
                block=3,
                sink=0,
                first=3,
                context=0,
                negative="",
            ),
            sources=_sources(
                "configs/self_forcing_dmd.yaml of guandeh17/Self-Forcing (arXiv 2506.08009)",
                steps="denoising_step_list 1000, 750, 500, 250, warped by the shift",
            ),
            sha256={},
        ),
    )
}
