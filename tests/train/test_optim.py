"""Muon against its definition, and masters that bfloat16 does not wear down."""

import pytest
import torch
from torch import nn

from kinora.models.dit import DiT
from kinora.train.optim import FlowOptimizer, Muon, OptimConfig, is_block_matrix, newton_schulz
from kinora.train.recipes import cpu_tiny


@pytest.fixture
def model() -> DiT:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return DiT(cpu_tiny().model)


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 6, 24), (2, 24, 6)])
def test_newton_schulz_keeps_directions_and_evens_lengths(shape):
    u, _, vt = torch.linalg.svd(torch.randn(shape, generator=torch.Generator().manual_seed(0)), full_matrices=False)
    singular = torch.linspace(1, 5, u.shape[-1])
    result = newton_schulz((u * singular) @ vt)
    inner = u.mT @ result @ vt.mT
    diagonal = inner.diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(inner, torch.diag_embed(diagonal), atol=1e-4, rtol=0)
    assert diagonal.min() > 0.6
    assert diagonal.max() < 1.3


def test_a_zero_gradient_stays_zero():
    assert torch.equal(newton_schulz(torch.zeros(1, 4, 4)), torch.zeros(1, 4, 4))


def test_muon_is_momentum_then_orthogonal_then_scaled():
    weights = [nn.Parameter(torch.randn(12, 4, generator=torch.Generator().manual_seed(k))) for k in range(2)]
    before = [w.detach().clone() for w in weights]
    gradients = [
        [torch.randn(12, 4, generator=torch.Generator().manual_seed(10 * s + k)) for k in (0, 1)] for s in (1, 2)
    ]
    optimizer = Muon(weights, lr=0.1, momentum=0.9, weight_decay=0.5)
    for given in gradients:
        for weight, gradient in zip(weights, given, strict=True):
            weight.grad = gradient.clone()
        optimizer.step()
    for k, weight in enumerate(before):
        momentum = torch.zeros_like(weight)
        for given in gradients:
            momentum = 0.9 * momentum + 0.1 * given[k]
            update = newton_schulz((0.1 * given[k] + 0.9 * momentum)[None])[0]
            weight = weight * (1 - 0.1 * 0.5) - 0.1 * 3**0.5 * update  # 12 rows to 4 columns
        torch.testing.assert_close(weights[k].detach(), weight)


def test_only_matrices_of_blocks_go_to_muon(model):
    taken = {name for name, param in model.named_parameters() if is_block_matrix(name, param)}
    assert "blocks.0.self_attn.q.weight" in taken
    assert "blocks.1.ffn.2.weight" in taken
    assert not any(word in name for name in taken for word in ("bias", "norm", "modulation", "embedding", "head."))
    optimizer = FlowOptimizer(model, OptimConfig())
    counts = [sum(len(g["params"]) for g in o.param_groups) for o in (optimizer.muon, optimizer.adam)]
    assert counts == [len(taken), len(list(model.parameters())) - len(taken)]


def test_gradients_are_clipped_and_their_norm_told(model):
    optimizer = FlowOptimizer(model, OptimConfig(clip=0.5))
    for param in model.parameters():
        param.grad = torch.full_like(param, 0.1)
    expected = 0.1 * sum(param.numel() for param in model.parameters()) ** 0.5
    assert float(optimizer.gather()) == pytest.approx(expected, rel=1e-4)
    clipped = torch.cat([param.grad.flatten() for param in model.parameters() if param.grad is not None])
    assert float(clipped.norm()) == pytest.approx(0.5, rel=1e-3)


def test_masters_remember_what_bfloat16_would_round_away(model):
    model.bfloat16()
    optimizer = FlowOptimizer(model, OptimConfig(adam_lr=1e-5, muon_lr=1e-5, weight_decay=0.0))
    start = {name: master.detach().clone() for name, master in optimizer.masters.items()}
    name = "patch_embedding.bias"
    optimizer.load_masters({key: torch.ones_like(tensor) for key, tensor in start.items()})
    for _ in range(30):
        for param in model.parameters():
            param.grad = torch.ones_like(param)
        optimizer.gather()
        optimizer.apply(1.0)
    assert optimizer.masters[name].dtype == torch.float32
    torch.testing.assert_close(optimizer.masters[name].detach(), torch.full_like(start[name], 1 - 30e-5))
    published = dict(model.named_parameters())[name]
    assert torch.equal(published, optimizer.masters[name].bfloat16())
    assert all(param.grad is None for param in model.parameters())


def test_the_rate_scales_both_optimizers(model):
    optimizer = FlowOptimizer(model, OptimConfig())
    before = {name: param.detach().clone() for name, param in model.named_parameters()}
    for param in model.parameters():
        param.grad = torch.ones_like(param)
    optimizer.gather()
    optimizer.apply(0.0)
    assert all(torch.equal(param, before[name]) for name, param in model.named_parameters())
    optimizer.apply(1.0)
    assert not any(torch.equal(param, before[name]) for name, param in model.named_parameters())
