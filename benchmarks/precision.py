"""Is bfloat16 faster than float32 on this CPU? The answer decides the dtype that training computes in.

python benchmarks/precision.py
"""

import time

import torch


def gflops(dtype: torch.dtype, side: int = 1536, seconds: float = 1.0) -> float:
    """Speed of square matrix products, in 1e9 floating-point operations per second: the best of many."""
    a, b = torch.randn(2, side, side).to(dtype)
    best = float("inf")
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        begin = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - begin)
    return 2 * side**3 / best / 1e9


if __name__ == "__main__":
    single, half = gflops(torch.float32), gflops(torch.bfloat16)
    print(f"threads {torch.get_num_threads()}: float32 {single:.0f} GFLOP/s, bfloat16 {half:.0f} GFLOP/s")
    print(f"bfloat16 / float32 = {half / single:.2f}")
