import pytest
import torch
from torch import nn
from torch.nn.attention import _registry, current_flash_attention_impl, restore_flash_attention_impl

from kinora.errors import Unavailable
from kinora.models.attention import CrossAttention, RMSNorm, SelfAttention, attend, flash_attention
from kinora.models.rope import rotary_table


@pytest.fixture
def qkv():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, length, 3, 8, generator=generator, requires_grad=True) for length in (5, 7, 7)]


@pytest.mark.parametrize("masked", [False, True])
def test_backends_agree_in_value_and_gradient(qkv, masked):
    mask = torch.tensor([[True] * 7, [True] * 4 + [False] * 3]) if masked else None
    results = []
    for backend in ("sdpa", "math"):
        out = attend(*qkv, mask=mask, backend=backend)
        results.append((out, *torch.autograd.grad(out.square().sum(), qkv)))
    for fast, plain in zip(*results, strict=True):
        torch.testing.assert_close(fast, plain, atol=1e-5, rtol=1e-5)


def test_masked_keys_take_no_part(qkv):
    q, k, v = qkv
    mask = torch.tensor([[True] * 4 + [False] * 3] * 2)
    torch.testing.assert_close(attend(q, k, v, mask=mask), attend(q, k[:, :4], v[:, :4]))


def test_block_causal_attention_equals_a_dense_mask():
    torch.manual_seed(0)
    layer = SelfAttention(24, 2, 1e-6)
    x, ends = torch.randn(2, 9, 24), (2, 5, 9)
    table = rotary_table(12, (9, 1, 1), 0, torch.device("cpu"), torch.float32)
    turns = torch.view_as_complex(table)
    block = torch.tensor([sum(token >= end for end in ends) for token in range(9)])

    def with_dense_mask(x):
        q, k, v = (y.view(2, 9, 2, 12) for y in (layer.norm_q(layer.q(x)), layer.norm_k(layer.k(x)), layer.v(x)))
        q, k = (torch.view_as_real(torch.view_as_complex(y.reshape(2, 9, 2, 6, 2)) * turns).flatten(-2) for y in (q, k))
        scores = torch.einsum("blhd,bshd->bhls", q, k) / 12**0.5
        scores = scores.masked_fill(block[None, :] > block[:, None], float("-inf"))
        return layer.o(torch.einsum("bhls,bshd->blhd", scores.softmax(-1), v).flatten(2))

    torch.testing.assert_close(layer(x, table, ends, None, "sdpa"), with_dense_mask(x), atol=1e-5, rtol=1e-5)


def test_queries_and_keys_are_normalised_over_all_heads_together():
    layer = CrossAttention(24, 2, 1e-6)
    assert layer.norm_q.weight.shape == layer.norm_k.weight.shape == (24,)
    keys = layer.context(torch.randn(1, 5, 24)).keys
    torch.testing.assert_close(keys.flatten(2).square().mean(-1), torch.ones(1, 5))


def test_rms_norm_is_torch_s():
    torch.manual_seed(0)
    ours, torchs = RMSNorm(16, 1e-6), nn.RMSNorm(16, 1e-6)
    nn.init.normal_(ours.weight)
    torchs.load_state_dict(ours.state_dict())
    x, grad = torch.randn(2, 3, 5, 16)[..., :16].requires_grad_(), torch.randn(2, 3, 5, 16)
    y, z = ours(x), torchs(x)
    torch.testing.assert_close(y, z)
    for a, b in zip(torch.autograd.grad(y, (x, ours.weight), grad), torch.autograd.grad(z, (x, torchs.weight), grad),
                    strict=True):  # fmt: skip
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_rms_norm_gradient_against_finite_differences():
    torch.manual_seed(0)
    norm = RMSNorm(6, 1e-3).double()
    assert torch.autograd.gradcheck(norm, torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True))


@pytest.mark.parametrize("version", ["FA3", "FA4"])
def test_a_flash_attention_that_is_not_installed_is_named_with_what_else_does(version):
    with pytest.raises(
        Unavailable, match=rf"FlashAttention {version[-1]}: .*flash_attn.*; build it .*FlashAttention 2"
    ):
        flash_attention(version)


def test_a_flash_attention_that_is_installed_is_used(monkeypatch):
    class Handle:
        def remove(self):
            pass

    monkeypatch.setitem(_registry._FLASH_ATTENTION_IMPLS, "FA3", Handle)
    flash_attention("FA3")
    assert current_flash_attention_impl() == "FA3"
    restore_flash_attention_impl()
    assert current_flash_attention_impl() is None
