"""Tensors of published weights, file by file: safetensors in one or many pieces, and torch's own archives.

Files are mapped into memory, not read: a tensor costs memory when it is used, and gives it back with its file.
Archives are opened with `weights_only`: nothing in them is executed.
"""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open

from kinora.errors import CorruptWeights

if TYPE_CHECKING:
    from torch import Tensor

REMEDY = "fetch it again"
INDEX = ".safetensors.index.json"
_PREFIX = re.compile(r"^(model\.diffusion_model\.|diffusion_model\.|model\.)")
"""What repacks for ComfyUI and trainers put before every name."""

GENERATORS = ("generator_ema", "generator")
"""Where the Self-Forcing family keeps the transformer among what else a training step needs."""


class Shards:
    """The tensors of one network in the files of `paths`, by their published names without prefixes."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self.shapes: dict[str, tuple[int, ...]] = {}
        for path in paths:
            for name, shape, _ in _tensors(path):
                if name in self.shapes:
                    raise CorruptWeights(path, rule=f"has {name} a second time", remedy=REMEDY)
                self.shapes[name] = shape

    @property
    def name(self) -> str:
        """What errors call the files."""
        return str(self.paths[0]) if len(self.paths) == 1 else f"{self.paths[0]} and {len(self.paths) - 1} more"

    def each(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every tensor once, file by file."""
        for path in self.paths:
            for name, _, tensor in _tensors(path):
                yield name, tensor()


def files_in(folder: Path, stem: str) -> list[Path]:
    """Return the safetensors files of `folder` that make up `stem`, as the index says where there is one.

    Raises CorruptWeights naming a piece that the index lists and the folder lacks; returns [] where there is nothing.
    """
    index = folder / (stem + INDEX)
    if not index.is_file():
        return sorted(folder.glob(f"{stem}.safetensors")) or sorted(folder.glob(f"{stem}-*.safetensors"))
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CorruptWeights(index, rule=f"can't be read as an index ({error})", remedy=REMEDY) from error
    for name in names:
        if not (folder / name).is_file():
            raise CorruptWeights(folder / name, rule=f"{index.name} lists it, but it is not there", remedy=REMEDY)
    return [folder / name for name in names]


def _tensors(path: Path) -> Iterator[tuple[str, tuple[int, ...], Callable[[], Tensor]]]:
    """Yield name, shape and a way to get each tensor of one file."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 - not a dictionary
                    shape = tuple(file.get_slice(name).get_shape())
                    yield _PREFIX.sub("", name), shape, partial(file.get_tensor, name)
            return
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (OSError, RuntimeError, SafetensorError, pickle.UnpicklingError, EOFError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CorruptWeights(path, rule=f"can't be read as weights ({reason})", remedy=REMEDY) from error
    for generator in GENERATORS:
        if isinstance(held, dict) and isinstance(held.get(generator), dict):
            held = held[generator]
    if not isinstance(held, dict) or not all(isinstance(one, torch.Tensor) for one in held.values()):
        raise CorruptWeights(path, rule="holds more than tensors by name", remedy="use the published file")
    for name, tensor in held.items():
        yield _PREFIX.sub("", name), tuple(tensor.shape), partial(held.__getitem__, name)
