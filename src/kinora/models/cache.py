"""Rolling key-value cache: what a streaming transformer remembers of the clean latent frames before a block.

A cache keeps the first `sink` latent frames and the most recent ones, `window` frames in all together with the block
being generated. Keys are kept unrotated; each read places them at positions 0, 1, 2, ... so that however long the
video, no position exceeds those of a clip of `window` latent frames, the length seen in training.

    cache = dit.cache(window=9, sink=1)
    for block in blocks:
        ...                                               # solver steps: dit(x, sigma, text, cache=cache) only reads
        dit(clean, torch.zeros(b), text, cache=cache)     # one pass over the clean block
        cache.append()                                    # remember that pass
"""

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.models.rope import rotate


class KVCache:
    """Keys and values of every layer for the remembered latent frames; one cache serves one batch of videos."""

    def __init__(self, layers: int, *, window: int, sink: int = 0) -> None:
        if not 0 <= sink < window:
            raise ValueError(f"{sink=} latent frames: must be at least 0 and less than {window=}")
        self.window, self.sink = window, sink
        self.frames = 0  # latent frames remembered
        self._fresh = 0  # latent frames of the last pass, not remembered yet
        self._layers = [LayerCache() for _ in range(layers)]

    def begin(self, frames: int) -> list["LayerCache"]:
        """Forget the oldest frames after the sink until `frames` more fit the window; return the layers to read."""
        if frames > self.window - min(self.sink, self.frames):  # a first block has no sink beside it yet
            raise ValueError(f"a block of {frames} latent frames does not fit {self.window=} beside {self.sink=}")
        excess = self.frames + frames - self.window
        if excess > 0:
            for layer in self._layers:
                layer.forget(self.sink, excess, self.frames)
            self.frames -= excess
        self._fresh = frames
        return self._layers

    def append(self) -> None:
        """Remember the keys and values of the last forward pass; that should have been over clean latents."""
        if not self._fresh:
            raise ValueError("no forward pass to remember since the last append")
        for layer in self._layers:
            layer.append()
        self.frames += self._fresh
        self._fresh = 0

    def clear(self) -> None:
        """Forget everything, as before the first block."""
        self.frames = self._fresh = 0
        self._layers = [LayerCache() for _ in self._layers]


class LayerCache:
    """One layer's share of a KVCache. Gradients do not flow into the past."""

    def __init__(self) -> None:
        self._keys: Tensor | None = None  # unrotated
        self._values: Tensor | None = None
        self._roped: Tensor | None = None  # the keys at their present positions; made on the first read after a change
        self._fresh: tuple[Tensor, Tensor] | None = None

    def extend(
        self,
        keys: Float[Tensor, "b l h e"],
        roped: Float[Tensor, "b l h e"],
        values: Float[Tensor, "b l h e"],
        table: Float[Tensor, "c 1 half 2"],
    ) -> tuple[Float[Tensor, "b all h e"], Float[Tensor, "b all h e"]]:
        """Put the remembered (rotated) keys and values before those of a block, and note the block for `append`."""
        self._fresh = keys.detach(), values.detach()
        if self._keys is None or self._values is None:
            return roped, values
        if self._roped is None:
            self._roped = rotate(self._keys, table)
        return torch.cat((self._roped, roped), dim=1), torch.cat((self._values, values), dim=1)

    def append(self) -> None:
        """Move the noted block into memory."""
        assert self._fresh is not None
        keys, values = self._fresh
        self._keys = keys if self._keys is None else torch.cat((self._keys, keys), dim=1)
        self._values = values if self._values is None else torch.cat((self._values, values), dim=1)
        self._roped = self._fresh = None

    def forget(self, sink: int, count: int, frames: int) -> None:
        """Drop `count` of the `frames` remembered latent frames, beginning after the first `sink`."""
        assert self._keys is not None
        assert self._values is not None
        per_frame = self._keys.shape[1] // frames
        begin, end = sink * per_frame, (sink + count) * per_frame
        self._keys = torch.cat((self._keys[:, :begin], self._keys[:, end:]), dim=1)
        self._values = torch.cat((self._values[:, :begin], self._values[:, end:]), dim=1)
        self._roped = None
