"""What this machine has to offer a large model: memory, and matrix products a second, measured in a moment."""

import time

import torch

from kinora.engine.memory import total_memory
from kinora.engine.open.forecast import BFLOAT16, FLOAT32, Machine

SIDES = {"cuda": 8192, "cpu": 1024}


def here() -> Machine:
    """The device that `kinora generate` would use."""
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        memory = free + torch.cuda.memory_reserved()  # what other programs hold can't be had; what this one does, can
        name = torch.cuda.get_device_name()
        return Machine(memory=float(memory), flops=_flops("cuda", torch.bfloat16), act=BFLOAT16, name=name)
    name = f"{torch.get_num_threads()} CPU threads"
    return Machine(memory=float(total_memory()), flops=_flops("cpu", torch.float32), act=FLOAT32, name=name)


def _flops(device: str, dtype: torch.dtype) -> float:
    """Operations a second of one large product, the best of three."""
    side = SIDES[device]
    a = torch.ones(side, side, device=device, dtype=dtype)
    best = 0.0
    for _ in range(4):  # the first one also wakes the device
        start = time.perf_counter()
        a @ a
        if device == "cuda":
            torch.cuda.synchronize()
        best = max(best, 2 * side**3 / (time.perf_counter() - start))
    return best
