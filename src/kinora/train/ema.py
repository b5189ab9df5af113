"""The exponential moving average of the weights: what held-out losses, sheets and the exported model use."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["Ema"]


class Ema:
    """A float32 average of named tensors whose memory grows with the run: min(decay, (1 + n) / (10 + n)).

    Without that warm-up the first weights, which are noise, would weigh 37 % after a thousand steps of decay .999.
    """

    def __init__(self, tensors: Mapping[str, Tensor], decay: float = 0.999) -> None:
        self.decay = decay
        self.num_updates = 0
        self.tensors = {name: tensor.detach().float().clone() for name, tensor in tensors.items()}

    @torch.no_grad()
    def update(self, tensors: Mapping[str, Tensor]) -> None:
        """Move the average towards `tensors` (the names it was made from) by one step."""
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        self.num_updates += 1
        torch._foreach_lerp_(list(self.tensors.values()), [tensors[name].detach() for name in self.tensors], 1 - decay)

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[nn.Module]:
        """The model with averaged weights inside the `with` block, and its own weights again after it."""
        params = dict(model.named_parameters())
        kept = {name: params[name].detach().clone() for name in self.tensors}
        _overwrite(params, self.tensors)
        try:
            yield model
        finally:
            _overwrite(params, kept)

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor], num_updates: int) -> None:
        """Restore an average saved earlier, and how many updates made it."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])
        self.num_updates = num_updates


@torch.no_grad()
def _overwrite(params: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    for name, value in values.items():
        params[name].copy_(value)
