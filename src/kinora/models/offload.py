"""Blocks of a transformer that live in the machine's memory and visit the device one after another.

    Offload(dit.blocks, device)     # from now on each block comes before it is used and leaves after

While one block computes the next is copied on a second stream, so that on a device busy with large clips the copies
cost no time. The numbers are the same to the bit: only where the weights lie changes. For inference: what autograd
saves of a block would be written over by the next but one.
"""

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

ALIGNED = 256
"""Bytes: where the tensors of a block begin, as the device's own allocator has them."""


def visit(blocks: nn.ModuleList, device: torch.device) -> None:
    """Have each block come to `device` for its own forward pass and leave: for networks that are used once and let go.

    Nothing is pinned, copied at home or fetched ahead. Weights that a file is mapped to are read when their turn comes
    and take no memory but the visitor's. The numbers are the same to the bit.
    """
    for block in blocks:
        tensors = [*block.parameters(), *block.buffers()]
        homes = [one.data for one in tensors]
        block.register_forward_pre_hook(partial(_come, tensors, device))
        block.register_forward_hook(partial(_go, tensors, homes))


def _come(tensors: Sequence[Tensor], device: torch.device, _block: nn.Module, _given: Any) -> None:
    for one in tensors:
        one.data = one.data.to(device, copy=True)


def _go(tensors: Sequence[Tensor], homes: Sequence[Tensor], _block: nn.Module, _given: Any, _out: Any) -> None:
    for one, home in zip(tensors, homes, strict=True):
        one.data = home


class Offload:
    """Brings the blocks of a list to `device` in their order, two at a time, and keeps them elsewhere otherwise.

    There are two places on the device, and a third block waits for one of them: the host runs ahead of the device, and
    memory that each visit asked for anew would grow with how far.
    """

    def __init__(self, blocks: nn.ModuleList, device: torch.device) -> None:
        self._homes = [_Home(block, device) for block in blocks]
        size = max(home.size for home in self._homes)
        self._places = [_Place(size, device) for _ in range(2)]
        self.most = 0
        for index, block in enumerate(blocks):
            block.register_forward_pre_hook(partial(self._arrive, index))
            block.register_forward_hook(partial(self._leave, index))
            # Keys and values of the text are asked for outside of a forward pass, once for all steps.
            seen = cast(Any, block)
            seen.context = self._visiting(index, seen.context)

    def _arrive(self, index: int, _block: nn.Module, _given: Any) -> None:
        place = self._fetch(index)
        place.wait()
        self._fetch((index + 1) % len(self._homes), beside=place)

    def _leave(self, index: int, _block: nn.Module, _given: Any, _out: Any) -> None:
        self._fetch(index).release()

    def _visiting(self, index: int, function: Callable[..., Any]) -> Callable[..., Any]:
        def visiting(*given: Any, **named: Any) -> Any:
            place = self._fetch(index)
            place.wait()
            try:
                return function(*given, **named)
            finally:
                place.release()

        return visiting

    def _fetch(self, index: int, beside: "_Place | None" = None) -> "_Place":
        """Where block `index` is or will be; not `beside`, which is in use."""
        home = self._homes[index]
        for place in self._places:
            if place.guest is home:
                return place
        free = [place for place in self._places if place is not beside]
        place = next((place for place in free if place.guest is None), free[0])
        place.release()  # who is still there was fetched for a pass that failed
        place.receive(home)
        self.most = max(self.most, sum(place.guest is not None for place in self._places))
        return place


class _Home:
    """Where one block's tensors lie when it is not on the device: side by side in pinned memory, copied as one."""

    def __init__(self, block: nn.Module, device: torch.device) -> None:
        self._tensors: list[Tensor] = [*block.parameters(), *block.buffers()]
        self._begins, self.size = [], 0
        for one in self._tensors:
            self._begins.append(self.size)
            self.size += -(-one.nbytes // ALIGNED) * ALIGNED
        self.memory = torch.empty(self.size, dtype=torch.uint8)
        if device.type == "cuda":
            pin(self.memory, self, device)
        self._at_home = self._views(self.memory)
        for tensor, home in zip(self._tensors, self._at_home, strict=True):
            home.copy_(tensor.data)
        self.come_back()

    def go(self, memory: Tensor) -> None:
        """Use the copy there."""
        for tensor, there in zip(self._tensors, self._views(memory), strict=True):
            tensor.data = there

    def come_back(self) -> None:
        """Use what lies here."""
        for tensor, home in zip(self._tensors, self._at_home, strict=True):
            tensor.data = home

    def _views(self, memory: Tensor) -> list[Tensor]:
        return [
            memory[begin : begin + one.nbytes].view(one.dtype).view(one.shape)
            for begin, one in zip(self._begins, self._tensors, strict=True)
        ]


def pin(memory: Tensor, owner: object, device: torch.device) -> None:
    """Lock memory for as long as `owner` lives, so that it is copied to a GPU while that computes.

    Registered rather than asked of torch, which rounds what it pins up to a power of two: a block of Wan's 14B has
    0.70 GB and would take 1.07.
    """
    cudart = torch.cuda.cudart()  # type: ignore[no-untyped-call]
    torch.cuda.check_error(cudart.cudaHostRegister(memory.data_ptr(), memory.nbytes, 0))
    weakref.finalize(owner, _unpin, memory.data_ptr(), device)


def _unpin(address: int, device: torch.device) -> None:
    torch.cuda.synchronize(device)  # a copy that nobody waited for may be under way
    torch.cuda.cudart().cudaHostUnregister(address)  # type: ignore[no-untyped-call]


class _Place:
    """Room for one block on the device."""

    def __init__(self, size: int, device: torch.device) -> None:
        self.guest: _Home | None = None
        self._memory = torch.empty(size, dtype=torch.uint8, device=device)
        self._device, self._copies = device, None
        if device.type == "cuda":
            self._copies = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            self._memory.record_stream(self._copies)  # who has it next waits for a copy that nobody waited for
            self._copied, self._left = torch.cuda.Event(), torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._left.record(torch.cuda.current_stream(device))  # whoever had this memory before may still compute

    def receive(self, home: _Home) -> None:
        """Begin to copy, as soon as what is computed with the guest before is done."""
        self.guest = home
        if self._copies is None:
            self._memory[: home.size].copy_(home.memory)
        else:
            self._copies.wait_event(self._left)
            with torch.cuda.stream(self._copies):
                self._memory[: home.size].copy_(home.memory, non_blocking=True)
            self._copied.record(self._copies)
        home.go(self._memory)

    def wait(self) -> None:
        """Have what is computed from now on wait for the copy."""
        if self._copies is not None:
            torch.cuda.current_stream(self._device).wait_event(self._copied)

    def release(self) -> None:
        """Send the guest home; what is computed with it here may still be under way."""
        if self.guest is None:
            return
        self.guest.come_back()
        self.guest = None
        if self._copies is not None:
            self._left.record(torch.cuda.current_stream(self._device))
