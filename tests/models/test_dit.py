import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from kinora.checkpoints.wan.keys import from_diffusers
from kinora.models.dit import DiT, DiTConfig

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "wan"
TINY = DiTConfig(dim=48, heads=2, layers=2, ffn_dim=64, in_channels=4, out_channels=4, text_dim=16, freq_dim=32)

WAN = DiTConfig(
    dim=48, heads=4, layers=2, ffn_dim=64, in_channels=16, out_channels=16, patch=(1, 2, 2), text_dim=32, freq_dim=256
)


@pytest.fixture(scope="module", params=["t2v", "i2v"])
def wan(request):
    path = FIXTURES / f"dit_{request.param}.safetensors"
    if not path.exists():
        pytest.skip("the numbers made by diffusers are not beside this checkout")
    tensors = load_file(path)
    config = WAN if request.param == "t2v" else replace(WAN, in_channels=36, image_dim=20)
    model = DiT(config).eval()
    ours = from_diffusers(model.state_dict())
    model.load_state_dict({ours[k[2:]]: v for k, v in tensors.items() if k.startswith("w.")})
    with torch.no_grad():
        return model, tensors, model.text_context(tensors["ctx"], image=tensors.get("in.encoder_hidden_states_image"))


@pytest.mark.parametrize("backend", ["sdpa", "math"])
def test_same_numbers_as_wan_with_one_sigma_per_sample(wan, backend):
    model, tensors, context = wan
    model.backend = backend
    with torch.no_grad():
        y = model(tensors["x"], tensors["t"].double() / 1000, context)
    torch.testing.assert_close(y, tensors["y"], atol=2e-4, rtol=0)


def test_same_numbers_as_wan_with_one_sigma_per_token(wan):
    model, tensors, context = wan
    with torch.no_grad():
        y = model(tensors["x"], tensors["t_token"].double().view(1, 3, 4, 5) / 1000, context)
    torch.testing.assert_close(y, tensors["y_token"], atol=2e-4, rtol=0)


def test_image_tokens_need_a_branch(tiny, batch):
    with pytest.raises(ValueError, match="image_dim"):
        tiny.text_context(batch[2], image=torch.randn(2, 3, 20))


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    model = DiT(TINY).eval()
    torch.nn.init.normal_(model.head.head.weight, std=0.2)
    return model


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 4, 3, 2, 4, generator=generator), torch.rand(2, generator=generator), torch.randn(
        2, 5, 16, generator=generator
    )  # fmt: skip


def test_an_untrained_model_predicts_zero(batch):
    assert DiT(TINY)(*batch).abs().max() == 0


def test_parameters_have_wans_names_and_shapes():
    d = 24
    config = DiTConfig(
        dim=d, heads=2, layers=1, ffn_dim=40, in_channels=6, out_channels=5, patch=(1, 2, 2), text_dim=7, freq_dim=8
    )
    attention = {f"{name}.{kind}": shape for name in "qkvo" for kind, shape in (("weight", (d, d)), ("bias", (d,)))}
    attention |= {"norm_q.weight": (d,), "norm_k.weight": (d,)}
    expected = {
        "patch_embedding.weight": (d, 6, 1, 2, 2), "patch_embedding.bias": (d,),
        "text_embedding.0.weight": (d, 7), "text_embedding.0.bias": (d,),
        "text_embedding.2.weight": (d, d), "text_embedding.2.bias": (d,),
        "time_embedding.0.weight": (d, 8), "time_embedding.0.bias": (d,),
        "time_embedding.2.weight": (d, d), "time_embedding.2.bias": (d,),
        "time_projection.1.weight": (6 * d, d), "time_projection.1.bias": (6 * d,),
        "blocks.0.modulation": (1, 6, d), "blocks.0.norm3.weight": (d,), "blocks.0.norm3.bias": (d,),
        "blocks.0.ffn.0.weight": (40, d), "blocks.0.ffn.0.bias": (40,),
        "blocks.0.ffn.2.weight": (d, 40), "blocks.0.ffn.2.bias": (d,),
        "head.head.weight": (4 * 5, d), "head.head.bias": (4 * 5,), "head.modulation": (1, 2, d),
    }  # fmt: skip
    for name in ("self_attn", "cross_attn"):
        expected |= {f"blocks.0.{name}.{parameter}": shape for parameter, shape in attention.items()}
    assert {name: tuple(tensor.shape) for name, tensor in DiT(config).state_dict().items()} == expected


@pytest.mark.parametrize("grid", [(3,), (3, 2, 4)])
def test_one_sigma_is_the_same_sigma_everywhere(tiny, batch, grid):
    latent, sigma, text = batch
    spread = sigma.view(2, *[1] * len(grid)).expand(2, *grid)
    torch.testing.assert_close(tiny(latent, spread, text), tiny(latent, sigma, text), atol=1e-5, rtol=1e-5)


def test_sigma_per_latent_frame_is_sigma_per_token_repeated(tiny, batch):
    latent, _, text = batch
    sigma = torch.rand(2, 3)
    per_token = sigma[:, :, None, None].expand(2, 3, 2, 4)
    torch.testing.assert_close(tiny(latent, per_token, text), tiny(latent, sigma, text), atol=1e-5, rtol=1e-5)


def test_one_causal_block_is_full_attention(tiny, batch):
    assert torch.equal(tiny(*batch, blocks=(3,)), tiny(*batch))


def test_causal_blocks_do_not_see_what_comes_after(tiny, batch):
    latent, sigma, text = batch
    changed = latent.clone()
    changed[:, :, 2] += 1
    before, after = (tiny(x, sigma, text, blocks=(1, 1, 1)) for x in (latent, changed))
    assert torch.equal(before[:, :, :2], after[:, :, :2])
    assert not torch.allclose(before[:, :, 2], after[:, :, 2])
    assert not torch.allclose(tiny(latent, sigma, text)[:, :, 0], tiny(changed, sigma, text)[:, :, 0])


def test_start_does_not_matter_to_a_whole_clip(tiny, batch):
    torch.testing.assert_close(tiny(*batch, start=50), tiny(*batch), atol=1e-4, rtol=1e-4)
    frames = batch[0].shape[2]
    listed = tiny(*batch, start=tuple(range(50, 50 + frames)))
    torch.testing.assert_close(listed, tiny(*batch, start=50), atol=0, rtol=0)
    apart = tiny(*batch, start=tuple(range(0, 3 * frames, 3)))
    assert (apart - listed).abs().max() > 1e-4


def test_masked_text_takes_no_part_and_unmasked_padding_does(tiny, batch):
    latent, sigma, text = batch
    padded = torch.cat((text, torch.zeros(2, 3, 16)), dim=1)
    mask = torch.tensor([[True] * 5 + [False] * 3] * 2)
    expected = tiny(latent, sigma, text)
    torch.testing.assert_close(tiny(latent, sigma, padded, text_mask=mask), expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(tiny(latent, sigma, padded), expected, atol=1e-3)


@torch.no_grad()
def test_padding_that_takes_part_is_read_once_and_counts_as_often(tiny, batch):
    latent, sigma, text = batch
    text[0, 3:] = 0
    padded = torch.cat((text, torch.zeros(2, 9, 16)), dim=1)
    folded = tiny.text_context(padded)
    assert folded.layers[0].keys.shape[1] == 6  # five words and one of nine zeros
    with torch.enable_grad():  # where gradients are wanted nothing is folded
        plain = tiny.text_context(padded)
    assert plain.layers[0].keys.shape[1] == 14
    assert plain.mask is None
    for backend in ("sdpa", "math"):
        tiny.backend = backend
        expected = tiny(latent, sigma, plain)
        torch.testing.assert_close(tiny(latent, sigma, folded), expected, atol=1e-5, rtol=1e-5)
        assert not torch.allclose(tiny(latent, sigma, text), expected, atol=1e-3)


def test_text_context_can_be_made_once(tiny, batch):
    latent, sigma, text = batch
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    context = tiny.text_context(text, mask)
    assert torch.equal(tiny(latent, sigma, context), tiny(latent, sigma, text, text_mask=mask))
    with pytest.raises(ValueError, match="text_mask"):
        tiny(latent, sigma, context, text_mask=mask)


def test_every_parameter_learns(tiny, batch):
    tiny(*batch, blocks=(1, 2)).square().mean().backward()
    assert [name for name, p in tiny.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("shape", [(2, 2), (2, 3, 4, 2), (2, 1)])
def test_sigma_of_another_grid_is_refused(tiny, batch, shape):
    latent, _, text = batch
    with pytest.raises(ValueError, match="sigma of shape"):
        tiny(latent, torch.rand(shape), text)


@pytest.mark.parametrize("blocks", [(1, 1), (4, -1), ()])
def test_blocks_that_do_not_make_up_the_clip_are_refused(tiny, batch, blocks):
    with pytest.raises(ValueError, match="add up to"):
        tiny(*batch, blocks=blocks)


def test_latents_that_do_not_divide_into_patches_are_refused():
    model = DiT(replace(TINY, patch=(1, 2, 2)))
    with pytest.raises(ValueError, match="patch"):
        model(torch.randn(1, 4, 1, 2, 3), torch.rand(1), torch.randn(1, 5, 16))


def test_config_survives_json():
    config = replace(TINY, patch=(1, 2, 2))
    assert DiTConfig.from_dict(json.loads(json.dumps(asdict(config)))) == config
    with pytest.raises(TypeError, match="depth"):
        DiTConfig.from_dict({"depth": 3})


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="heads=5"):
        DiTConfig(dim=48, heads=5)


TRACED = """
import torch
from torch._dynamo.utils import counters
from kinora.models.dit import DiT, DiTConfig

torch.manual_seed(0)
config = DiTConfig(dim=16, heads=1, layers=3, ffn_dim=16, in_channels=4, out_channels=4, text_dim=16, freq_dim=32)
dit = DiT(config).eval()
torch.nn.init.normal_(dit.head.head.weight)
with torch.inference_mode():
    given = torch.randn(1, 4, 3, 2, 4), torch.tensor([0.5]), dit.text_context(torch.randn(1, 5, 16))
    expected = dit(*given)
    for block in dit.blocks:
        block.compile(dynamic=True, fullgraph=True, backend="eager")
    torch.testing.assert_close(dit(*given), expected, atol=1e-5, rtol=1e-5)
print(counters["stats"]["unique_graphs"])
"""


@pytest.mark.slow
def test_blocks_are_traced_whole_and_all_by_one_graph():
    """What compiling for a GPU needs: a break, or a graph for each block, would make it the slower way.

    In a process of its own: the checks of shapes that tests run under can't be traced.
    """
    done = subprocess.run([sys.executable, "-c", TRACED], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
