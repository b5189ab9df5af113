"""From rendered shards to the latents cache a transformer trains on: every clip and caption is encoded once.

Beside each shard `clips-00000.npy` + `.json` (see world.dataset) come
`clips-00000.latents.safetensors` {"latents": bf16 [N,c,t,h,w], for clips also "stills": bf16 [N,4,c,1,h,w]} and
`clips-00000.motion.safetensors` {"motion": fp16 [N,m,t,h,w]} (see data.motion),
`clips-00000.text.safetensors` {"states": bf16 [sum_len,d], "offsets": int64 [N*C+1], "kind": uint8 [N*C],
"part": uint8 [N*C], of which part of a continued take (world.continued) the caption is, else 0},
and once `null.text.safetensors` {"states": bf16 [len,d]}, the encoding of the empty prompt.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Bool, Float, UInt8
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from kinora.data.motion import CHANNELS, motion_targets
from kinora.errors import BadInputFile

__all__ = ["KINDS", "Caption", "PromptEncoder", "ShardDone", "encode_dataset", "find_shards", "fingerprint"]

KINDS = ("long", "medium", "short", "terse", "image")
"""Kinds of caption; a cache stores positions in this tuple."""

STILLS = 4
"""Frames of each clip that are also encoded alone, as pictures."""


@runtime_checkable
class VideoEncoder(Protocol):
    """What this stage needs of an autoencoder (models.vae.Autoencoder has it)."""

    def encode(self, pixels: Float[Tensor, "b 3 T H W"]) -> Float[Tensor, "b c t h w"]:
        """Normalised latents of pixels in [-1, 1]."""
        ...

    @property
    def stride(self) -> tuple[int, int, int]:
        """Pixels per latent along time, height and width."""
        ...

    def state_dict(self) -> dict[str, Tensor]:
        """The weights: caches made by other weights are stale."""
        ...


@runtime_checkable
class EncodedText(Protocol):
    """States with a mask that is True on real tokens."""

    @property
    def states(self) -> Float[Tensor, "b l d"]:
        """One vector a token."""
        ...

    @property
    def mask(self) -> Bool[Tensor, "b l"]:
        """True where a token stands."""
        ...


@runtime_checkable
class PromptEncoder(Protocol):
    """What this stage needs of a text encoder (models.text.TextEncoder has it)."""

    def encode(self, prompts: list[str], /) -> EncodedText:
        """States of each prompt, padded to the longest."""
        ...


@dataclass(frozen=True)
class Caption:
    """One wording of a sample and its kind (see KINDS)."""

    text: str
    kind: str
    part: int = 0


@dataclass(frozen=True)
class ShardDone:
    """Progress: `index` of `total` shards is in the cache now; `fresh` if this call encoded it."""

    index: int
    total: int
    name: str
    fresh: bool


def encode_dataset(
    data: Path, vae: VideoEncoder, text: PromptEncoder, *, batch: int = 4, device: str | torch.device = "cpu"
) -> Iterator[ShardDone]:
    """Encode every complete shard in `data` that is not in the cache yet, one shard per item.

    Safe to stop and start again: a file appears only when whole, and files of other autoencoder weights or of a shard
    rendered again are made anew. `batch` is in clips. Raises BadInputFile when `data` holds no complete shard.
    """
    shards = find_shards(data)
    weights = fingerprint(vae)
    null = data / "null.text.safetensors"
    if not _is_current(null, {}):
        encoded = text.encode([""])
        _save(null, {"states": encoded.states[0][encoded.mask[0]].to("cpu", torch.bfloat16)}, {})
    for index, shard in enumerate(shards):
        files = _files(shard, vae, text, weights, batch, torch.device(device))
        stale = [(path, stamp, make) for path, stamp, make in files if not _is_current(path, stamp)]
        for path, stamp, make in stale:
            _save(path, make(), stamp)
        yield ShardDone(index, len(shards), shard.stem, bool(stale))


def _files(
    shard: Path, vae: VideoEncoder, text: PromptEncoder, weights: str, batch: int, device: torch.device
) -> Iterator[tuple[Path, dict[str, str], Callable[[], dict[str, Tensor]]]]:
    """What the cache holds of a shard: each file, what it is stamped with, and how its tensors are made."""
    description = shard.with_suffix(".json").read_bytes()
    source = {"source": hashlib.sha256(description).hexdigest()}

    def frames() -> dict[str, Tensor]:
        return _encode_frames(np.load(shard, mmap_mode="r"), vae, batch, device)

    def captions() -> dict[str, Tensor]:
        return _encode_captions(_captions(shard.name, json.loads(description)), text)

    def motion() -> dict[str, Tensor]:
        rows, columns = np.load(shard, mmap_mode="r").shape[2:4]
        return _motion(json.loads(description), (rows // vae.stride[1], columns // vae.stride[2]), vae.stride[0])

    yield shard.with_suffix(".latents.safetensors"), {**source, "vae": weights}, frames
    yield shard.with_suffix(".text.safetensors"), source, captions
    if not is_images(shard):
        yield shard.with_suffix(".motion.safetensors"), {**source, "channels": " ".join(CHANNELS)}, motion


def find_shards(data: Path) -> list[Path]:
    """Complete shards (`.npy` with its `.json`) of images, then of clips, in order. Raises BadInputFile if none."""
    shards = [
        path
        for kind in ("images", "clips")
        for path in sorted(data.glob(f"{kind}-?????.npy"))
        if path.with_suffix(".json").exists()
    ]
    if not shards:
        raise BadInputFile(
            data,
            rule="a data set holds clips-00000.npy or images-00000.npy with its .json",
            remedy="render one first: kinora world render",
        )
    return shards


def fingerprint(vae: VideoEncoder) -> str:
    """A digest of the weights that latents depend on: a decoder trained further leaves them valid."""
    digest = hashlib.sha256()
    for name, tensor in sorted(vae.state_dict().items()):
        if not name.startswith(("decoder.", "reconstruct.")):
            digest.update(name.encode())
            digest.update(tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()


@torch.no_grad()
def _encode_frames(
    frames: UInt8[np.ndarray, "n T H W 3"], vae: VideoEncoder, batch: int, device: torch.device
) -> dict[str, Tensor]:
    """Latents of one shard and, for clips, of four of each clip's frames taken alone."""
    num_frames = frames.shape[1]
    size = max(1, batch * 33 // num_frames)
    groups = [frames[start : start + size] for start in range(0, len(frames), size)]
    tensors = {"latents": torch.cat([_encode(vae, group, device) for group in groups])}
    if num_frames > 1:
        times = [(2 * i + 1) * num_frames // (2 * STILLS) for i in range(STILLS)]
        stills = [_encode(vae, rearrange(group[:, times], "n s h w c -> (n s) 1 h w c"), device) for group in groups]
        tensors["stills"] = rearrange(torch.cat(stills), "(n s) c t h w -> n s c t h w", s=STILLS)
    return tensors


def _encode(vae: VideoEncoder, frames: UInt8[np.ndarray, "n T H W 3"], device: torch.device) -> Tensor:
    pixels = torch.from_numpy(np.array(frames)).to(device).float().div_(127.5).sub_(1)
    return vae.encode(rearrange(pixels, "n t h w c -> n c t h w")).to("cpu", torch.bfloat16)


def is_images(shard: Path) -> bool:
    """Whether a shard holds pictures, in which nothing moves."""
    return shard.name.startswith("images-")


def _motion(description: dict[str, Any], size: tuple[int, int], stride: int) -> dict[str, Tensor]:
    """Motion targets of every clip of one shard."""
    targets = [motion_targets(sample["scene"], size, stride) for sample in description["samples"]]
    return {"motion": torch.from_numpy(np.stack(targets)).half()}


def _captions(name: str, description: dict[str, Any]) -> list[list[Caption]]:
    """The captions of every sample; where some clips have none that describes the picture only, one is added to all.

    Frames of clips also train the picture model, and a caption that names a motion would teach it nothing.
    """
    samples = [
        [Caption(c["text"], c["kind"], c.get("part", 0)) for c in sample["captions"]]
        for sample in description["samples"]
    ]
    unknown = {caption.kind for captions in samples for caption in captions} - set(KINDS)
    if unknown:
        raise BadInputFile(name, rule=f"captions are of the kinds {', '.join(KINDS)}", remedy=f"found {unknown}")
    if not all(any(caption.kind == "image" for caption in captions) for captions in samples):
        for sample, captions in zip(description["samples"], samples, strict=True):
            captions.append(Caption(_picture_caption(sample["scene"]), "image"))
    counts = {len(captions) for captions in samples}
    if len(counts) > 1:
        raise BadInputFile(name, rule="every sample has the same number of captions", remedy=f"found {sorted(counts)}")
    return samples


def _picture_caption(scene: dict[str, Any]) -> str:
    from kinora.world.captions import canonical
    from kinora.world.scene import Scene

    caption: str = canonical(Scene.from_dict(scene), image=True)
    return caption


@torch.no_grad()
def _encode_captions(samples: Sequence[Sequence[Caption]], text: PromptEncoder, batch: int = 64) -> dict[str, Tensor]:
    """States of all captions one after another. Equal lengths travel together: padding costs as much as words."""
    captions = [caption for sample in samples for caption in sample]
    wordings = sorted({caption.text for caption in captions}, key=lambda wording: (len(wording), wording))
    states: dict[str, Tensor] = {}
    for start in range(0, len(wordings), batch):
        chunk = wordings[start : start + batch]
        encoded = text.encode(chunk)
        for wording, row, mask in zip(chunk, encoded.states, encoded.mask, strict=True):
            states[wording] = row[mask].to("cpu", torch.bfloat16)
    lengths = torch.tensor([0] + [len(states[caption.text]) for caption in captions])
    return {
        "states": torch.cat([states[caption.text] for caption in captions]),
        "offsets": lengths.cumsum(0),
        "kind": torch.tensor([KINDS.index(caption.kind) for caption in captions], dtype=torch.uint8),
        "part": torch.tensor([caption.part for caption in captions], dtype=torch.uint8),
    }


def _is_current(path: Path, stamp: dict[str, str]) -> bool:
    """Whether a whole file stands there that was made from the same shard by the same weights."""
    if not path.exists():
        return False
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError:
        return False
    return all(metadata.get(key) == value for key, value in stamp.items())


def _save(path: Path, tensors: dict[str, Tensor], stamp: dict[str, str]) -> None:
    temporary = path.with_name(path.name + ".tmp")
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, metadata={"format": "pt", **stamp}
    )
    temporary.replace(path)
