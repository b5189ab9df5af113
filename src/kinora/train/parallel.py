"""Several processes training one model in lockstep: each takes a share of every batch, gradients are averaged.

On a CPU this is the fast way to use several cores: the products of a small model are too short to split over threads.
Start it with torchrun (`torchrun --nproc-per-node 2 -m kinora train flow ...`); one process needs nothing.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["Ranks"]


@dataclass(frozen=True)
class Ranks:
    """This process's place among `size` equal ones; alone, every method does nothing."""

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls, device: str = "cpu") -> "Ranks":
        """Meet the other processes that torchrun started, if it did."""
        if "RANK" not in os.environ:
            return cls()
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device == "cuda" else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this process speaks and writes for all."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over all processes; one message for all of them."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.size
        torch._foreach_copy_(
            [tensor.view(-1) for tensor in tensors], list(torch.split(flat, [tensor.numel() for tensor in tensors]))
        )

    def agree(self, value: float) -> float:
        """The first process's value: clocks differ, and what depends on them must not."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(shared, 0)
        return float(shared)

    def share(self, rows: Tensor) -> Tensor:
        """This process's part of rows [n, ...]: contiguous, of ceil(n / size) rows or fewer at the end."""
        return rows if self.size == 1 else rows[self.rank * self._part(len(rows)) :][: self._part(len(rows))]

    def gather(self, rows: Tensor, total: int) -> Tensor:
        """Put the parts that `share` dealt out together again: [total, ...] on every process."""
        if self.size == 1:
            return rows
        part = self._part(total)
        padded = torch.cat([rows, rows.new_zeros(part - len(rows), *rows.shape[1:])])
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(parts, padded.contiguous())
        return torch.cat(parts)[:total]

    def _part(self, total: int) -> int:
        return -(-total // self.size)
