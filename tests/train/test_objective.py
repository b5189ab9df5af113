"""The loss is the velocity's, on noisy frames only, and repeats itself."""

from dataclasses import replace

import pytest
import torch

from kinora.data.loader import Batch
from kinora.flow.schedule import ForcingConfig
from kinora.train.objective import flow_loss, generator_for

CPU = torch.device("cpu")


@pytest.fixture
def batch() -> Batch:
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(8, 48, 5, 2, 2, generator=random)
    return Batch("full", latents, torch.randn(8, 16, 384, generator=random), torch.ones(8, 16, dtype=torch.bool))


class Oracle:
    """Knows the clean latents, so it can say the velocity exactly; remembers how it was called."""

    def __init__(self, clean, wrong_on_held=False):
        self.clean, self.wrong_on_held = clean, wrong_on_held

    def __call__(self, latent, sigma, text, *, text_mask, blocks, start):
        self.sigma, self.blocks = sigma, blocks
        s = sigma[:, None, :, None, None]
        velocity = (latent - self.clean) / s.clamp(min=1e-6)
        if self.wrong_on_held:
            velocity = velocity + 1000.0 * (s < 0.05)
        return velocity


def test_the_true_velocity_has_no_loss(batch, config):
    loss, _ = flow_loss(Oracle(batch.latents), batch, config, generator_for(0, 0, 0, CPU))
    assert float(loss) < 1e-6


def test_an_untrained_model_has_the_loss_of_zero(batch, config):
    loss, _ = flow_loss(lambda x, *_, **__: torch.zeros_like(x), batch, config, generator_for(0, 0, 0, CPU))
    assert float(loss) == pytest.approx(2, abs=0.15)  # E (noise - clean)^2, both of unit variance


def test_clean_frames_teach_nothing(batch, config):
    prefixes = replace(
        config, forcing=ForcingConfig(same=0.0, independent=0.0, prefix=1.0, full=0.0, tail=0.0, mean=2.0)
    )
    oracle = Oracle(batch.latents, wrong_on_held=True)
    loss, _ = flow_loss(oracle, batch, prefixes, generator_for(0, 0, 0, CPU))
    assert (oracle.sigma < 0.05).any(), "some frames were held clean"
    assert float(loss) < 1e-6


def test_clips_get_causal_blocks_and_stills_none(batch, config):
    causal = replace(config, forcing=ForcingConfig(full=0.0), block=2)
    oracle = Oracle(batch.latents)
    flow_loss(oracle, batch, causal, generator_for(0, 0, 0, CPU))
    assert oracle.blocks == (1, 2, 2)
    oracle = Oracle(batch.latents[:, :, :1])
    flow_loss(oracle, replace(batch, latents=batch.latents[:, :, :1]), causal, generator_for(0, 0, 0, CPU))
    assert oracle.blocks is None


def test_a_step_repeats_itself_and_no_other(batch, config):
    def loss(step, rank=0):
        return float(flow_loss(lambda x, *_, **__: x, batch, config, generator_for(3, step, rank, CPU))[0])

    assert loss(7) == loss(7)
    assert len({loss(7), loss(8), loss(7, rank=1)}) == 3
