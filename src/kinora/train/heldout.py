"""The held-out loss: fixed samples, captions, noise and noise levels, so that only the weights make a difference."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kinora.data.cache import LatentCache, Samples
from kinora.data.loader import Batch, Loader, LoaderConfig
from kinora.flow import path
from kinora.train.compute import Compute
from kinora.train.config import HeldOutConfig

__all__ = ["HeldOut"]


class HeldOut:
    """Stills and whole clips no step trains on; every caption is kept and attention is full."""

    def __init__(self, cache: LatentCache, config: HeldOutConfig, loader: LoaderConfig, compute: Compute) -> None:
        self.config, self.compute = config, compute
        everything = Loader(cache, replace(loader, null=0.0), seed=0)
        self.batches: dict[str, list[Batch]] = {
            "still": self._collate(everything, "still", cache.images, config.images),
            "full": self._collate(everything, "full", cache.clips, config.clips),
        }

    def _collate(self, loader: Loader, bucket: str, samples: Samples, most: int) -> list[Batch]:
        number = min(most, len(samples))
        if not number:
            return []
        _, t, h, w = samples[0].shard.shape[1:]
        size = max(1, self.config.tokens // (t * h * w))
        random = np.random.default_rng(0)
        rows = [samples[k] for k in range(number)]
        return [loader.collate(bucket, rows[start : start + size], random) for start in range(0, number, size)]

    @torch.no_grad()
    def losses(self, model: Callable[..., Tensor], buckets: set[str]) -> dict[str, float]:
        """Velocity error per bucket and sigma, as {"still@0.5": ...}, and the mean over sigmas as {"still": ...}."""
        result: dict[str, float] = {}
        for bucket, batches in self.batches.items():
            if bucket not in buckets or not batches:
                continue
            errors = [
                sum(self._error(model, batch, sigma, k) * len(batch.latents) for k, batch in enumerate(batches))
                / sum(len(batch.latents) for batch in batches)
                for sigma in self.config.sigmas
            ]
            result |= {f"{bucket}@{sigma}": error for sigma, error in zip(self.config.sigmas, errors, strict=True)}
            result[bucket] = sum(errors) / len(errors)
        return result

    def _error(self, model: Callable[..., Tensor], batch: Batch, sigma: float, index: int) -> float:
        # Noise is drawn on the CPU for every device, so that one set of weights scores the same everywhere.
        noise = torch.randn(batch.latents.shape, generator=torch.Generator().manual_seed(index))
        noise = noise.to(self.compute.device)
        batch = batch.to(self.compute.device, self.compute.dtype)
        clean = batch.latents.float()
        sigmas = torch.full(clean.shape[:1] + clean.shape[2:3], sigma, device=clean.device)
        noisy = path.mix(clean, noise, sigmas).to(batch.latents.dtype)
        predicted = model(noisy, sigmas, batch.text, text_mask=batch.mask, blocks=None)
        return float((predicted.float() - path.velocity(clean, noise)).square().mean())
