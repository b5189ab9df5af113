"""What this machine has to offer a large model: memory, and matrix products a second, measured in a moment."""

import time

import torch

from kinora.engine.memory import total_memory
from kinora.engine.open.forecast import BFLOAT16, FLOAT32, Machine

SIDES = {"cuda": 8192, "cpu": 1024}


def here(device: str = "cuda") -> Machine:
    """The device that `kinora generate` would use, or the GPU of that name where there is one."""
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info(device)
        memory = free + torch.cuda.memory_reserved(device)  # what this process holds can be had, others' can't
        name = torch.cuda.get_device_name(device)
        return Machine(memory=float(memory), flops=_flops(device, torch.bfloat16), act=BFLOAT16, name=name)
    name = f"{torch.get_num_threads()} CPU threads"
    return Machine(memory=float(total_memory()), flops=_flops("cpu", torch.float32), act=FLOAT32, name=name)


def _flops(device: str, dtype: torch.dtype) -> float:
    """Operations a second of one large product, the best of three."""
    side = SIDES[device.partition(":")[0]]
    a = torch.ones(side, side, device=device, dtype=dtype)
    best = 0.0
    for _ in range(4):  # the first one also wakes the device
        start = time.perf_counter()
        a @ a
        if device != "cpu":
            torch.cuda.synchronize(device)
        best = max(best, 2 * side**3 / (time.perf_counter() - start))
    return best
