"""Published layouts of Wan: every name of every configuration is used once, and weights survive every way round."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kinora.checkpoints.wan import keys, vae_keys
from kinora.checkpoints.wan.architectures import ARCHITECTURES, VAES
from kinora.checkpoints.wan.filling import WIDE, fill
from kinora.checkpoints.wan.load import load_dit, load_image, load_text, load_vae
from kinora.checkpoints.wan.reader_keys import Source, clip_original, clip_transformers, umt5_original
from kinora.checkpoints.wan.shards import Shards
from kinora.checkpoints.wan.tiny import dit_config, save_tiny
from kinora.errors import CorruptWeights
from kinora.models.clip import ClipConfig
from kinora.models.clip import build as build_clip
from kinora.models.dit import DiT, DiTConfig
from kinora.models.umt5 import Umt5Config
from kinora.models.umt5 import build as build_umt5
from kinora.models.wan_vae import WanAutoencoder, WanVaeConfig

diffusers = pytest.importorskip("diffusers", reason="diffusers is the judge (pip install kinora[dev])")


class Recorded:
    """A file of meta tensors that notes how often each was asked for; `Shards` without a file."""

    paths, name = (), "recorded"

    def __init__(self, state):
        self.state, self.used = state, dict.fromkeys(state, 0)
        self.shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}

    def each(self):
        for name, tensor in self.state.items():
            self.used[name] += 1
            yield name, tensor


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_key_of_a_published_transformer_is_used_once(name):
    with torch.device("meta"):
        dit = DiT(DiTConfig.from_dict(ARCHITECTURES[name].dit))
    ours = {key: Source(key) for key in dit.state_dict()}
    theirs = {key: Source(keys.to_diffusers(key)) for key in ours}
    for published in (ours, theirs):
        file = Recorded({published[key].name: tensor.bfloat16() for key, tensor in dit.state_dict().items()})
        fill(dit, file, (ours, theirs), device=torch.device("meta"), dtype=torch.bfloat16)
        assert set(file.used.values()) == {1}
        assert len(file.used) == ARCHITECTURES[name].tensors


@pytest.mark.parametrize("name", VAES)
@pytest.mark.parametrize("layout", [0, 1], ids=["original", "diffusers"])
def test_every_key_of_a_published_autoencoder_is_used_once(name, layout):
    with torch.device("meta"):
        vae = WanAutoencoder(WanVaeConfig.from_dict(VAES[name]))
    nested = vae.config.shortcuts
    layouts = [
        {ours: Source(theirs) for theirs, ours in one.items()}
        for one in vae_keys.from_layouts(vae.state_dict(), nested=nested)
    ]
    file = Recorded({layouts[layout][key].name: tensor for key, tensor in vae.state_dict().items()})
    fill(vae, file, layouts, device=torch.device("meta"), dtype=torch.float32)
    assert set(file.used.values()) == {1}


def test_every_key_of_the_published_readers_is_named():
    """242 tensors of UMT5-XXL and the names Wan's own files have (its `t5.py` and `clip.py`)."""
    with torch.device("meta"):
        text = [source.name for source in umt5_original(build_umt5(Umt5Config()).state_dict()).values()]
        sources = clip_original(build_clip(ClipConfig()).state_dict())
    block = ["norm1", "attn.q", "attn.k", "attn.v", "attn.o", "pos_embedding.embedding", "norm2"]
    block += ["ffn.gate.0", "ffn.fc1", "ffn.fc2"]
    expected = {f"blocks.{i}.{name}.weight" for i in range(24) for name in block}
    assert set(text) == expected | {"token_embedding.weight", "norm.weight"}
    assert len(set(text)) == 242
    inner = ["norm1", "attn.to_qkv", "attn.proj", "norm2", "mlp.0", "mlp.2"]
    tower = {f"visual.transformer.{i}.{n}.{k}" for i in range(31) for n in inner for k in ("weight", "bias")}
    entry = {"cls_embedding", "pos_embedding", "patch_embedding.weight", "pre_norm.weight", "pre_norm.bias"}
    assert {source.name for source in sources.values()} == tower | {f"visual.{name}" for name in entry}
    assert len(set(sources.values())) == len(sources) == len(clip_transformers(sources))


@pytest.mark.parametrize("name", ["wan2.1-t2v-1.3b", "wan2.1-flf2v-14b", "wan2.2-i2v-a14b", "wan2.2-ti2v-5b"])
def test_original_to_ours_to_diffusers_to_ours(tmp_path, name):
    """Both layouts of the same seed hold the same weights, diffusers' own classes load the one, we load both."""
    original = save_tiny(tmp_path / "original", name)
    converted = save_tiny(tmp_path / "diffusers", name, layout="diffusers")
    experts = ("high", "low") if len(ARCHITECTURES[name].experts) == 2 else ("low",)
    for expert, folder in zip(experts, ("transformer", "transformer_2"), strict=False):
        first = load_dit(original, expert=expert, dtype=torch.float32)
        theirs = diffusers.WanTransformer3DModel.from_pretrained(converted / folder)
        assert first.config == dit_config(ARCHITECTURES[name])
        names = keys.from_diffusers(first.state_dict())
        equal(first.state_dict(), {names[key]: tensor for key, tensor in theirs.state_dict().items()})
        theirs.save_pretrained(tmp_path / "again" / folder)
        equal(first.state_dict(), load_dit(tmp_path / "again" / folder, dtype=torch.float32).state_dict())
    first = load_vae(original)
    theirs = diffusers.AutoencoderKLWan.from_pretrained(converted / "vae")
    theirs.save_pretrained(tmp_path / "again" / "vae")
    again = load_vae(tmp_path / "again")
    assert again.config == first.config
    equal(first.state_dict(), again.state_dict())


def equal(first, second):
    assert first.keys() == second.keys()
    assert [key for key in first if not torch.equal(first[key], second[key])] == []


def test_two_experts_are_two_networks(tmp_path):
    directory = save_tiny(tmp_path, "wan2.2-t2v-a14b")
    high, low = (load_dit(directory, expert=expert).state_dict() for expert in ("high", "low"))
    assert not torch.equal(high["blocks.0.ffn.0.weight"], low["blocks.0.ffn.0.weight"])


def test_a_repack_in_one_file_with_a_prefix(tmp_path):
    directory = save_tiny(tmp_path, "wan2.1-t2v-1.3b")
    expected = load_dit(directory, dtype=torch.float32)
    repack = tmp_path / "wan.safetensors"
    save_file({f"model.diffusion_model.{key}": tensor for key, tensor in expected.state_dict().items()}, repack)
    (tmp_path / "config.json").write_text(json.dumps({"num_heads": 2}))  # real heads are 128 wide: no need to say
    equal(expected.state_dict(), load_dit(repack, dtype=torch.float32).state_dict())


def test_a_trainers_archive(tmp_path):
    directory = save_tiny(tmp_path, "wan2.1-t2v-1.3b")
    expected = load_dit(directory, dtype=torch.float32)
    state = {f"model.{key}": tensor for key, tensor in expected.state_dict().items()}
    torch.save({"generator": {}, "generator_ema": state, "step": 7}, tmp_path / "self_forcing_dmd.pt")
    equal(expected.state_dict(), load_dit(tmp_path / "self_forcing_dmd.pt", dtype=torch.float32).state_dict())


def test_matrices_are_narrow_and_what_modulates_is_wide(tmp_path):
    dit = load_dit(save_tiny(tmp_path, "wan2.1-flf2v-14b"), dtype=torch.bfloat16)
    kinds = {name: tensor.dtype for name, tensor in dit.state_dict().items()}
    assert kinds["blocks.0.self_attn.q.weight"] == kinds["blocks.0.ffn.0.bias"] == torch.bfloat16
    assert kinds["text_embedding.0.weight"] == kinds["patch_embedding.weight"] == torch.bfloat16
    # Wan computes these without autocast.
    for name in ("blocks.1.modulation", "head.modulation", "blocks.0.norm3.bias", "time_embedding.0.weight"):
        assert kinds[name] == torch.float32
    assert kinds["time_projection.1.weight"] == kinds["head.head.weight"] == torch.float32
    assert not any(parameter.requires_grad for parameter in dit.parameters())
    assert not dit.training


@torch.inference_mode()
def test_what_a_file_has_in_bfloat16_is_kept_so_and_computed_in_float32(tmp_path):
    """Of the 1.3 billion that is 34 MB less; the numbers are those of the same weights widened beforehand."""
    found = load_dit(save_tiny(tmp_path, "wan2.1-t2v-1.3b"), dtype=torch.float32)
    save_file({name: tensor.bfloat16() for name, tensor in found.state_dict().items()}, tmp_path / "narrow.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"num_heads": found.config.heads}))
    narrow, widened = (load_dit(tmp_path / "narrow.safetensors", dtype=torch.bfloat16) for _ in range(2))
    assert {tensor.dtype for tensor in narrow.state_dict().values()} == {torch.bfloat16}
    for name, parameter in widened.named_parameters():
        if WIDE.search(name):
            parameter.data = parameter.data.float()
    text = torch.randn(1, 7, found.config.text_dim)
    for dtype in (torch.bfloat16, torch.float32):
        latent = torch.randn(1, found.config.in_channels, 3, 4, 4).to(dtype)
        said = [dit(latent, torch.tensor([0.7]), text.to(dtype)) for dit in (narrow, widened)]
        assert said[0].dtype == torch.float32
        assert torch.equal(*said)


@pytest.mark.parametrize("layout", ["original", "diffusers"])
def test_readers_of_both_layouts_read_the_same(tmp_path, layout):
    directory = save_tiny(tmp_path, "wan2.1-i2v-14b", layout=layout)
    text = load_text(directory, dtype=torch.float32).encode(["a cat", ""]).states
    image = load_image(directory).encode(torch.linspace(-1, 1, 2 * 3 * 30 * 40).view(2, 3, 30, 40))
    assert text.shape == (2, 512, 32)
    assert image.shape == (2, 257, 32)
    other = save_tiny(tmp_path / "other", "wan2.1-i2v-14b")
    torch.testing.assert_close(load_text(other, dtype=torch.float32).encode(["a cat", ""]).states, text)
    torch.testing.assert_close(
        load_image(other).encode(torch.linspace(-1, 1, 2 * 3 * 30 * 40).view(2, 3, 30, 40)), image
    )


def test_a_text_encoder_whose_blocks_visit_reads_the_same(tmp_path):
    directory = save_tiny(tmp_path, "wan2.1-t2v-1.3b")
    whole, visiting = load_text(directory), load_text(directory, visiting=True)
    assert torch.equal(visiting.encode(["a cat", ""]).states, whole.encode(["a cat", ""]).states)


def shard(directory, number=1):
    return directory / f"diffusion_pytorch_model-{number:05}-of-00002.safetensors"


def test_a_missing_piece_is_named(tmp_path):
    directory = save_tiny(tmp_path, "wan2.1-t2v-1.3b")
    shard(directory, 2).unlink()
    with pytest.raises(CorruptWeights, match=r"00002-of-00002\.safetensors: .*lists it"):
        load_dit(directory)


def test_missing_and_surplus_parameters_are_named(tmp_path):
    directory = save_tiny(tmp_path, "wan2.1-t2v-1.3b")
    state = load_file(shard(directory))
    state.pop("blocks.0.self_attn.q.weight")
    state["vace_blocks.0.before_proj.weight"] = torch.zeros(2)
    save_file(state, shard(directory))
    with pytest.raises(CorruptWeights, match=r"1 missing \(blocks.0.self_attn.q.weight\) and 1 more \(vace_blocks"):
        load_dit(directory)


def test_another_shape_is_named(tmp_path):
    directory = save_tiny(tmp_path, "wan2.1-t2v-1.3b")
    state = load_file(shard(directory))
    state["blocks.0.self_attn.k.weight"] = torch.zeros(2, 3)
    save_file(state, shard(directory))
    with pytest.raises(CorruptWeights, match=r"self_attn.k.weight is \(2, 3\), where .* \(48, 48\)"):
        load_dit(directory)


def test_a_truncated_piece_is_named(tmp_path):
    directory = save_tiny(tmp_path, "wan2.1-t2v-1.3b")
    shard(directory).write_bytes(shard(directory).read_bytes()[:-100])
    with pytest.raises(CorruptWeights, match="00001-of-00002"):
        load_dit(directory)


def test_what_an_archive_would_execute_is_not(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("executed",))

    directory = save_tiny(tmp_path, "wan2.1-t2v-1.3b")
    torch.save({"conv1.weight": Trap()}, directory / "Wan2.1_VAE.pth")
    with pytest.raises(CorruptWeights, match="can't be read as weights"):
        load_vae(directory)


@pytest.mark.parametrize("load", [load_dit, load_vae, load_text, load_image])
def test_an_empty_directory_says_what_it_lacks(tmp_path, load):
    with pytest.raises(CorruptWeights, match="has no"):
        load(tmp_path)


def test_memory_stays_near_the_weights(tmp_path):
    """Loading float32 as bfloat16 never takes more than the narrow weights so far and a tensor or two beside them."""

    class Watched(Shards):
        def each(self):
            for given in super().each():
                taken.append(own_memory())
                yield given

    rows, count, taken = 1 << 20, 10, []  # 10 tensors of 16 MB
    path = tmp_path / "large.safetensors"
    save_file({f"p{i}": torch.zeros(rows, 4) for i in range(count)}, path)
    with torch.device("meta"):
        module = torch.nn.ParameterDict({f"p{i}": torch.nn.Parameter(torch.empty(rows, 4)) for i in range(count)})
    layout = {name: Source(name) for name in module.state_dict()}
    fill(module, Watched([path]), [layout], device=torch.device("cpu"), dtype=torch.bfloat16)
    assert module["p0"].dtype == torch.bfloat16
    assert len(taken) == count
    narrow = rows * 4 * 2
    assert max(now - taken[0] - i * narrow for i, now in enumerate(taken)) < 3 * rows * 4 * 4


def own_memory():
    """Bytes that are this process's alone, not the system's copy of a file."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("no /proc on this system")
    return int(status.read_text().partition("RssAnon:")[2].split()[0]) * 1024
