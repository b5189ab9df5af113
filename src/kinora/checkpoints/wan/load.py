"""Wan's networks from disk, each on its own, so that one can be released before the next is needed.

    dit = load_dit(directory, device="cuda", dtype=torch.bfloat16)      # of two experts the one for low noise ...
    high = load_dit(directory, expert="high", ...)                      # ... and the one for high noise
    vae, text, image = load_vae(directory), load_text(directory), load_image(directory)

`directory` is a published repository in the original layout or diffusers' one; any of them also takes a single file, as
repacks for ComfyUI have it. Sizes are read off the tensors: a file says by itself which configuration it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from kinora.checkpoints.wan import keys, reader_keys, vae_keys
from kinora.checkpoints.wan.architectures import VAES, Architecture
from kinora.checkpoints.wan.filling import WIDE, fill
from kinora.checkpoints.wan.reader_keys import Source
from kinora.checkpoints.wan.shards import REMEDY, Shards, files_in
from kinora.checkpoints.wan.sizes import check_fits, clip_config, dit_config, umt5_config, vae_config
from kinora.errors import CorruptWeights
from kinora.models.dit import DiT
from kinora.models.offload import visit
from kinora.models.wan_vae import WanAutoencoder

if TYPE_CHECKING:
    from kinora.models.clip import ClipReader
    from kinora.models.umt5 import Umt5Reader

Expert = Literal["low", "high"]
STEM = "diffusion_pytorch_model"


def load_dit(
    path: str | Path,
    *,
    expert: Expert = "low",
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.bfloat16,
    expected: Architecture | None = None,
) -> DiT:
    """Load a transformer, its matrices in `dtype`; of a model with one transformer, that one.

    Raises CorruptWeights naming the file that is missing, damaged or of another network, which one that `expected`
    does not describe is.
    """
    path = Path(path)
    low = {"original": "low_noise_model", "diffusers": "transformer_2"}
    high = {"original": "high_noise_model", "diffusers": "transformer"}
    two = any((path / folder).is_dir() for folder in low.values())
    folders = (low if expert == "low" else high).values() if two else ("", "transformer")
    shards, folder = _shards(path, dict.fromkeys(folders, (STEM,)), "transformer")
    config = dit_config(shards, _json(folder / "config.json"))
    if expected is not None:
        check_fits(config, expected, shards.name)
    with torch.device("meta"):
        dit = DiT(config)
    names = list(dit.state_dict())
    original = {name: Source(name) for name in names}
    diffusers = {name: Source(keys.to_diffusers(name)) for name in names}
    fill(dit, shards, (original, diffusers), device=torch.device(device), dtype=dtype, wide=WIDE)
    return dit


def load_vae(
    path: str | Path, *, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> WanAutoencoder:
    """Load an autoencoder with its latents' published mean and deviation. Raises CorruptWeights as `load_dit` does."""
    shards, folder = _shards(Path(path), {"vae": (STEM,), "": ("Wan2.1_VAE.pth", "Wan2.2_VAE.pth")}, "autoencoder")
    config = vae_config(shards, _json(folder / "config.json"), VAES)
    with torch.device("meta"):
        vae = WanAutoencoder(config)
    original, diffusers = vae_keys.from_layouts(vae.state_dict(), nested=config.shortcuts)
    layouts = [{ours: Source(theirs) for theirs, ours in layout.items()} for layout in (original, diffusers)]
    fill(vae, shards, layouts, device=torch.device(device), dtype=dtype)
    return vae


def load_text(
    path: str | Path,
    *,
    tokenizer: str | Path | None = None,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.bfloat16,
    visiting: bool = False,
) -> Umt5Reader:
    """Load what reads prompts; `tokenizer` is a tokenizer.json that does not lie in the model's own directory.

    visiting: its blocks come to `device` one after another as they are used, out of the file where that has `dtype`.

    Raises CorruptWeights as `load_dit` does, and when there is no tokenizer; Unavailable without transformers.
    """
    from tokenizers import Tokenizer

    from kinora.models.umt5 import Umt5Reader

    path = Path(path)
    found = Path(tokenizer) if tokenizer else _tokenizer(path if path.is_dir() else path.parent)
    parts = {"text_encoder": ("model",), "": ("models_t5_umt5-xxl-enc-bf16.pth",)}
    shards, folder = _shards(path, parts, "text encoder")
    config = umt5_config(shards, _json(folder / "config.json"))
    try:
        vocabulary = Tokenizer.from_file(str(found))
    except Exception as error:  # tokenizers raises a bare Exception
        raise CorruptWeights(found, rule=f"is no tokenizer ({error})", remedy=REMEDY) from error
    with torch.device("meta"):
        reader = Umt5Reader(vocabulary, config)
    names = list(reader.model.state_dict())
    layouts = (reader_keys.umt5_original(names), reader_keys.umt5_transformers(names))
    home = torch.device("cpu" if visiting else device)
    fill(reader.model, shards, layouts, device=home, dtype=dtype, unread=reader_keys.UMT5_UNREAD)
    if visiting:
        encoder: Any = reader.model
        visit(encoder.encoder.block, torch.device(device))
        encoder.encoder.final_layer_norm.to(device)
    return reader


def load_image(
    path: str | Path,
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    visiting: bool = False,
) -> ClipReader:
    """Load what looks at pictures, for models with an image branch; `visiting` and what it raises as in `load_text`."""
    from kinora.models.clip import ClipReader

    parts = {"image_encoder": ("model",), "": ("models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth",)}
    shards, folder = _shards(Path(path), parts, "image encoder")
    config = clip_config(shards, _json(folder / "config.json"))
    with torch.device("meta"):
        reader = ClipReader(config)
    names = list(reader.model.state_dict())
    layouts = (reader_keys.clip_original(names), reader_keys.clip_transformers(names))
    unread = reader_keys.clip_unread(config.layers)
    home = torch.device("cpu" if visiting else device)
    fill(reader.model, shards, layouts, device=home, dtype=dtype, unread=unread)
    reader.place(torch.device(device))
    if visiting:
        blocks = reader.tower.encoder.layers
        visit(blocks, torch.device(device))
        del reader.tower.encoder.layers  # the rest goes to the device for good
        reader.model.to(device)
        reader.tower.encoder.layers = blocks
    return reader


def _shards(path: Path, parts: Mapping[str, tuple[str, ...]], what: str) -> tuple[Shards, Path]:
    """Open a network's files and return them with the folder they lie in, where its configuration may lie too.

    `parts`: folders below `path`, each with the stems of safetensors, or names of archives, that may hold the network.
    """
    if path.is_file():
        return Shards([path]), path.parent
    for folder, names in parts.items():
        for name in names:
            whole = path / folder / name
            paths = [whole] if whole.is_file() else files_in(path / folder, name) if "." not in name else []
            if paths:
                return Shards(paths), path / folder
    searched = ", ".join(f"{folder or '.'}/{name}*" for folder, names in parts.items() for name in names)
    raise CorruptWeights(path, rule=f"has no {what} ({searched})", remedy=REMEDY)


def _tokenizer(directory: Path) -> Path:
    places = [directory / "google/umt5-xxl/tokenizer.json", directory / "tokenizer/tokenizer.json"]
    for place in (*places, directory / "tokenizer.json"):
        if place.is_file():
            return place
    raise CorruptWeights(directory, rule=f"has no {places[0].relative_to(directory)}", remedy=REMEDY)


def _json(path: Path) -> dict[str, Any]:
    """A configuration beside the weights; {} where there is none."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CorruptWeights(path, rule=f"can't be read as a configuration ({error})", remedy=REMEDY) from error
    return read if isinstance(read, dict) else {}
