"""The head learns from a block's tokens, and leaves nothing behind."""

from dataclasses import replace

import torch

from kinora.data.motion import CHANNELS
from kinora.models.dit import DiT, DiTConfig
from kinora.train.loop import FlowRun
from kinora.train.motion_head import MotionHead
from kinora.train.objective import flow_loss, generator_for

TINY = DiTConfig(dim=32, heads=2, layers=4, ffn_dim=64, freq_dim=32)


def test_it_hears_the_block_at_its_depth_and_only_while_listening():
    model = DiT(TINY)
    head = MotionHead(model, depth=0.5)
    outputs = []
    model.blocks[1].register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    arguments = torch.randn(2, 48, 3, 2, 2), torch.rand(2, 3), torch.randn(2, 4, 384)
    with head.listening() as heard:
        model(*arguments)
    model(*arguments)
    assert len(heard) == 1
    assert heard[0] is outputs[0]
    assert not set(map(id, head.parameters())) & set(map(id, model.parameters()))


def test_tokens_are_compared_with_the_targets_of_their_place():
    head = MotionHead(DiT(TINY))
    torch.nn.init.zeros_(head.layers[-1].weight)
    torch.nn.init.zeros_(head.layers[-1].bias)
    tokens = torch.randn(1, 3, 4, 32)  # 3 latent frames of 2 x 2
    targets = torch.zeros(1, len(CHANNELS), 3, 2, 2)
    targets[0, 1, 2, 1, 0] = 6.0
    assert head.loss(tokens, targets).item() == (36 / targets.numel())
    named = {(1, 2, 1, 0)}
    wrong = head.layers(tokens.flatten(1, 2)).unflatten(1, (3, 2, 2)) - targets.permute(0, 2, 3, 4, 1)
    assert {tuple(place) for place in wrong[0].nonzero()[:, [3, 0, 1, 2]].tolist()} == named


def test_a_step_trains_head_and_transformer_and_ships_the_transformer_alone(config, cache):
    run = FlowRun(replace(config, motion=0.5), cache)
    batch = run.loader.batch(0, {"full": 1.0}).to(torch.device("cpu"), torch.float32)
    batch = replace(batch, motion=torch.randn(len(batch.latents), len(CHANNELS), *batch.latents.shape[2:]))
    _, error = flow_loss(run.model, batch, run.config, generator_for(0, 0, 0, torch.device("cpu")), run.motion)
    assert error is not None
    before = [param.detach().clone() for param in run.motion.parameters()]
    run.advance(batch, 0.5)
    assert any(not torch.equal(a, b) for a, b in zip(before, run.motion.parameters(), strict=True))
    assert "motion" in run.meter.losses
    assert set(run.ema.tensors) == set(run.model.state_dict())
    other = FlowRun(replace(config, motion=0.5), cache)
    other.restore(run.state())
    for a, b in zip(run.motion.parameters(), other.motion.parameters(), strict=True):
        assert torch.equal(a, b)


def test_weights_without_a_head_start_a_run_that_has_one(config, cache):
    plain = FlowRun(config, cache)
    run = FlowRun(replace(config, motion=0.5), cache)
    run.start_from(plain.state().model)
    assert all(torch.equal(run.optimizer.masters[name], tensor) for name, tensor in plain.state().model.items())
