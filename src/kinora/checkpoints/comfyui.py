"""Where a model's networks lie in ComfyUI's folder of models: a folder for each kind, many models side by side.

    ComfyUI/models/diffusion_models/wan2.2_t2v_high_noise_14B_fp16.safetensors    (or below unet)
    ComfyUI/models/text_encoders/umt5_xxl_fp16.safetensors                        (or below clip)
    ComfyUI/models/vae/wan_2.1_vae.safetensors
    ComfyUI/models/clip_vision/clip_vision_h.safetensors

Names are those of Comfy-Org/Wan_2.1_ComfyUI_repackaged and Wan_2.2_ComfyUI_Repackaged. Of several precisions the widest
is taken; scaled 8 bits are widened, GGUF is not read. What splits prompts into pieces is no file of ComfyUI's: it comes
from the hub's cache, or from a tokenizer.json beside the text encoder. No torch here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kinora.checkpoints.cards import CARDS, Card
from kinora.checkpoints.hub import cached
from kinora.errors import CorruptWeights

TRANSFORMERS = {
    "wan2.1-t2v-1.3b": ("wan2.1_t2v_1.3B",),
    "wan2.1-t2v-14b": ("wan2.1_t2v_14B",),
    "wan2.1-i2v-14b-480p": ("wan2.1_i2v_480p_14B",),
    "wan2.1-i2v-14b-720p": ("wan2.1_i2v_720p_14B",),
    "wan2.1-flf2v-14b-720p": ("wan2.1_flf2v_720p_14B",),
    "wan2.2-t2v-a14b": ("wan2.2_t2v_low_noise_14B", "wan2.2_t2v_high_noise_14B"),
    "wan2.2-i2v-a14b": ("wan2.2_i2v_low_noise_14B", "wan2.2_i2v_high_noise_14B"),
    "wan2.2-ti2v-5b": ("wan2.2_ti2v_5B",),
}
"""How the files of each card's transformers begin, of two experts the one for low noise first."""

VAES = {"wan2.1": "wan_2.1_vae", "wan2.2": "wan2.2_vae"}
TEXT, IMAGE, TOKENIZER = "umt5_xxl", "clip_vision_h", "tokenizer.json"
FOLDERS = (("diffusion_models", "unet"), ("text_encoders", "clip"), ("vae",), ("clip_vision",))
PRECISIONS = ("_bf16", "_fp16", "", "_fp8_scaled", "_fp8_e4m3fn_scaled", "_fp8_e4m3fn")
"""Endings of file names, the widest first: of 8 bits, those with scales lose less."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the networks of one model lie: files, or folders that say which is which.

    tokenizer: None where it lies with the text encoder. image: None for models that look at no pictures.
    """

    dits: tuple[Path, ...]
    text: Path
    tokenizer: Path | None
    vae: Path
    image: Path | None


def is_comfyui(directory: Path) -> bool:
    """Whether a directory is ComfyUI's folder of models."""
    return any((directory / name).is_dir() for name in FOLDERS[0])


def places_of(card: Card, directory: Path) -> Places:
    """The files of `card` in ComfyUI's folder `directory`. Raises CorruptWeights naming the one that is missing."""
    transformers, texts, vaes, images = FOLDERS
    text = _file(directory, texts, TEXT)
    return Places(
        dits=tuple(_file(directory, transformers, stem) for stem in TRANSFORMERS.get(card.name, (card.name,))),
        text=text,
        tokenizer=_tokenizer(text.parent),
        vae=_file(directory, vaes, VAES[card.shape.vae]),
        image=_file(directory, images, IMAGE) if card.shape.image_states else None,
    )


def _file(directory: Path, folders: tuple[str, ...], stem: str) -> Path:
    for precision in PRECISIONS:
        for folder in folders:
            if (path := directory / folder / f"{stem}{precision}.safetensors").is_file():
                return path
    names = ", ".join(f"{stem}{precision}" for precision in PRECISIONS)
    rule = f"has none of {names} (.safetensors)"
    raise CorruptWeights(directory / folders[0], rule=rule, remedy="put one there; GGUF is not read")


def _tokenizer(folder: Path) -> Path:
    if (folder / TOKENIZER).is_file():
        return folder / TOKENIZER
    for card in CARDS.values():
        found = cached(card)
        for place in ("google/umt5-xxl", "tokenizer"):
            if found is not None and (found / place / TOKENIZER).is_file():
                return found / place / TOKENIZER
    remedy = "put google/umt5-xxl/tokenizer.json of any of Wan's repositories there"
    raise CorruptWeights(folder, rule=f"has no {TOKENIZER}, which ComfyUI does not need", remedy=remedy)
