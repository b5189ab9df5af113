import re
from pathlib import Path

import pytest
import torch

from kinora.models.dit import DiT, DiTConfig

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "wan"
TINY = DiTConfig(dim=48, heads=2, layers=2, ffn_dim=64, in_channels=4, out_channels=4, text_dim=16, freq_dim=32)


def wan_key(key: str) -> str:
    """Name of a diffusers WanTransformer3DModel parameter in Wan's own files."""
    if not key.startswith("blocks."):
        key = re.sub(r"^proj_out", "head.head", key)
        key = re.sub(r"^scale_shift_table", "head.modulation", key)
        key = re.sub(
            r"^condition_embedder\.(time|text)_embedder\.linear_([12])",
            lambda m: f"{m[1]}_embedding.{2 * int(m[2]) - 2}",
            key,
        )
        return key.replace("condition_embedder.time_proj", "time_projection.1")
    for old, new in (
        ("attn1.", "self_attn."),
        ("attn2.", "cross_attn."),
        ("to_out.0", "o"),
        ("norm2", "norm3"),
        ("ffn.net.0.proj", "ffn.0"),
        ("ffn.net.2", "ffn.2"),
        ("scale_shift_table", "modulation"),
    ):
        key = key.replace(old, new)
    return re.sub(r"\.to_([qkv])\b", r".\1", key)


@pytest.fixture(scope="module")
def wan():
    path = FIXTURES / "dit_t2v.safetensors"
    if not path.exists():
        pytest.skip(f"{path} with numbers made by diffusers is not here")
    from safetensors.torch import load_file

    tensors = load_file(path)
    config = DiTConfig(
        dim=48,
        heads=4,
        layers=2,
        ffn_dim=64,
        in_channels=16,
        out_channels=16,
        patch=(1, 2, 2),
        text_dim=32,
        freq_dim=256,
    )
    model = DiT(config).eval()
    model.load_state_dict({wan_key(k[2:]): v for k, v in tensors.items() if k.startswith("w.")})
    return model, tensors


@pytest.mark.parametrize("backend", ["sdpa", "math"])
def test_same_numbers_as_wan_with_one_sigma_per_sample(wan, backend):
    model, tensors = wan
    model.backend = backend
    with torch.no_grad():
        y = model(tensors["x"], tensors["t"].double() / 1000, tensors["ctx"])
    torch.testing.assert_close(y, tensors["y"], atol=2e-4, rtol=0)


def test_same_numbers_as_wan_with_one_sigma_per_token(wan):
    model, tensors = wan
    with torch.no_grad():
        y = model(tensors["x"], tensors["t_token"].double().view(1, 3, 4, 5) / 1000, tensors["ctx"])
    torch.testing.assert_close(y, tensors["y_token"], atol=2e-4, rtol=0)
