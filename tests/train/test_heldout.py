"""Held-out losses move with the weights and with nothing else."""

from dataclasses import replace

import pytest
import torch

from kinora.train.compute import Compute
from kinora.train.heldout import HeldOut

COMPUTE = Compute(torch.device("cpu"), torch.float32)


def zero(latent, sigma, text, *, text_mask, blocks):
    return torch.zeros_like(latent)


def test_zero_velocity_scores_the_variance_of_the_path(config, cache):
    losses = HeldOut(cache, config.held_out, config.loader, COMPUTE).losses(zero, {"still", "full"})
    for bucket in ("still", "full"):
        assert losses[f"{bucket}@0.5"] == pytest.approx(2, abs=0.3)  # noise of variance 1, latents near 1
        assert losses[bucket] == pytest.approx(sum(losses[f"{bucket}@{s}"] for s in config.held_out.sigmas) / 5)


def test_the_same_weights_score_the_same(config, cache):
    held_out = HeldOut(cache, config.held_out, config.loader, COMPUTE)
    again = HeldOut(cache, config.held_out, config.loader, COMPUTE)
    assert held_out.losses(zero, {"still"}) == held_out.losses(zero, {"still"}) == again.losses(zero, {"still"})


def test_sizes_of_batches_change_nothing_but_rounding(config, cache):
    def sigma_told(latent, sigma, text, *, text_mask, blocks):
        return latent * sigma[:, None, :, None, None]

    many = HeldOut(cache, replace(config.held_out, images=6), config.loader, COMPUTE)
    assert sum(len(batch.latents) for batch in many.batches["still"]) == 6
    assert all(batch.text.abs().sum() > 0 for batch in many.batches["still"])
    assert many.losses(sigma_told, {"still"})["still"] > 0


def test_only_what_is_learnt_is_measured(config, cache):
    losses = HeldOut(cache, config.held_out, config.loader, COMPUTE).losses(zero, {"still"})
    assert {name.split("@")[0] for name in losses} == {"still"}


def test_captions_are_never_dropped(config, cache):
    loader = replace(config.loader, null=1.0)
    batch = HeldOut(cache, config.held_out, loader, COMPUTE).batches["full"][0]
    assert (batch.mask.sum(1) > len(cache.null)).all()
