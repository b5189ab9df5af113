"""The picture reader against transformers' whole tower, and Wan's file against the block that Wan computes."""

import pytest
import torch
import torch.nn.functional as F

from kinora.checkpoints.wan.reader_keys import clip_original
from kinora.models.clip import MEAN, STD, ClipConfig, ClipReader

transformers = pytest.importorskip("transformers", reason="transformers looks at pictures (pip install kinora[wan])")

SIZES = ClipConfig(dim=32, ffn_dim=48, heads=2, layers=3, side=28, patch=14)


@pytest.fixture(scope="module")
def reader():
    torch.manual_seed(0)
    made = ClipReader(SIZES).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def pictures(height=40, width=60):
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_states_before_the_last_block(reader):
    whole = transformers.CLIPVisionModel(
        transformers.CLIPVisionConfig(
            hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=2, image_size=28,
            patch_size=14, hidden_act="gelu",
        )
    ).eval()  # fmt: skip
    missing, unexpected = whole.load_state_dict(reader.model.state_dict(), strict=False)
    assert unexpected == []
    assert all("layers.2" in name or "post_layernorm" in name for name in missing)
    square = F.interpolate(pictures(), size=(28, 28), mode="bicubic", align_corners=False)
    scaled = (square / 2 + 0.5 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    with torch.no_grad():
        expected = whole(pixel_values=scaled, output_hidden_states=True).hidden_states[-2]
    torch.testing.assert_close(reader.encode(pictures()), expected, atol=1e-5, rtol=0)


def test_wans_file_means_what_wan_computes_of_it(reader):
    """One block spelled out on the originals' names, with queries, keys and values in one matrix."""
    file = {}
    for name, tensor in reader.model.state_dict().items():
        source = clip_original([name])[name]
        file.setdefault(source.name, {})[source.split or 0] = tensor
    w = {name: torch.cat([parts[i] for i in sorted(parts)]) for name, parts in file.items()}

    def norm(x, name):
        return F.layer_norm(x, (32,), w[f"visual.{name}.weight"], w[f"visual.{name}.bias"])

    def project(x, name):
        return F.linear(x, w[f"visual.{name}.weight"], w[f"visual.{name}.bias"])

    square = F.interpolate(pictures(), size=(28, 28), mode="bicubic", align_corners=False)
    scaled = (square / 2 + 0.5 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    x = F.conv2d(scaled, w["visual.patch_embedding.weight"], stride=14).flatten(2).transpose(1, 2)
    x = torch.cat((w["visual.cls_embedding"].view(1, 1, 32).expand(2, 1, 32), x), dim=1)
    x = norm(x + w["visual.pos_embedding"], "pre_norm")
    for layer in range(2):
        block = f"transformer.{layer}"
        q, k, v = project(norm(x, f"{block}.norm1"), f"{block}.attn.to_qkv").view(2, 5, 3, 2, 16).unbind(2)
        mixed = F.scaled_dot_product_attention(*(part.transpose(1, 2) for part in (q, k, v))).transpose(1, 2)
        x = x + project(mixed.flatten(2), f"{block}.attn.proj")
        x = x + project(F.gelu(project(norm(x, f"{block}.norm2"), f"{block}.mlp.0")), f"{block}.mlp.2")
    torch.testing.assert_close(reader.encode(pictures()), x, atol=1e-4, rtol=1e-4)
