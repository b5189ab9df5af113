"""Fused attention against the definition spelt out (softmax of the scores times the values), at kinora-small's sizes.

python benchmarks/attention.py
"""

import time
from typing import get_args

import torch

from kinora.models.attention import Backend, attend


def seconds(backend: Backend, tokens: int, heads: int = 4, width: int = 64, repeats: int = 20) -> float:
    """Time of one attention over `tokens` tokens, batch 2 as under guidance: the best of `repeats`."""
    q, k, v = torch.randn(3, 2, tokens, heads, width)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(repeats):
            begin = time.perf_counter()
            attend(q, k, v, backend=backend)
            best = min(best, time.perf_counter() - begin)
    return best


if __name__ == "__main__":
    for frames in (1, 9, 16):
        tokens = 64 * frames  # 128x128 pixels are 64 tokens per latent frame
        times = {backend: seconds(backend, tokens) for backend in get_args(Backend)}
        print(
            f"{tokens:5d} tokens: math {1e3 * times['math']:.2f} ms, sdpa {1e3 * times['sdpa']:.2f} ms, "
            f"sdpa is {times['math'] / times['sdpa']:.2f} times as fast"
        )
