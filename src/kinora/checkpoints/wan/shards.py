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


SCALED = re.compile(r"\.(scale_weight|weight_scale)$")
"""What `X.weight` in float8 is multiplied by, in ComfyUI's older files and its newer ones."""

HINTS = re.compile(r"(^|\.)scaled_fp8$|\.(scale_input|input_scale|comfy_quant)$")
"""What else stands there, for those who multiply in 8 bits."""


class Shards:
    """The tensors of one network in the files of `paths`, by their published names without prefixes.

    Matrices that ComfyUI's files keep in scaled 8 bits are told in float32, multiplied by their scales.
    """

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._scales: dict[str, Tensor] = {}
        for path in paths:
            for name, shape, tensor in _tensors(path):
                if HINTS.search(name):
                    continue
                if SCALED.search(name):
                    self._scales[SCALED.sub(".weight", name)] = tensor()
                    continue
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
                if name in self.shapes:
                    yield name, self._widened(path, name, tensor())

    def _widened(self, path: Path, name: str, tensor: Tensor) -> Tensor:
        """A tensor as it was before it was scaled: one factor for all of it, or one for each row."""
        scale = self._scales.get(name)
        if scale is None:
            return tensor
        if tensor.dtype not in (torch.float8_e4m3fn, torch.float8_e5m2) or scale.numel() not in (1, len(tensor)):
            rule = f"{name} is of {str(tensor.dtype).removeprefix('torch.')} in scaled blocks, which are not read"
            raise CorruptWeights(path, rule=rule, remedy="use weights in bfloat16, float16 or float8")
        return tensor.float() * scale.float().view(-1, *[1] * (tensor.ndim - 1))


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
    if path.suffix == ".gguf":
        raise CorruptWeights(path, rule="GGUF is not read", remedy="use the safetensors that it was made of")
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
