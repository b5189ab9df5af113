"""LoRAs in a model's name: read, refused, attached for good."""

import pytest
import torch
from safetensors.torch import save_file

from kinora.checkpoints.adapters import Adapter, beside, parted
from kinora.checkpoints.catalog import choose, describe
from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import save_tiny_model
from kinora.checkpoints.wan.tiny import save_tiny
from kinora.errors import BadInputFile, InvalidRequest


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two LoRAs for tiny transformers of Wan's."""
    monkeypatch.chdir(tmp_path)
    generator = torch.Generator().manual_seed(0)
    for name in ("one", "two"):
        down, up = torch.randn(2, 48, generator=generator), torch.randn(48, 2, generator=generator)
        module = "diffusion_model.blocks.0.self_attn.q"
        save_file({f"{module}.lora_down.weight": down, f"{module}.lora_up.weight": up}, f"{name}.safetensors")
    return tmp_path


def test_a_name_carries_loras_and_strengths(files):
    name = beside("wan2.2-t2v-a14b@models", ["one.safetensors:0.8", "high=two.safetensors"])
    assert name == "wan2.2-t2v-a14b@models+one.safetensors:0.8+high=two.safetensors"
    model, loras = parted(name)
    assert model == "wan2.2-t2v-a14b@models"
    assert [(one.path.name, one.strength, one.expert) for one in loras] == [
        ("one.safetensors", 0.8, ""),
        ("two.safetensors", 1.0, "high"),
    ]
    assert str(loras[1]).startswith("high=two.safetensors:1 sha256:")
    assert parted("kinora-small") == ("kinora-small", ())
    assert describe("wan2.1-t2v-1.3b+one.safetensors").name == "wan2.1-t2v-1.3b"
    assert choose(save_tiny_model(files / "odd+one.safetensors")).loras == ()


@pytest.mark.parametrize(
    ("file", "error", "message"),
    [
        ("none.safetensors", BadInputFile, "none.safetensors: no such file"),
        ("one.pt", InvalidRequest, "one.pt: a LoRA is a .safetensors file"),
        ("one.safetensors:much", InvalidRequest, "strength is a number from -10 to 10; 1 is what"),
        ("one.safetensors:11", InvalidRequest, "strength is a number from -10 to 10"),
        ("a+one.safetensors", InvalidRequest, "whose path has no +"),
    ],
)
def test_what_is_no_lora_is_refused_by_its_name(files, file, error, message):
    with pytest.raises(error, match=message.replace("+", r"\+")):
        beside("kinora-small", [file])


def test_each_expert_gets_its_own_and_the_weights_stay(files):
    place = save_tiny(files / "model", "wan2.2-t2v-a14b")
    plain, both, high = (
        load_model(f"wan2.2-t2v-a14b@{place}{more}")
        for more in ("", "+one.safetensors:0.5", "+high=one.safetensors:0.5")
    )
    assert high.loras == (str(Adapter(files / "one.safetensors", 0.5, "high")),)

    def said(model):
        generator = torch.Generator().manual_seed(1)
        latent, text = torch.randn(1, 16, 2, 4, 4, generator=generator), torch.randn(1, 5, 32, generator=generator)
        return [dit(latent, torch.tensor([0.5]), text) for dit in (model.high, model.dit)]

    assert [torch.equal(*pair) for pair in zip(said(plain), said(both), strict=True)] == [False, False]
    assert [torch.equal(*pair) for pair in zip(said(plain), said(high), strict=True)] == [False, True]
    kept = high.high.state_dict()
    assert all(torch.equal(tensor, kept[name]) for name, tensor in plain.high.state_dict().items())
    place = save_tiny(files / "small", "wan2.1-t2v-1.3b")
    with pytest.raises(InvalidRequest, match="this model has one transformer; leave low= out"):
        load_model(f"wan2.1-t2v-1.3b@{place}+low=one.safetensors")
