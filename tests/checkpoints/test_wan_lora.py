"""LoRA in every spelling, against PEFT on diffusers' Wan."""

import warnings

import pytest
import torch
from safetensors.torch import save_file

from kinora.checkpoints.wan.keys import from_diffusers, to_diffusers
from kinora.checkpoints.wan.lora import attached, merge, read_lora
from kinora.errors import BadInputFile, InvalidRequest
from kinora.models.dit import DiT, DiTConfig

SIZES = DiTConfig(dim=24, heads=2, layers=2, ffn_dim=40, in_channels=4, out_channels=4, patch=(1, 2, 2), text_dim=16)


@pytest.fixture
def dit():
    return made()


def made():
    torch.manual_seed(0)
    model = DiT(SIZES).eval()
    torch.nn.init.normal_(model.head.head.weight, std=0.2)
    return model.requires_grad_(False)


def velocity(model):
    generator = torch.Generator().manual_seed(1)
    latent, text = torch.randn(1, 4, 2, 4, 4, generator=generator), torch.randn(1, 5, 16, generator=generator)
    return model(latent, torch.tensor([0.5]), text)


def wan(diffusers):
    """Diffusers' transformer with the weights of `made`."""
    model = diffusers.WanTransformer3DModel(
        num_attention_heads=2, attention_head_dim=12, in_channels=4, out_channels=4, text_dim=16, ffn_dim=40,
        num_layers=2,
    ).eval()  # fmt: skip
    weights = made().state_dict()
    model.load_state_dict({theirs: weights[ours] for theirs, ours in from_diffusers(weights).items()})
    return model


def said_by(model):
    """What diffusers' transformer says of the input of `velocity`."""
    generator = torch.Generator().manual_seed(1)
    latent, text = torch.randn(1, 4, 2, 4, 4, generator=generator), torch.randn(1, 5, 16, generator=generator)
    with torch.no_grad():
        return model(latent, torch.tensor([500.0]), text, return_dict=False)[0]


@pytest.fixture(scope="module")
def peft(tmp_path_factory):
    """What diffusers' Wan says with two adapters of PEFT's, each saved to a file."""
    diffusers = pytest.importorskip("diffusers", reason="diffusers is the judge (pip install kinora[dev])")
    peft = pytest.importorskip("peft", reason="peft is the judge (pip install kinora[dev])")
    folder = tmp_path_factory.mktemp("lora")
    model, said = wan(diffusers), {}
    for name, rank, alpha in (("one", 3, 6.0), ("two", 2, 1.0)):
        modules = ["to_q", "to_k", "to_out.0", "ffn.net.0.proj", "ffn.net.2", "proj_out", "time_proj"]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Already found a `peft_config`")  # a second adapter is what we want
            model.add_adapter(peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=modules), adapter_name=name)
    for key, parameter in model.named_parameters():
        if "lora" in key:
            torch.nn.init.normal_(parameter, std=0.3)
    for chosen in ({"one": 1.0}, {"one": 0.7, "two": -0.4}):
        model.set_adapters(list(chosen), list(chosen.values()))
        said[tuple(chosen)] = said_by(model)
    for name in ("one", "two"):
        model.save_lora_adapter(folder / name, adapter_name=name)
    return [next((folder / name).glob("*.safetensors")) for name in ("one", "two")], said


@pytest.mark.parametrize("live", [True, False])
def test_the_same_velocity_as_peft_on_diffusers(dit, peft, live):
    paths, said = peft
    one, two = map(read_lora, paths)
    plain = velocity(dit)
    for loras, strengths, expected in (([one], [1.0], said["one",]), ([one, two], [0.7, -0.4], said["one", "two"])):
        assert (expected - plain).abs().max() > 0.01
        model = made()
        if live:
            with attached(model, loras, strengths):
                found = velocity(model)
            assert torch.equal(velocity(model), plain)
        else:
            merge(model, loras, strengths)
            found = velocity(model)
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_what_peft_itself_saves_says_the_same(dit, tmp_path):
    """PEFT's own files: `adapter_model.safetensors` below `base_model.model.`, alpha in the json beside it."""
    diffusers = pytest.importorskip("diffusers", reason="diffusers is the judge (pip install kinora[dev])")
    peft = pytest.importorskip("peft", reason="peft is the judge (pip install kinora[dev])")
    judge = wan(diffusers)
    config = peft.LoraConfig(r=3, lora_alpha=6.0, target_modules=["to_q", "to_v", "to_out.0", "ffn.net.2"])
    trained = peft.get_peft_model(judge, config)
    for key, parameter in trained.named_parameters():
        if "lora" in key:
            torch.nn.init.normal_(parameter, std=0.3)
    trained.save_pretrained(tmp_path)
    expected = said_by(trained)
    lora = read_lora(tmp_path / "adapter_model.safetensors")
    assert {delta.scale for delta in lora.deltas.values()} == {2.0}
    assert (expected - velocity(dit)).abs().max() > 0.01
    with attached(dit, [lora], [1.0]):
        torch.testing.assert_close(velocity(dit), expected, atol=1e-4, rtol=1e-4)


@pytest.fixture
def parts():
    generator = torch.Generator().manual_seed(2)
    modules = ["blocks.0.self_attn.q", "blocks.1.cross_attn.o", "blocks.1.ffn.0", "head.head", "patch_embedding"]
    sides = {"blocks.1.ffn.0": (40, 24), "head.head": (16, 24), "patch_embedding": (24, 16)}
    pairs = {}
    for module in modules:
        out, into = sides.get(module, (24, 24))
        pairs[module] = torch.randn(3, into, generator=generator), torch.randn(out, 3, generator=generator)
    return pairs


def spelt(parts, spelling):
    """The same additions, with alpha 1.5 of rank 3, as different trainers write them."""
    state = {}
    for module, (down, up) in parts.items():
        if spelling == "kohya":
            prefix, names = "lora_unet_" + module.replace(".", "_"), ("lora_down", "lora_up")
        elif spelling == "diffusers":
            prefix, names = "transformer." + to_diffusers(module), ("lora_A", "lora_B")
        elif spelling == "peft":
            prefix, names = "base_model.model." + to_diffusers(module), ("lora_A.default", "lora_B.default")
        else:
            prefix, names = "diffusion_model." + module, ("lora_down", "lora_up")
        state |= {f"{prefix}.{names[0]}.weight": down, f"{prefix}.{names[1]}.weight": up}
        state[f"{prefix}.alpha"] = torch.tensor(1.5)
    return state


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("spelling", ["kohya", "diffusers", "peft", "comfy"])
def test_every_spelling_adds_the_same(dit, parts, tmp_path, spelling, live):
    expected = made()
    for module, (down, up) in parts.items():
        weight = expected.get_submodule(module).weight
        weight += 0.8 * 0.5 * (up @ down).view_as(weight)
    save_file(spelt(parts, spelling), tmp_path / "lora.safetensors")
    lora = read_lora(tmp_path / "lora.safetensors")
    if live:
        with attached(dit, [lora], [0.8]):
            found = velocity(dit)
    else:
        merge(dit, [lora], [0.8])
        found = velocity(dit)
    torch.testing.assert_close(found, velocity(expected), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("live", [True, False])
def test_whole_differences_of_weights_biases_norms_and_modulation(dit, tmp_path, live):
    generator = torch.Generator().manual_seed(3)
    changed = ["blocks.0.self_attn.v.weight", "blocks.0.ffn.0.bias", "blocks.1.norm3.weight", "blocks.1.norm3.bias"]
    changed += ["blocks.0.modulation", "time_projection.1.bias", "blocks.0.cross_attn.norm_k.weight"]
    expected, plain, state = made(), made().state_dict(), {}
    for name in changed:
        difference = 0.3 * torch.randn(expected.get_parameter(name).shape, generator=generator)
        expected.get_parameter(name).add_(0.5 * difference)
        spelled = name.removesuffix(".weight") + ".diff"
        state["diffusion_model." + (name[: -len(".bias")] + ".diff_b" if name.endswith("bias") else spelled)] = (
            difference
        )
    save_file(state, tmp_path / "lora.safetensors")
    lora = read_lora(tmp_path / "lora.safetensors")
    if live:
        with attached(dit, [lora], [0.5]):
            found = velocity(dit)
        assert [name for name, tensor in dit.state_dict().items() if not torch.equal(tensor, plain[name])] == []
    else:
        merge(dit, [lora], [0.5])
        found = velocity(dit)
    torch.testing.assert_close(found, velocity(expected), atol=1e-4, rtol=1e-4)


def test_additions_to_narrow_weights_are_made_in_float32(dit, parts, tmp_path):
    save_file(spelt(parts, "comfy"), tmp_path / "lora.safetensors")
    wide = made()
    narrow = made().bfloat16()
    wide.load_state_dict({key: tensor.float() for key, tensor in narrow.state_dict().items()})
    for model in (wide, narrow):
        merge(model, [read_lora(tmp_path / "lora.safetensors")], [1.0])
    weight = "blocks.0.self_attn.q.weight"
    assert torch.equal(narrow.get_parameter(weight), wide.get_parameter(weight).bfloat16())


def test_weights_in_8_bits_stay_so_with_a_lora_beside_them(dit, parts, tmp_path):
    narrow = pytest.importorskip("kinora.checkpoints.narrow").narrow
    parts = {name: pair for name, pair in parts.items() if name.startswith("blocks")}
    save_file(spelt(parts, "comfy"), tmp_path / "lora.safetensors")
    lora = read_lora(tmp_path / "lora.safetensors")
    narrow(dit.blocks, "int8")
    plain = velocity(dit)
    with attached(dit, [lora], [1.0]):
        found = velocity(dit) - plain
    wide = made()
    before = velocity(wide)
    merge(wide, [lora], [1.0])
    assert (found - (velocity(wide) - before)).norm() < 0.1 * found.norm()
    with pytest.raises(InvalidRequest, match="8 bits"):
        merge(dit, [lora], [1.0])


def test_another_models_lora_is_refused_and_changes_nothing(dit, parts, tmp_path):
    before = {key: tensor.clone() for key, tensor in dit.state_dict().items()}
    for name, tensors, message in (
        ("deep", {"blocks.7.self_attn.q": (torch.zeros(3, 24), torch.zeros(24, 3))}, "blocks.7.self_attn.q, which"),
        ("wide", {"blocks.0.self_attn.q": (torch.zeros(3, 30), torch.zeros(30, 3))}, "not of this transformer's size"),
    ):
        save_file(spelt({**parts, **tensors}, "comfy"), tmp_path / f"{name}.safetensors")
        with pytest.raises(InvalidRequest, match=message):
            merge(dit, [read_lora(tmp_path / f"{name}.safetensors")], [1.0])
    assert [key for key, tensor in dit.state_dict().items() if not torch.equal(tensor, before[key])] == []


def test_as_many_strengths_as_files(dit):
    with pytest.raises(InvalidRequest, match="one for each"):
        merge(dit, [], [1.0])


def test_what_is_no_lora_is_refused(tmp_path):
    path = tmp_path / "lora.safetensors"
    with pytest.raises(BadInputFile, match="can't be read"):
        read_lora(path)
    for state, message in (
        ({"blocks.0.self_attn.q.weight": torch.zeros(2)}, "no part of a LoRA"),
        ({"blocks.0.self_attn.q.lora_A.weight": torch.zeros(2, 2)}, "one half"),
        (
            {
                "blocks.0.self_attn.q.lora_A.weight": torch.zeros(4, 24),
                "blocks.0.self_attn.q.lora_B.weight": torch.zeros(24, 8),
            },
            r"the halves of blocks\.0\.self_attn\.q differ in rank",
        ),
    ):
        save_file(state, path)
        with pytest.raises(BadInputFile, match=message):
            read_lora(path)


def test_settings_beside_the_file_are_read_or_refused(tmp_path, parts):
    state = {key: tensor for key, tensor in spelt(parts, "peft").items() if not key.endswith("alpha")}
    save_file(state, tmp_path / "adapter_model.safetensors")
    config = tmp_path / "adapter_config.json"
    config.write_text('{"lora_alpha": 6, "r": 3, "use_dora": false}')
    lora = read_lora(tmp_path / "adapter_model.safetensors")
    assert {delta.scale for delta in lora.deltas.values()} == {2.0}
    config.write_text('{"lora_alpha": 6, "r": 3, "use_dora": true}')
    with pytest.raises(BadInputFile, match="use_dora"):
        read_lora(tmp_path / "adapter_model.safetensors")
