"""Wan models small enough for a test, with random weights, in the layouts of the published ones.

    save_tiny(directory, "wan2.2-i2v-a14b", layout="diffusers")

What they film is noise, but every file lies where a published one does, under the names it has there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from kinora.checkpoints import comfyui
from kinora.checkpoints.cards import CARDS
from kinora.checkpoints.wan import keys, reader_keys, vae_keys
from kinora.checkpoints.wan.architectures import ARCHITECTURES, VAES, Architecture
from kinora.checkpoints.wan.reader_keys import Source
from kinora.checkpoints.wan.sizes import HEAD
from kinora.models.clip import ClipConfig, ClipReader
from kinora.models.dit import DiT, DiTConfig
from kinora.models.umt5 import Umt5Config, Umt5Reader
from kinora.models.wan_vae import WanAutoencoder, WanVaeConfig

Layout = Literal["original", "diffusers", "comfyui"]

TEXT = Umt5Config(vocabulary=260, dim=32, heads=2, head_dim=16, ffn_dim=48, layers=2)
CALM = 0.2
"""Of what random weights would decode: at full contrast it flashes, which the guard refuses."""

IMAGE = ClipConfig(dim=32, ffn_dim=48, heads=1, layers=3, side=224, patch=14)


def save_tiny(directory: str | Path, name: str, *, layout: Layout = "original", seed: int = 0) -> Path:
    """Write a model of the architecture `name` with weights drawn from `seed`, in about 3 MB; return the directory."""
    directory = Path(directory)
    shape = ARCHITECTURES[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for index, expert in enumerate(shape.experts):
            if layout == "comfyui":
                _save_repacked(directory / "diffusion_models" / f"{stems(name)[-1 - index]}_bf16.safetensors", shape)
                continue
            folder = expert if layout == "original" else ("transformer", "transformer_2")[index]
            _save_dit(directory / folder, dit_config(shape), layout)
        _save_vae(directory, WanVaeConfig.from_dict(vae_values(shape)), layout)
        _save_text(directory, layout)
        if shape.image_states:
            _save_image(directory, layout)
    if layout == "diffusers":
        _write(directory / "model_index.json", {"_class_name": "WanPipeline"})
    return directory


def stems(architecture: str) -> tuple[str, ...]:
    """How ComfyUI's files of an architecture's transformers begin, that for low noise first."""
    return next(comfyui.TRANSFORMERS[name] for name, card in CARDS.items() if card.architecture == architecture)


def dit_config(shape: Architecture) -> DiTConfig:
    """Return the configuration of a tiny transformer with the channels and branches of a published one."""
    small = {"dim": 48, "heads": 2, "layers": 2, "ffn_dim": 64, "text_dim": TEXT.dim, "freq_dim": 32}
    image = {"image_dim": IMAGE.dim} if shape.image_states else {}
    return DiTConfig.from_dict({**shape.dit, **small, **image})


def vae_values(shape: Architecture) -> Mapping[str, Any]:
    """Return the fields of a tiny autoencoder with the channels and strides of a published one."""
    return {**VAES[shape.vae], "encoder_width": 8, "decoder_width": 8}


def _save_dit(folder: Path, config: DiTConfig, layout: Layout) -> None:
    dit = DiT(config)
    _draw(dit)
    names = {name: Source(name if layout == "original" else keys.to_diffusers(name)) for name in dit.state_dict()}
    state = _renamed(dit, names)
    half = len(state) // 2  # in two pieces, as large ones are
    pieces = [dict(list(state.items())[:half]), dict(list(state.items())[half:])]
    index: dict[str, str] = {}
    for number, piece in enumerate(pieces, 1):
        file = f"diffusion_pytorch_model-{number:05}-of-00002.safetensors"
        _save(folder / file, piece)
        index |= dict.fromkeys(piece, file)
    described = {"metadata": {"total_size": sum(tensor.nbytes for tensor in state.values())}, "weight_map": index}
    _write(folder / "diffusion_pytorch_model.safetensors.index.json", described)
    original = {
        "model_type": "t2v" if config.image_dim is None else "flf2v" if config.image_positions else "i2v",
        "dim": config.dim, "ffn_dim": config.ffn_dim, "num_heads": config.heads, "num_layers": config.layers,
        "in_dim": config.in_channels, "out_dim": config.out_channels, "freq_dim": config.freq_dim, "eps": config.eps,
    }  # fmt: skip
    diffusers = {
        "_class_name": "WanTransformer3DModel", "patch_size": list(config.patch), "num_attention_heads": config.heads,
        "attention_head_dim": config.dim // config.heads, "in_channels": config.in_channels,
        "out_channels": config.out_channels, "text_dim": config.text_dim, "freq_dim": config.freq_dim,
        "ffn_dim": config.ffn_dim, "num_layers": config.layers, "cross_attn_norm": config.cross_attn_norm,
        "eps": config.eps, "image_dim": config.image_dim, "pos_embed_seq_len": config.image_positions,
        "added_kv_proj_dim": None if config.image_dim is None else config.dim,
    }  # fmt: skip
    _write(folder / "config.json", original if layout == "original" else diffusers)


def _save_repacked(path: Path, shape: Architecture) -> None:
    """One file with ComfyUI's prefix and nothing beside it: heads have to be as wide as published ones."""
    dit = DiT(replace(dit_config(shape), dim=HEAD, heads=1))
    _draw(dit)
    _save(path, {f"model.diffusion_model.{name}": tensor.bfloat16() for name, tensor in dit.state_dict().items()})


def _save_vae(directory: Path, config: WanVaeConfig, layout: Layout) -> None:
    vae = WanAutoencoder(config)
    _draw(vae)
    vae.decoder.leave.weight.data *= CALM
    original, diffusers = vae_keys.from_layouts(vae.state_dict(), nested=config.shortcuts)
    theirs = diffusers if layout == "diffusers" else original
    state = _renamed(vae, {ours: Source(name) for name, ours in theirs.items()})
    if layout == "original":
        torch.save(state, directory / ("Wan2.2_VAE.pth" if config.shortcuts else "Wan2.1_VAE.pth"))
        return
    if layout == "comfyui":
        stem = comfyui.VAES["wan2.2" if config.shortcuts else "wan2.1"]
        _save(directory / "vae" / f"{stem}.safetensors", state)
        return
    _save(directory / "vae" / "diffusion_pytorch_model.safetensors", state)
    described = {
        "_class_name": "AutoencoderKLWan", "base_dim": config.encoder_width, "decoder_base_dim": config.decoder_width,
        "z_dim": config.channels, "latents_mean": config.mean, "latents_std": config.std,
        "is_residual": config.shortcuts, "in_channels": 3 * config.patch**2, "out_channels": 3 * config.patch**2,
        "patch_size": config.patch if config.patch > 1 else None, "scale_factor_spatial": config.stride[1],
    }  # fmt: skip
    _write(directory / "vae" / "config.json", described)


def _save_text(directory: Path, layout: Layout) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((f"<0x{byte:02X}>", -5.0) for byte in range(256))]
    tokenizer = Tokenizer(models.Unigram([*pieces, ("▁", -2.0)], unk_id=2, byte_fallback=True))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    reader = Umt5Reader(tokenizer, TEXT)
    _draw(reader.model)
    folders = {"original": "google/umt5-xxl", "diffusers": "tokenizer", "comfyui": "text_encoders"}
    place = directory / folders[layout]
    place.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(place / "tokenizer.json"))
    names = list(reader.model.state_dict())
    if layout == "original":
        state = _renamed(reader.model, reader_keys.umt5_original(names))
        torch.save(state, directory / "models_t5_umt5-xxl-enc-bf16.pth")
        return
    state = _renamed(reader.model, reader_keys.umt5_transformers(names))
    if layout == "comfyui":
        state["spiece_model"] = torch.zeros(4, dtype=torch.uint8)  # the pieces, in a form of its own
        _save(place / f"{comfyui.TEXT}_fp16.safetensors", state)
        return
    _save(directory / "text_encoder" / "model.safetensors", state)
    _write(directory / "text_encoder" / "config.json", {"d_kv": TEXT.head_dim})


def _save_image(directory: Path, layout: Layout) -> None:
    reader = ClipReader(IMAGE)
    _draw(reader.model)
    names = list(reader.model.state_dict())
    if layout == "original":
        state = _renamed(reader.model, reader_keys.clip_original(names))
        unread = {"log_scale": torch.zeros(()), "visual.transformer.2.norm1.weight": torch.ones(IMAGE.dim)}
        torch.save(state | unread, directory / "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth")
        return
    state = _renamed(reader.model, reader_keys.clip_transformers(names))
    state["vision_model.encoder.layers.2.layer_norm1.weight"] = torch.ones(IMAGE.dim)
    if layout == "comfyui":
        _save(directory / "clip_vision" / f"{comfyui.IMAGE}.safetensors", state)
        return
    _save(directory / "image_encoder" / "model.safetensors", state)
    _write(directory / "image_encoder" / "config.json", {"num_attention_heads": IMAGE.heads})


def _renamed(module: nn.Module, sources: Mapping[str, Source]) -> dict[str, Tensor]:
    """The parameters of a module as a file holds them: thirds of a matrix put together, shared ones once."""
    parts: dict[str, dict[int, Tensor]] = {}
    for name, tensor in module.state_dict().items():
        source = sources[name]
        parts.setdefault(source.name, {})[source.split or 0] = tensor
    return {name: torch.cat([some[i] for i in sorted(some)]) for name, some in parts.items()}


def _draw(module: nn.Module) -> None:
    """Random weights everywhere: fresh models end in zeros, and zeros would hide what a test looks for."""
    for name, parameter in module.named_parameters():
        if parameter.ndim > 1 and not name.endswith("gamma"):
            nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)


def _save(path: Path, state: dict[str, Tensor]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path)


def _write(path: Path, values: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
