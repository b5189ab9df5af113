"""Which open model a directory holds, told by its configuration files alone. No torch here.

Original repositories have a config.json beside the weights (or one in a folder for each expert), diffusers' have a
model_index.json and a folder for each part.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kinora.checkpoints.cards import CARDS, Card
from kinora.errors import CorruptWeights, UnknownModel

INDEX = "model_index.json"


def is_published(directory: Path) -> bool:
    """Whether a directory has one of the two layouts in which Wan's models are published."""
    return any((directory / name).is_file() for name in (INDEX, "config.json", "high_noise_model/config.json"))


def recognised(directory: Path) -> Card:
    """The card of the model that `directory` holds.

    Raises UnknownModel where it is none of them or may be several, CorruptWeights where a configuration is no JSON.
    """
    found = shape_of(directory)
    cards = [card for card in CARDS.values() if not card.base and _matches(card, found)]
    named = [card for card in cards if card.name.rpartition("-")[2] in directory.name.lower()]
    if len(named or cards) == 1:
        return (named or cards)[0]
    if cards:
        names = " or ".join(f"{card.name}@{directory}" for card in cards)
        raise UnknownModel(directory, rule="may be one of several models", remedy=f"say which: {names}")
    known = ", ".join(CARDS)
    rule = f"its transformer is none of {known} ({', '.join(f'{key} {value}' for key, value in found.items())})"
    raise UnknownModel(directory, rule=rule, remedy=f"say whose settings to use: NAME@{directory}")


def shape_of(directory: Path) -> dict[str, Any]:
    """What tells the models apart, in the terms of `Architecture`: widths, channels, experts and the image branch."""
    if (directory / INDEX).is_file():
        read = _json(directory / "transformer" / "config.json")
        image, experts = read.get("image_dim"), 2 if (directory / "transformer_2").is_dir() else 1
        return {
            "dim": read.get("num_attention_heads", 0) * read.get("attention_head_dim", 0),
            "layers": read.get("num_layers"),
            "in_channels": read.get("in_channels"),
            "image": image is not None,
            "ends": read.get("pos_embed_seq_len") is not None,
            "experts": experts,
        }
    experts = 2 if (directory / "high_noise_model").is_dir() else 1
    read = _json(directory / ("high_noise_model" if experts == 2 else "") / "config.json")
    kind = read.get("model_type", "t2v")
    return {
        "dim": read.get("dim"),
        "layers": read.get("num_layers"),
        "in_channels": read.get("in_dim"),
        # Wan 2.2 has no image branch, whatever its model_type says: it came with the two experts.
        "image": kind in ("i2v", "flf2v") and experts == 1,
        "ends": kind == "flf2v",
        "experts": experts,
    }


def _matches(card: Card, found: dict[str, Any]) -> bool:
    shape = card.shape
    own = {
        "dim": shape.dit["dim"],
        "layers": shape.dit["layers"],
        "in_channels": shape.dit["in_channels"],
        "image": shape.image_states > 0,
        "ends": shape.dit.get("image_positions") is not None,
        "experts": len(shape.experts),
    }
    return own == found


def _json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        rule = f"can't be read as a configuration ({error})"
        raise CorruptWeights(path, rule=rule, remedy="fetch it again") from error
    if not isinstance(read, dict):
        raise CorruptWeights(path, rule="is no configuration", remedy="fetch it again")
    return read
