"""Networks without weights ("meta") get those of published files, straight into the dtype and onto the device.

Beside the weights as they will be, memory holds the tensor at hand. Each parameter is filled exactly once, and each
tensor of the files goes somewhere or is known to be left out: what is missing or too many is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from kinora.checkpoints.wan.reader_keys import Source
from kinora.errors import CorruptWeights

if TYPE_CHECKING:
    from torch import Tensor, nn

    from kinora.checkpoints.wan.shards import Shards

Layout = Mapping[str, Source]
"""Where each parameter of a network comes from, under the names of one layout."""

WIDE = re.compile(r"(^|\.)(modulation$|norm|time_embedding\.|time_projection\.|head\.)")
"""What a transformer computes in float32, as in Wan, and keeps as exactly as its file has it: what shifts, scales and
normalises the residual stream, and the projection that it leaves by."""


def fill(
    module: nn.Module,
    shards: Shards,
    layouts: Sequence[Layout],
    *,
    device: torch.device,
    dtype: torch.dtype,
    wide: re.Pattern[str] | None = None,
    unread: re.Pattern[str] | None = None,
) -> None:
    """Fill a module built on "meta" from files in whichever layout most of their names belong to, ready to infer.

    wide: parameters kept in float32, or in bfloat16 where files have them so. unread: names in the files that are
        left out.
    Raises CorruptWeights naming the files and the parameters that are missing, too many or of another shape.
    """
    layout = max(layouts, key=lambda one: len({source.name for source in one.values()} & shards.shapes.keys()))
    targets: dict[str, list[str]] = {}
    for parameter, source in layout.items():
        targets.setdefault(source.name, []).append(parameter)
    _check(shards, set(targets), unread)
    shapes = {name: tensor.shape for name, tensor in module.state_dict().items()}
    filled: dict[str, Tensor] = {}
    for name, tensor in shards.each():
        moved: Tensor | None = None
        for parameter in targets.get(name, ()):
            if moved is None:  # once for all the parameters that share it
                if not tensor.is_floating_point():
                    rule = f"{name} is of {str(tensor.dtype).removeprefix('torch.')}, a packed format that is not read"
                    raise CorruptWeights(shards.name, rule=rule, remedy="use weights in bfloat16, float16 or float8")
                exact = wide is not None and wide.search(parameter) is not None
                moved = tensor.to(device=device, dtype=_exact(tensor.dtype, dtype) if exact else dtype)
            filled[parameter] = _part(moved, layout[parameter], shapes[parameter], shards, name)
    module.load_state_dict(filled, assign=True)
    module.requires_grad_(False).eval()


def _exact(stored: torch.dtype, asked: torch.dtype) -> torch.dtype:
    """The narrowest dtype that loses nothing of a parameter: its layer widens it where it computes."""
    return torch.bfloat16 if stored == torch.bfloat16 and asked != torch.float32 else torch.float32


def _part(tensor: Tensor, source: Source, shape: torch.Size, shards: Shards, name: str) -> Tensor:
    part = tensor if source.split is None else tensor.chunk(3)[source.split]
    if [size for size in part.shape if size != 1] != [size for size in shape if size != 1]:
        rule = f"{name} is {tuple(part.shape)}, where its configuration has {tuple(shape)}"
        raise CorruptWeights(shards.name, rule=rule, remedy="use the weights of this model")
    return part.reshape(shape)


def _check(shards: Shards, names: set[str], unread: re.Pattern[str] | None) -> None:
    missing = sorted(names - shards.shapes.keys())
    surplus = sorted(name for name in shards.shapes.keys() - names if unread is None or not unread.search(name))
    said = [f"{len(some)} {what} ({_some(some)})" for some, what in ((missing, "missing"), (surplus, "more")) if some]
    if said:
        rule = f"not the parameters of this network: {' and '.join(said)}"
        raise CorruptWeights(shards.name, rule=rule, remedy="use the published weights of this model")


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
