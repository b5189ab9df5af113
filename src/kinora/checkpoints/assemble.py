"""An open model from its parts on disk: each network on its own, the large text encoder only while it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from kinora.checkpoints.adapters import Adapter
from kinora.checkpoints.cards import Card
from kinora.checkpoints.catalog import manifest_of
from kinora.checkpoints.comfyui import Places, is_comfyui, places_of
from kinora.checkpoints.hub import base_of
from kinora.checkpoints.narrow import Width, narrow
from kinora.checkpoints.parts import TextReader
from kinora.checkpoints.released import ReleasedText
from kinora.checkpoints.store import Model
from kinora.checkpoints.wan.load import Expert, load_dit, load_image, load_text, load_vae
from kinora.checkpoints.wan.lora import attach_files
from kinora.errors import CorruptWeights, UnknownModel
from kinora.models.attention import Flash, flash_attention
from kinora.models.dit import DiT
from kinora.models.offload import Offload

EXPERTS = ("high_noise_model", "low_noise_model", "transformer_2")
"""Folders that only models with two transformers have, in the layouts of Wan and of diffusers."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How a model is kept in memory.

    width: its matrices in 8 bits ("" as they are: bfloat16), which changes the frames a little. offload: blocks visit
    the device one after another, which changes nothing but the time; text_visits: so do those of what reads prompts and
    looks at pictures. compiled: blocks are compiled for the device. flash: the kernels of its attention, where torch's
    own are not to do.
    """

    width: Width | None = None
    offload: bool = False
    text_visits: bool = False
    compiled: bool = False
    flash: Flash | None = None


def assemble(
    card: Card,
    directory: Path,
    *,
    device: torch.device,
    dtype: torch.dtype,
    setup: Setup = Setup(),
    text: TextReader | None = None,
    loras: Sequence[Adapter] = (),
) -> Model:
    """Load what `card` describes from `directory`, to compute in `dtype` on `device`.

    Matrices are bfloat16 whatever `dtype` is: Wan publishes float32 and rounds it so for every product. Raises
    CorruptWeights naming what is missing, damaged or another model's, UnknownModel where the model this one is built on
    is not here.
    """
    places = places_of(card, directory) if is_comfyui(directory) else _places(card, directory)
    experts: tuple[Expert, ...] = ("low", "high") if len(card.shape.experts) > 1 else ("low",)
    if setup.flash is not None:
        flash_attention(setup.flash)
    # On their way they are where they are to stay: a block that only visits never is on the device as a whole.
    place = torch.device("cpu") if setup.offload else device
    dits = [
        load_dit(path, expert=one, device=place, expected=card.shape)
        for path, one in zip(places.dits, experts, strict=True)
    ]
    read = partial(load_text, places.text, tokenizer=places.tokenizer, device=device, visiting=setup.text_visits)
    for dit, expert in zip(dits, experts, strict=True):
        _keep(dit, setup, device, loras, expert if len(experts) > 1 else "")
    manifest = manifest_of(card)
    return Model(
        name=card.name,
        version=manifest.version,
        dit=dits[0],
        high=dits[1] if len(dits) > 1 else None,
        vae=load_vae(places.vae, device=device),
        text=text or ReleasedText(read),
        image=None if places.image is None else load_image(places.image, device=device, visiting=setup.text_visits),
        defaults=manifest.defaults,
        limits=manifest.limits,
        device=device,
        dtype=dtype,
        loras=tuple(map(str, loras)),
    )


def _keep(dit: DiT, setup: Setup, device: torch.device, loras: Sequence[Adapter], expert: str) -> None:
    """Have a transformer as `setup` says, with what LoRAs add to it."""
    if setup.width is not None:
        narrow(dit.blocks, setup.width)
    attach_files(dit, loras, device=device, expert=expert)
    if setup.compiled:
        for block in dit.blocks:
            block.compile(dynamic=True)
    if setup.offload:
        blocks = dit.blocks
        Offload(blocks, device)
        del dit.blocks  # the rest goes to the device for good
        dit.to(device)
        dit.blocks = blocks


def _places(card: Card, directory: Path) -> Places:
    """The same in the layouts of Wan and of diffusers, whose folders say which network is which."""
    found, wanted = (2 if any((directory / name).is_dir() for name in EXPERTS) else 1), len(card.shape.experts)
    if found != wanted:
        rule = f"holds {found} transformer{'s' * (found > 1)}, where {card.name} has {wanted}"
        raise CorruptWeights(directory, rule=rule, remedy="use its weights, or the name of the model that these are of")
    rest, transformer = _rest(card, directory), _file(card, directory)
    return Places(
        dits=(transformer,) * len(card.shape.experts),
        text=rest,
        tokenizer=None,
        vae=rest,
        image=rest if card.shape.image_states else None,
    )


def _rest(card: Card, directory: Path) -> Path:
    """Where autoencoder and text encoder lie: here, or where the model lies that this one is built on."""
    if not card.base or any(directory.glob("*VAE.pth")) or (directory / "vae").is_dir():
        return directory
    base = base_of(card)
    if base is None:
        rule, remedy = f"is built on {card.base}, which is not on this machine", f"fetch it: kinora fetch {card.base}"
        raise UnknownModel(card.name, rule=rule, remedy=remedy)
    return base


def _file(card: Card, directory: Path) -> Path:
    """The transformer's weights: a directory, or the one file that a card names, wherever it was put."""
    if not card.file:
        return directory
    for path in (directory / card.file, directory / Path(card.file).name):
        if path.is_file():
            return path
    return directory
