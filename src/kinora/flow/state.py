"""What is being generated: noise, and the parts of it that are given rather than made.

Every task is this one state with other tokens held clean: a held first frame is image to video, a held start is
extension, a held end is extension backwards. Conditions (`kinora.flow.conditions`) do the holding.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class LatentState:
    """Latents before they are solved.

    latent: the point the solver starts from, at sigma `start` (1 = pure noise).
    clean: the content of held tokens; whatever it says elsewhere is not used.
    mask: 1 = generate, 0 = hold clean; between, a token starts from that much noise over its clean content.
    """

    latent: Float[Tensor, "b c t h w"]
    clean: Float[Tensor, "b c t h w"]
    mask: Float[Tensor, "b 1 t h w"]
    start: float = 1.0

    @classmethod
    def noise(cls, seeds: Sequence[int], shape: tuple[int, int, int, int]) -> "LatentState":
        """Pure noise of `shape` (c, t, h, w) to be generated throughout: one sample per seed."""
        latent = SeededNoise(seeds)(shape)
        return cls(latent=latent, clean=torch.zeros_like(latent), mask=torch.ones_like(latent[:, :1]))

    def sigma(self, sigma: float | Tensor) -> Float[Tensor, "b t"] | Float[Tensor, "b t h w"]:
        """The noise level of every part when the solver is at `sigma`: mask * sigma.

        Per latent frame when each frame is held or generated as a whole, else per token.
        """
        tokens = self.mask[:, 0]
        frames = tokens[:, :, :1, :1]
        return (frames[:, :, 0, 0] if bool((tokens == frames).all()) else tokens) * sigma

    def begin(self) -> Float[Tensor, "b c t h w"]:
        """The point to solve from: `latent` where generated, `clean` where held."""
        return self.pin(torch.lerp(self.clean, self.latent, self.mask.to(self.latent.dtype)))

    def pin(self, x: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b c t h w"]:
        """`x` with every held token exactly clean again."""
        return torch.where(self.mask == 0, self.clean, x)

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "LatentState":
        """The same state elsewhere; the mask keeps its own dtype."""
        return replace(
            self,
            latent=self.latent.to(device, dtype),
            clean=self.clean.to(device, dtype),
            mask=self.mask.to(device),
        )

    def split(self, sizes: Sequence[int]) -> Iterator["LatentState"]:
        """The state in blocks of latent frames, for `rollout`."""
        end = 0
        for size in sizes:
            begin, end = end, end + size
            yield replace(
                self,
                latent=self.latent[:, :, begin:end],
                clean=self.clean[:, :, begin:end],
                mask=self.mask[:, :, begin:end],
            )


class SeededNoise:
    """Normal noise for a batch, every sample from a generator of its own.

    Drawn in float32 on the CPU: a seed gives the same noise on every device, in a batch or alone. Each call goes on
    where the last one stopped, so a stream of any length can be drawn block after block.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, shape: tuple[int, int, int, int]) -> Float[Tensor, "b c t h w"]:
        """The next noise of `shape` (c, t, h, w)."""
        return torch.stack([torch.randn(shape, generator=generator) for generator in self._generators])
