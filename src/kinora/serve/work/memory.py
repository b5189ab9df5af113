"""How much memory a job will take, before it is begun: what a worker may admit beside what runs already.

    predicted("kinora-small", (512, 512), seconds=4)            # bytes
    admit(settings, memory)                                     # InvalidRequest if this server never has so much

An estimate from above, for queueing: `Supervisor` holds a worker to what it may really take. Open models have a
forecast (`kinora plan`), taken here as on a machine without a GPU; with one, most of it lies in the GPU's memory. For
Kinora's own, measured 2026-11-22 with kinora-small on a CPU (peak resident bytes): 683 MB for 8 frames of 128x128,
816 MB for 8 of 512x512, 938 MB for 32 of 512x512, 650 MiB for 480 frames of 128x128, which are made in windows.
"""

from __future__ import annotations

import math

from kinora.checkpoints.catalog import choose
from kinora.engine.open.forecast import FLOAT32, Machine, forecast
from kinora.errors import InvalidRequest
from kinora.grid import Size
from kinora.request import Real
from kinora.serve.settings import FAKE, Settings
from kinora.serve.work.makers import limits_of, weight_of

PROCESS = 650 * 2**20
"""Python, torch, the guard's models, the text encoder: what a worker holds before it makes anything."""

FAKE_PROCESS = 200 * 2**20

PER_PIXEL = 70
"""Bytes for each pixel of each frame that is made at once."""

AT_ONCE = 36
"""Frames that are made at once: one window."""

GIVEN = 9
"""Bytes for each pixel of each frame of a source, which is held whole: as it is, as it is used, as it is delivered."""

MIB = 2**20

PROCESSOR = Machine(memory=math.inf, flops=1.0, act=FLOAT32)
"""What forecasts of memory are made for: main memory, where all stays. How fast it is doesn't matter."""


def predicted(model: str, size: Size, seconds: Real, *, given: bool = False) -> int:
    """Bytes that a job takes at most; `given`: it has a source whose frames are held."""
    limits = limits_of(model)
    pixels, frames = size[0] * size[1], max(1, round(seconds * limits.fps))
    held = GIVEN * pixels * frames if given else 0
    if model == FAKE:
        return FAKE_PROCESS + PER_PIXEL * pixels * min(frames, AT_ONCE) + held
    card, weight = choose(model).card, weight_of(model)
    if card is not None and weight >= card.shape.parameters:  # else it is a part of the model, or a test's
        made = limits.grid.frames_for(seconds, limits.fps)
        return PROCESS + int(forecast(card, size=size, frames=made, machine=PROCESSOR).peak) + held
    return PROCESS + 2 * weight + PER_PIXEL * pixels * min(frames, AT_ONCE) + held


def admit(settings: Settings, memory: int) -> None:
    """Raise InvalidRequest for a job that no worker of this server could ever begin; others' limits are theirs."""
    if settings.workers and not settings.ray and memory > settings.budget:
        rule = f"this server gives its jobs {settings.budget // MIB:,} MiB"
        raise InvalidRequest(f"about {memory // MIB:,} MiB", rule=rule, remedy="ask for a smaller or shorter video")
