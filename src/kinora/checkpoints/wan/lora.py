"""Low-rank additions to a Wan transformer (LoRA), in the spellings found in the wild, merged or live.

    merge(dit, [read_lora("style.safetensors"), read_lora("motion.safetensors")], [1.0, 0.6])   # into the weights
    with attached(dit, [lora], [0.8]): ...                                                      # beside them

Spellings: PEFT's on diffusers' names (`transformer.blocks.0.attn1.to_q.lora_A.weight`) and on Wan's
(`diffusion_model.blocks.0.self_attn.q.lora_A.weight`), kohya's (`lora_unet_blocks_0_self_attn_q.lora_down.weight`),
each with or without `.alpha`, and whole differences (`.diff` of a weight, `.diff_b` of a bias). The scale of a low-rank
pair is alpha / rank. Alpha is a tensor of the file, or stands in its header (diffusers) or in an `adapter_config.json`
beside it (PEFT); where nobody says, it is the rank.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from kinora.checkpoints.wan.keys import from_diffusers
from kinora.errors import BadInputFile, InvalidRequest
from kinora.models.layers import like, linear

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from kinora.checkpoints.adapters import Adapter
    from kinora.models.dit import DiT

CONFIG = "adapter_config.json"
HEADER = "lora_adapter_metadata"
_PREFIX = re.compile(r"^(base_model\.model\.|model\.)?(transformer\.|diffusion_model\.|unet\.)?")
_LEAF = re.compile(
    r"^(?P<module>.+?)\.(?:(?P<down>lora_A|lora_down)|(?P<up>lora_B|lora_up))(?:\.\w+)?\.(?P<kind>weight|bias)$"
    r"|^(?P<other>.+?)\.(?P<what>alpha|diff|diff_b)$"
)
KOHYA = "lora_unet_"


@dataclass
class Delta:
    """What is added to one module: up @ down * scale, and whole differences of its weight and bias."""

    down: Tensor | None = None
    up: Tensor | None = None
    alpha: float | None = None
    weight: Tensor | None = None
    bias: Tensor | None = None

    def to(self, device: torch.device) -> Delta:
        """The same on another device, as matrices."""
        parts = (None if one is None else one.to(device).flatten(1) for one in (self.down, self.up, self.weight))
        down, up, weight = parts
        return Delta(down, up, self.alpha, weight, None if self.bias is None else self.bias.to(device))

    @property
    def scale(self) -> float:
        """What the low-rank product is multiplied by."""
        return 1.0 if self.alpha is None or self.down is None else self.alpha / self.down.shape[0]


@dataclass(frozen=True)
class Lora:
    """A file's additions, by names of modules as the file spells them."""

    path: Path
    deltas: dict[str, Delta] = field(repr=False)


def read_lora(path: str | Path) -> Lora:
    """Read a file of additions; which model it fits is seen when it is merged or attached.

    Raises BadInputFile for what is no such file, naming the first name that means nothing, or a half of a pair.
    """
    path = Path(path)
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BadInputFile(path, rule=f"can't be read as safetensors ({error})", remedy="give a LoRA's file") from error
    shared = _shared_alpha(path)
    deltas: dict[str, Delta] = {}
    for name, tensor in tensors.items():
        found = _LEAF.match(name)
        if found is None:
            raise BadInputFile(path, rule=f"{name} is no part of a LoRA", remedy="give a LoRA's file")
        module = (found["module"] or found["other"]).removeprefix(KOHYA)
        delta = deltas.setdefault(_PREFIX.sub("", module), Delta(alpha=shared))
        _note(delta, found, tensor)
    for module, delta in deltas.items():
        if (delta.down is None) != (delta.up is None):
            raise BadInputFile(path, rule=f"{module} has one half of a low-rank pair", remedy="give the whole file")
        if delta.up is not None and delta.down is not None and delta.up[0].numel() != len(delta.down):
            raise BadInputFile(path, rule=f"the halves of {module} differ in rank", remedy="give the whole file")
    return Lora(path, deltas)


def merge(dit: DiT, loras: Sequence[Lora], strengths: Sequence[float]) -> None:
    """Add to the weights themselves, computed in float32: costs nothing afterwards, and can't be taken back exactly.

    Raises InvalidRequest naming a file that does not fit this transformer, before anything is changed.
    """
    matched = _matched(dit, loras, strengths)
    if any(target.stored is not None for target in matched):
        rule = "nothing can be added to weights in 8 bits"
        raise InvalidRequest(loras[0].path, rule=rule, remedy="attach it beside them, or load wider weights")
    for target, additions in matched.items():
        _add(target, additions)


def attach(
    dit: DiT, loras: Sequence[Lora], strengths: Sequence[float], *, device: torch.device | None = None
) -> Callable[[], None]:
    """Add beside the weights, which stay as they are, and quantised ones quantised; returns what takes it back.

    What is added lies on `device`, or where the weights do. Beside bfloat16 weights it is exact, where merging rounds
    away what is smaller than half their last digit. Norms and other parameters outside the linear layers are small:
    they are replaced. Raises InvalidRequest as `merge` does.
    """
    handles = []
    replaced: list[tuple[Target, Tensor, Tensor | None]] = []
    for target, additions in _matched(dit, loras, strengths).items():
        if isinstance(target.module, nn.Linear) or target.stored is not None:
            hook = _hook(additions, device or target.matrix.device)
            handles.append(target.module.register_forward_hook(hook))
            continue
        own = target.module._parameters.get("bias")
        replaced.append((target, target.parameter.data, None if own is None else own.data))
        _add(target, additions)

    def detach() -> None:
        for handle in handles:
            handle.remove()
        for target, weight, bias in replaced:
            target.parameter.data = weight
            if bias is not None:
                target.bias.data = bias

    return detach


@contextmanager
def attached(dit: DiT, loras: Sequence[Lora], strengths: Sequence[float]) -> Iterator[None]:
    """`attach` for as long as the context lasts."""
    detach = attach(dit, loras, strengths)
    try:
        yield
    finally:
        detach()


def attach_files(dit: DiT, files: Sequence[Adapter], *, device: torch.device, expert: str = "") -> None:
    """Attach those of a model's LoRAs that belong to one of its experts, `expert`, or to all.

    Raises BadInputFile for what is no LoRA, InvalidRequest for one of another model, or of an expert there isn't.
    """
    lost = [one for one in files if one.expert and not expert]
    if lost:
        rule = f"is for the expert for {lost[0].expert} noise, and this model has one transformer"
        raise InvalidRequest(lost[0].path, rule=rule, remedy=f"leave {lost[0].expert}= out")
    own = [one for one in files if one.expert in ("", expert)]
    attach(dit, [read_lora(one.path) for one in own], [one.strength for one in own], device=device)


class Target(NamedTuple):
    """A parameter that is added to, and its module, whose bias is added to as well."""

    module: nn.Module
    name: str

    @property
    def stored(self) -> Tensor | None:
        """The matrix of a layer that keeps it in another form than it computes with; None for plain parameters."""
        return self.module._buffers.get(self.name)

    @property
    def matrix(self) -> Tensor:
        """The parameter, or what is stored in its place: for shape and device."""
        return self.parameter if self.stored is None else self.stored

    @property
    def parameter(self) -> nn.Parameter:
        """The parameter."""
        found = self.module._parameters[self.name]
        assert found is not None
        return found

    @property
    def bias(self) -> nn.Parameter:
        """The bias beside it."""
        found = self.module._parameters["bias"]
        assert found is not None
        return found


def _add(target: Target, additions: list[tuple[Delta, float]]) -> None:
    weight = target.parameter.data.float().clone()
    for delta, strength in additions:
        if delta.up is not None and delta.down is not None:
            up, down = (part.to(weight.device).float().flatten(1) for part in (delta.up, delta.down))
            weight += (strength * delta.scale) * (up @ down).view_as(weight)
        if delta.weight is not None:
            weight += strength * delta.weight.to(weight).view_as(weight)
        if delta.bias is not None:
            bias = target.bias
            bias.data = (bias.data.float() + strength * delta.bias.to(weight)).to(bias.dtype)
    target.parameter.data = weight.to(target.parameter.dtype)


def _hook(
    additions: list[tuple[Delta, float]], device: torch.device
) -> Callable[[nn.Module, tuple[Tensor], Tensor], Tensor]:
    moved = [(delta.to(device), strength) for delta, strength in additions]

    def add(_: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
        (x,) = inputs
        for delta, strength in moved:
            if delta.up is not None and delta.down is not None:
                output = output + (strength * delta.scale) * linear(linear(x, delta.down), delta.up)
            if delta.weight is not None:
                output = output + strength * linear(x, delta.weight)
            if delta.bias is not None:
                output = output + strength * like(delta.bias, x)
        return output

    return add


def _matched(dit: DiT, loras: Sequence[Lora], strengths: Sequence[float]) -> dict[Target, list[tuple[Delta, float]]]:
    """The parameters each file adds to; every name of every file finds one."""
    if len(loras) != len(strengths):
        raise InvalidRequest(f"{len(strengths)} strengths", rule=f"there must be one for each of {len(loras)} LoRAs")
    targets = {}
    for path, module in dit.named_modules():
        for name in (*module._parameters, *("weight" for one in module._buffers if one == "weight")):
            if name != "bias":
                targets[path if name == "weight" else f"{path}.{name}"] = Target(module, name)
    names = {**from_diffusers(targets), **{name: name for name in targets}}
    names |= {spelled.replace(".", "_"): name for spelled, name in list(names.items())}
    matched: dict[Target, list[tuple[Delta, float]]] = {}
    for lora, strength in zip(loras, strengths, strict=True):
        for spelled, delta in lora.deltas.items():
            if spelled not in names:
                rule = f"it changes {spelled}, which this transformer has not"
                raise InvalidRequest(lora.path, rule=rule, remedy="use it with the model it was made for")
            target = targets[names[spelled]]
            _check(lora, spelled, delta, target)
            matched.setdefault(target, []).append((delta, strength))
    return matched


def _check(lora: Lora, spelled: str, delta: Delta, target: Target) -> None:
    weight = target.matrix
    sides = weight.shape[0], weight[0].numel()
    pair = sides if delta.up is None or delta.down is None else (delta.up.shape[0], delta.down[0].numel())
    whole = delta.weight is None or delta.weight.numel() == weight.numel()
    own = target.module._parameters.get("bias")
    bias = delta.bias is None or (own is not None and own.shape == delta.bias.shape)
    if pair != sides or not whole or not bias:
        rule = f"its {spelled} is not of this transformer's size {tuple(weight.shape)}"
        raise InvalidRequest(lora.path, rule=rule, remedy="use it with the model it was made for")


def _note(delta: Delta, found: re.Match[str], tensor: Tensor) -> None:
    if found["what"] == "alpha":
        delta.alpha = float(tensor)
    elif found["what"] == "diff":
        delta.weight = tensor
    elif found["what"] == "diff_b" or found["kind"] == "bias":  # PEFT's bias of the second matrix is added whole
        delta.bias = tensor
    elif found["down"]:
        delta.down = tensor
    else:
        delta.up = tensor


def _shared_alpha(path: Path) -> float | None:
    """The alpha of all modules, where PEFT or diffusers wrote it; None where nobody says."""
    config = path.parent / CONFIG
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(HEADER)
        if header is None and not config.is_file():
            return None
        read = json.loads(header or config.read_text(encoding="utf-8"))
        values = {key.rpartition(".")[2]: value for key, value in read.items()}
        alpha = float(values["lora_alpha"])
    except (OSError, ValueError, KeyError, AttributeError, TypeError, SafetensorError) as error:
        raise BadInputFile(path, rule=f"its settings can't be read ({error})", remedy="give the whole file") from error
    for setting in ("use_dora", "use_rslora", "alpha_pattern"):
        if values.get(setting):
            raise BadInputFile(path, rule=f"it asks for {setting}, which is not done here", remedy="merge it with PEFT")
    return alpha
