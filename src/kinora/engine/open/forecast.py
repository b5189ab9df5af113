"""How much memory and time a clip takes, told from a model's description before anything is loaded. No torch here.

    forecast(CARDS["wan2.2-ti2v-5b"], size=(704, 1280), frames=121, machine=Machine(memory=24e9, flops=165e12))

Three stages follow one another and do not overlap, so the largest is what counts: reading the prompt (the text encoder
beside what is on the device already: whole, or where that is too much a block at a time), denoising (weights,
activations, keys and values of the text) and decoding.
Operations are counted; how much of a device's peak is reached is an assumption (`REACHED`), and so is bandwidth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kinora.checkpoints.cards import Card
from kinora.checkpoints.wan.architectures import TEXT_LENGTH
from kinora.grid import Size

BFLOAT16, FLOAT32 = 2, 4
TEXT_PARAMETERS = 5_680_910_336
TEXT_BLOCKS, TEXT_BLOCK_PARAMETERS = 24, 192_948_224
IMAGE_PARAMETERS, IMAGE_VISITING_PARAMETERS = 632_076_800, 20_762_880
"""Of what looks at pictures, and those of them that are on the device where its blocks visit."""

VAE_PARAMETERS = {"wan2.1": 126_892_531, "wan2.2": 704_688_668}
DECODE_FLOPS = {"wan2.1": 8.71e6, "wan2.2": 18.9e6}
ENCODE_FLOPS = {"wan2.1": 5.19e6, "wan2.2": 3.62e6}
"""For each pixel of each frame, counted by torch's FlopCounterMode on the full-size networks (2026-11)."""

DECODE_BYTES = 17_000
"""For each pixel of a frame: four frames of the last level with what its convolutions remember, in float32."""

REACHED = 0.5
"""Share of a device's peak that large matrices reach in practice."""

COPYING = 20e9
"""Bytes a second from pinned memory to a device over PCIe 4 x16."""

UNPINNED = 5e9
"""The same from a file that is mapped into memory, and there already."""

Width = Literal["bfloat16", "int8"]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Bytes of memory for a model, and operations a second in the dtype it computes in; `act`: bytes of that dtype."""

    memory: float
    flops: float
    act: int = BFLOAT16
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a model is kept: see `checkpoints.assemble.Setup`. `exact`: to the bit what the plain way gives."""

    name: str
    width: Width = "bfloat16"
    offload: bool = False

    @property
    def exact(self) -> bool:
        """Whether frames are the plain way's to the bit."""
        return self.width == "bfloat16"


WAYS = (
    Way(name="plain"),
    Way(name="offload", offload=True),
    Way(name="int8", width="int8"),
    Way(name="int8 and offload", width="int8", offload=True),
)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Bytes at the most of each stage and seconds of each, for one way to keep the model.

    text_visits: not all fits as a whole, and the blocks of what reads prompts and looks at pictures come one by one.
    """

    way: Way
    memory: dict[str, float]
    seconds: dict[str, float]
    text_visits: bool

    @property
    def peak(self) -> float:
        """Bytes at the most."""
        return max(self.memory.values())

    @property
    def total(self) -> float:
        """Seconds in all."""
        return sum(self.seconds.values())


def forecast(
    card: Card,
    *,
    size: Size,
    frames: int,
    machine: Machine,
    way: Way = WAYS[0],
    steps: int | None = None,
) -> Forecast:
    """What a clip of `frames` frames of `size` takes on `machine`."""
    shape, chosen = card.shape, card.defaults
    layers, dim = int(shape.dit["layers"]), int(shape.dit["dim"])
    tokens = tokens_of(card, size, frames)
    seen = min(tokens, tokens_of(card, size, 4 * (chosen.window - 1) + 1))
    experts, guided = len(shape.experts), 1 if chosen.guidance == 1 else 2
    weights = shape.parameters * (1 if way.width == "int8" else BFLOAT16)
    resident = float(experts * weights * (2 / layers if way.offload else 1))
    resident += VAE_PARAMETERS[shape.vae] * FLOAT32
    context = 2 * guided * layers * (TEXT_LENGTH + shape.image_states) * dim * machine.act * experts
    working = context + activations(card, seen, machine.act)
    decoding = context + size[0] * size[1] * DECODE_BYTES

    def stages(text: int, sight: int) -> dict[str, float]:
        """Bytes of each, with so many parameters of what reads prompts and of what looks at pictures on the device."""
        kept = resident + (sight * FLOAT32 if shape.image_states else 0)
        return {"read": kept + text * BFLOAT16, "denoise": kept + working, "decode": kept + decoding}

    memory = stages(TEXT_PARAMETERS, IMAGE_PARAMETERS)
    text_visits = max(memory.values()) > machine.memory
    if text_visits:
        memory = stages(TEXT_BLOCK_PARAMETERS, IMAGE_VISITING_PARAMETERS)
    coming = TEXT_BLOCKS * TEXT_BLOCK_PARAMETERS * BFLOAT16 / UNPINNED if text_visits else 0.0
    calls = guided * (steps or chosen.steps)
    speed = machine.flops * REACHED
    computing = calls * step_flops(card, seen) * (tokens / seen) / speed
    copying = calls * weights / COPYING if way.offload else 0.0
    pixels = frames * size[0] * size[1]
    encoding = ENCODE_FLOPS[shape.vae] * pixels if chosen.holds == "channels" else 0.0
    seconds = {
        "read": guided * (2 * TEXT_PARAMETERS * 128 / speed + coming),
        "denoise": max(computing, copying),  # the next block comes while one computes
        "decode": (DECODE_FLOPS[shape.vae] * pixels + encoding) / (speed / 4),  # float32, without tensor cores
    }
    return Forecast(way=way, memory=memory, seconds=seconds, text_visits=text_visits)


def best(card: Card, *, size: Size, frames: int, machine: Machine, steps: int | None = None) -> Forecast | None:
    """The first way that fits, fast ones before slow ones; None if none does.

    Exact ones alone: weights in 8 bits are for those who load a model in Python.
    """
    every = (
        forecast(card, size=size, frames=frames, machine=machine, way=one, steps=steps) for one in WAYS if one.exact
    )
    return next((one for one in every if one.peak <= machine.memory), None)


def instead(
    card: Card, cards: tuple[Card, ...], *, size: Size, frames: int, machine: Machine
) -> list[tuple[Card, Size, int]]:
    """What would fit where this does not: the same model smaller or shorter, then other models at this size."""
    found: list[tuple[Card, Size, int]] = []
    sizes = [one for one in ((704, 1280), (480, 832), (320, 576), (256, 448)) if one[0] * one[1] < size[0] * size[1]]
    shorter = [count for count in (81, 49, 33, 17) if count < frames]
    tried = [(card, one, frames) for one in sizes] + [(card, size, count) for count in shorter]
    tried += [(card, one, count) for one in sizes for count in shorter]
    tried += [(other, size, frames) for other in cards if other.name != card.name]
    for other, one, count in tried:
        if best(other, size=one, frames=count, machine=machine) is not None:
            found.append((other, one, count))
    return found


def tokens_of(card: Card, size: Size, frames: int) -> int:
    """Tokens of a clip."""
    side = 32 if card.shape.vae == "wan2.2" else 16
    return ((frames - 1) // 4 + 1) * (-(-size[0] // side)) * (-(-size[1] // side))


def step_flops(card: Card, tokens: int) -> float:
    """Operations of one call of the transformer: matrices, attention among tokens and across to the text."""
    layers, dim, ffn = (int(card.shape.dit[name]) for name in ("layers", "dim", "ffn_dim"))
    matrices = 2 * tokens * layers * (6 * dim * dim + 2 * dim * ffn)
    attention = 4 * tokens * tokens * dim * layers
    across = 4 * tokens * (TEXT_LENGTH + card.shape.image_states) * dim * layers
    return float(matrices + attention + across)


def activations(card: Card, tokens: int, act: int) -> float:
    """Bytes of one call beside the weights: the residual stream, and the larger of attention's and the MLP's share.

    In float32, 1024 and 4096 tokens of width 1536 were measured at 70 and 67 bytes for each token and channel
    (2026-11); this gives 67.
    """
    dim, ffn = int(card.shape.dit["dim"]), int(card.shape.dit["ffn_dim"])
    per_token = FLOAT32 * dim + FLOAT32 * dim + max(act * (2 * ffn + 3 * dim), act * 6 * dim + 16 * dim)
    return float(tokens * per_token)
