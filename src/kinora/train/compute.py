"""Where and in which number format a training runs."""

import time
from dataclasses import dataclass

import torch

from kinora.errors import Unavailable
from kinora.models.dit import DiT
from kinora.train.config import FlowConfig

__all__ = ["Compute", "fastest_dtype", "prepare"]


@dataclass(frozen=True)
class Compute:
    """A device and the format of weights and activations; masters, EMA and losses are float32 everywhere."""

    device: torch.device
    dtype: torch.dtype

    def compile(self, model: DiT) -> None:
        """Compile the model's blocks in place.

        Blocks are alike, so one compilation serves them all: a fraction of the time that the whole model takes, at
        nearly its speed. Shapes are compiled one by one: a run has few (buckets times text lengths, attention full or
        causal, with and without gradients), and kernels for fixed sizes are faster.
        """
        torch._dynamo.config.recompile_limit = 64
        for block in model.blocks:
            block.compile(dynamic=False)


def prepare(config: FlowConfig) -> Compute:
    """Set the threads and choose device and dtype. Raises Unavailable when the device isn't there."""
    if config.device == "cuda" and not torch.cuda.is_available():
        raise Unavailable("cuda", rule="no CUDA device here", remedy="use --device cpu")
    device = torch.device(config.device)
    torch.set_num_threads(config.threads)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    dtype = fastest_dtype(device) if config.dtype == "auto" else getattr(torch, config.dtype)
    return Compute(device, dtype)


def fastest_dtype(device: torch.device, seconds: float = 1.0) -> torch.dtype:
    """bfloat16 or float32, whichever multiplies matrices faster here, measured for about `seconds` on a CPU.

    CPUs with matrix units (AMX) or native bfloat16 gain two to three times from it; others lose half.
    """
    if device.type == "cuda":
        return torch.bfloat16
    counts: dict[torch.dtype, int] = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.ones(1024, 256, dtype=dtype)
        b = torch.ones(256, 1024, dtype=dtype)
        product = a @ b
        end = time.monotonic() + seconds / 2
        counts[dtype] = 0
        while time.monotonic() < end:
            torch.mm(a, b, out=product)
            counts[dtype] += 1
    return max(counts, key=lambda dtype: counts[dtype])
