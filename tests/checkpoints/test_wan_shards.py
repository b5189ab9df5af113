"""Weights in 8 bits as others keep them: widened where their scales are understood, refused where they are not."""

import json

import pytest
import torch
from safetensors.torch import save_file

from kinora.checkpoints.wan.load import load_dit
from kinora.checkpoints.wan.tiny import save_tiny
from kinora.errors import CorruptWeights


def scaled(state, spelling):
    """The matrices of blocks as ComfyUI keeps them in scaled 8 bits, and what they are then."""
    kept, meant = {}, {}
    for key, tensor in state.items():
        kept[f"model.diffusion_model.{key}"] = meant[key] = tensor
        if key.startswith("blocks.") and key.endswith(".weight") and tensor.ndim == 2:
            scale = tensor.abs().max() / 448
            narrow = (tensor / scale).to(torch.float8_e4m3fn)
            kept[f"model.diffusion_model.{key}"] = narrow
            kept[f"model.diffusion_model.{key.removesuffix('.weight')}.{spelling}"] = scale
            meant[key] = narrow.float() * scale
    return kept, meant


@pytest.mark.parametrize("spelling", ["scale_weight", "weight_scale"])
def test_comfyuis_scaled_8_bits_are_widened(tmp_path, spelling):
    expected = load_dit(save_tiny(tmp_path, "wan2.1-t2v-1.3b"), dtype=torch.float32).state_dict()
    kept, meant = scaled(expected, spelling)
    hints = {
        "scaled_fp8": torch.zeros(2, dtype=torch.float8_e4m3fn),
        "model.diffusion_model.blocks.0.ffn.0.scale_input": torch.ones(()),
        "model.diffusion_model.blocks.0.ffn.0.comfy_quant": torch.zeros(9, dtype=torch.uint8),
    }
    file = tmp_path / "wan_fp8_scaled.safetensors"
    save_file({**kept, **hints}, file)
    (tmp_path / "config.json").write_text(json.dumps({"num_heads": 2}))
    found = load_dit(file, dtype=torch.float32).state_dict()
    assert [key for key in meant if not torch.equal(found[key], meant[key])] == []
    assert not torch.equal(found["blocks.0.ffn.0.weight"], expected["blocks.0.ffn.0.weight"])


def test_8_bits_that_are_not_understood_are_refused(tmp_path):
    expected = load_dit(save_tiny(tmp_path, "wan2.1-t2v-1.3b"), dtype=torch.float32).state_dict()
    (tmp_path / "config.json").write_text(json.dumps({"num_heads": 2}))
    file, name = tmp_path / "packed.safetensors", "blocks.0.ffn.0"
    save_file({**expected, f"{name}.weight": torch.ones(64, 48, dtype=torch.int8)}, file)
    with pytest.raises(CorruptWeights, match=r"blocks.0.ffn.0.weight is of int8, a packed format that is not read"):
        load_dit(file)
    blocks = {f"{name}.weight": torch.ones(64, 48).to(torch.float8_e4m3fn), f"{name}.weight_scale": torch.ones(64, 3)}
    save_file({**expected, **blocks}, file)
    with pytest.raises(CorruptWeights, match=r"of float8_e4m3fn in scaled blocks, which are not read; use weights in"):
        load_dit(file)
    file = tmp_path / "wan-Q4_K_M.gguf"
    file.write_bytes(b"GGUF")
    with pytest.raises(CorruptWeights, match="GGUF is not read; use the safetensors"):
        load_dit(file)
