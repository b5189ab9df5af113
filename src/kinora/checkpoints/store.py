"""Whole models to and from disk: safetensors for the weights, one json for everything else.

    model = load_model("kinora-small")          # or a directory
    save_model("runs/out/mine", name="mine", version="1", dit=dit, vae=vae, defaults=Defaults(steps=32))

Loading checks each file's sha256 while it is still only bytes, and hands its tensors over rather than copying them.
Saving replaces files one rename at a time and writes model.json, which names the checksums of the others, last: a
killed save is a detected save.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from kinora.checkpoints.catalog import choose, find
from kinora.checkpoints.manifest import FILENAME, TEXT_ENCODER, Defaults, Manifest, read_manifest
from kinora.checkpoints.parts import ImageReader, TextReader, VideoAutoencoder
from kinora.errors import CorruptWeights, OutputError
from kinora.models.dit import DiT, DiTConfig
from kinora.models.text import TextEncoder
from kinora.models.vae import Autoencoder, AutoencoderConfig
from kinora.request import Limits

if TYPE_CHECKING:
    from kinora.checkpoints.assemble import Setup


@dataclass(frozen=True, kw_only=True)
class Model:
    """Everything the engine needs to film: networks on one device, and how they like to be sampled.

    `high` is the expert for high noise of models that have two; `dit` is then the other one. `image` reads pictures
    for models that look at them. `dtype` is what the transformer computes in, `pixels` what the autoencoder does.
    `loras` says what was added to the weights.
    """

    name: str
    version: str
    dit: DiT
    vae: VideoAutoencoder
    text: TextReader
    defaults: Defaults
    limits: Limits
    device: torch.device
    dtype: torch.dtype
    high: DiT | None = None
    image: ImageReader | None = None
    pixels: torch.dtype = torch.float32
    loras: tuple[str, ...] = ()


def load_model(
    name_or_directory: str | Path,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    text: TextReader | None = None,
    setup: "Setup | None" = None,
) -> Model:
    """Load a catalogued model or a model directory, ready to sample, onto `device` in `dtype`.

    `text` is an encoder already loaded, for those who hold several models; `setup` says how an open model is kept in
    memory.
    Raises UnknownModel if there is none; CorruptWeights, naming the file, if one is missing or damaged; BadInputFile
    and InvalidRequest for a LoRA that is none, or another model's.
    """
    device, directory, chosen = torch.device(device), find(name_or_directory), choose(name_or_directory)
    if chosen.card is not None:
        from kinora.checkpoints.assemble import Setup, assemble

        return assemble(
            chosen.card,
            directory,
            device=device,
            dtype=dtype,
            setup=setup or Setup(),
            text=text,
            loras=chosen.loras,
        )
    manifest = read_manifest(directory)
    dit_config, vae_config = _configured(directory, manifest)
    # On the CPU, not on "meta": that imports 1.5 s of torch's decompositions to spare 0.1 s of drawing random numbers.
    with torch.random.fork_rng(devices=[]):
        dit, vae = DiT(dit_config), Autoencoder(vae_config)
    _fill(dit, directory / "dit.safetensors", manifest, device, dtype)
    _fill(vae, directory / "vae.safetensors", manifest, device, dtype)
    if chosen.loras:
        from kinora.checkpoints.wan.lora import attach_files

        attach_files(dit, chosen.loras, device=device)
    return Model(
        name=manifest.name,
        version=manifest.version,
        dit=dit,
        vae=vae,
        text=text or TextEncoder.load(device=device, dtype=dtype),
        defaults=manifest.defaults,
        limits=manifest.limits,
        device=device,
        dtype=dtype,
        pixels=dtype,
        loras=tuple(map(str, chosen.loras)),
    )


def save_model(
    directory: str | Path,
    *,
    name: str,
    version: str,
    dit: DiT,
    vae: Autoencoder,
    defaults: Defaults | None = None,
    dtype: torch.dtype = torch.bfloat16,
    latent: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    card: str | None = None,
) -> Manifest:
    """Write a model directory and return its manifest.

    `dtype` is what the transformer's matrices are stored in (bfloat16 halves the file; loading widens it again); the
    autoencoder's keep float16's finer grain. `latent` and `training` go into model.json as they are; `card` is the
    text of MODEL_CARD.md. Raises OutputError when the directory can't be written.
    """
    directory = Path(directory)
    label = {"model": f"{name} {version}"}  # one entry: safetensors writes several in random order
    contents = {
        "dit.safetensors": save_tensors(_plain(dit.state_dict(), dtype), metadata=label),
        "vae.safetensors": save_tensors(_plain(vae.state_dict(), torch.float16), metadata=label),
    }
    if card is not None:
        contents["MODEL_CARD.md"] = card.encode()
    manifest = Manifest(
        name=name,
        version=version,
        dit=asdict(dit.config),
        vae=asdict(vae.config),
        text=TEXT_ENCODER,
        defaults=defaults or Defaults(),
        latent=dict(latent or {}),
        training=dict(training or {}),
        files={file: sha256(data) for file, data in contents.items() if file.endswith(".safetensors")},
    )
    contents[FILENAME] = manifest.to_json().encode()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for file, data in contents.items():
            _replace(directory / file, data)
    except OSError as error:
        raise OutputError(directory, rule=f"can't write the model ({error.strerror})") from error
    return manifest


def verify(directory: Path) -> Manifest:
    """Check every file of a model directory against its sha256 and return the manifest.

    Raises CorruptWeights naming the first file that is missing or differs.
    """
    manifest = read_manifest(directory)
    for file in manifest.files:
        _read_checked(directory / file, manifest)
    return manifest


def sha256(data: bytes) -> str:
    """Return the hex digest that model.json records."""
    return hashlib.sha256(data).hexdigest()


def _read_checked(path: Path, manifest: Manifest) -> bytes:
    remedy = "reinstall or retrain the model"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorruptWeights(path, rule=f"can't be read ({error.strerror})", remedy=remedy) from error
    if sha256(data) != manifest.files.get(path.name):
        raise CorruptWeights(path, rule=f"its sha256 is not the one in {FILENAME}: damaged or replaced", remedy=remedy)
    return data


def _fill(module: nn.Module, path: Path, manifest: Manifest, device: torch.device, dtype: torch.dtype) -> None:
    """Give a module its tensors and make it ready for inference."""
    try:
        state = load_tensors(_read_checked(path, manifest))
        module.load_state_dict({key: tensor.to(device, dtype) for key, tensor in state.items()}, assign=True)
    except (SafetensorError, RuntimeError) as error:
        rule = f"its tensors are not those {FILENAME} describes ({_first_lines(error)})"
        raise CorruptWeights(path, rule=rule, remedy="reinstall or retrain the model") from error
    module.requires_grad_(False).eval()


def _configured(directory: Path, manifest: Manifest) -> tuple[DiTConfig, AutoencoderConfig]:
    try:
        return DiTConfig.from_dict(manifest.dit), AutoencoderConfig.from_dict(manifest.vae)
    except (TypeError, ValueError) as error:
        rule = f"not a configuration of Kinora's networks ({error})"
        raise CorruptWeights(directory / FILENAME, rule=rule, remedy="reinstall or retrain the model") from error


def _plain(state: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Return tensors as safetensors wants them: on the CPU, contiguous, the large floating ones in `dtype`.

    Vectors (norms, biases, the latent's fixed scale) stay float32: they are a thousandth of the file.
    """
    return {
        key: tensor.detach()
        .to("cpu", dtype if tensor.is_floating_point() and tensor.ndim > 1 else tensor.dtype)
        .contiguous()
        for key, tensor in state.items()
    }


def _replace(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and rename it into place; on failure nothing is left."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
