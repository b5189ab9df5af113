"""Blocks of a transformer that live in the machine's memory and visit the device one after another.

    Offload(dit.blocks, device)     # from now on each block comes before it is used and leaves after

While one block computes the next is copied on a second stream, so that on a device busy with large clips the copies
cost no time. The numbers are the same to the bit: only where the weights lie changes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn


class Offload:
    """Brings the blocks of a list to `device` in their order, two at a time, and keeps them elsewhere otherwise."""

    def __init__(self, blocks: nn.ModuleList, device: torch.device) -> None:
        self._homes = [_Home(block, device) for block in blocks]
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self.most = self._there = 0
        for index, block in enumerate(blocks):
            block.register_forward_pre_hook(partial(self._arrive, index))
            block.register_forward_hook(partial(self._leave, index))
            # Keys and values of the text are asked for outside of a forward pass, once for all steps.
            seen = cast(Any, block)
            seen.context = self._visiting(index, seen.context)

    def _arrive(self, index: int, _block: nn.Module, _given: Any) -> None:
        self._fetch(index)
        if self._stream is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._stream)
        self._fetch((index + 1) % len(self._homes))

    def _leave(self, index: int, _block: nn.Module, _given: Any, _out: Any) -> None:
        self._release(index)

    def _visiting(self, index: int, function: Callable[..., Any]) -> Callable[..., Any]:
        def visiting(*given: Any, **named: Any) -> Any:
            self._fetch(index)
            if self._stream is not None:
                torch.cuda.current_stream(self._device).wait_stream(self._stream)
            try:
                return function(*given, **named)
            finally:
                self._release(index)

        return visiting

    def _fetch(self, index: int) -> None:
        if self._homes[index].away:
            return
        if self._stream is None:
            self._homes[index].go()
        else:
            self._stream.wait_stream(torch.cuda.current_stream(self._device))
            with torch.cuda.stream(self._stream):
                self._homes[index].go()
        self._there += 1
        self.most = max(self.most, self._there)

    def _release(self, index: int) -> None:
        if self._homes[index].away:
            self._homes[index].come_back(self._device)
            self._there -= 1


class _Home:
    """Where one block's tensors lie when it is not on the device: in pinned memory, from which copies are fast."""

    def __init__(self, block: nn.Module, device: torch.device) -> None:
        self.away = False
        self._device = device
        self._tensors: list[Tensor] = [*block.parameters(), *block.buffers()]
        self._at_home = [one.data.cpu() for one in self._tensors]
        if device.type == "cuda":
            self._at_home = [one.pin_memory() for one in self._at_home]
        for tensor, home in zip(self._tensors, self._at_home, strict=True):
            tensor.data = home

    def go(self) -> None:
        for tensor, home in zip(self._tensors, self._at_home, strict=True):
            # On the CPU a copy, too: what is tested there is that nothing else is used.
            tensor.data = home.to(self._device, non_blocking=True, copy=True)
        self.away = True

    def come_back(self, device: torch.device) -> None:
        for tensor, home in zip(self._tensors, self._at_home, strict=True):
            if device.type == "cuda":
                tensor.data.record_stream(torch.cuda.current_stream(device))
            tensor.data = home
        self.away = False
