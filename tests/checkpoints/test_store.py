import json

import pytest
import torch

from kinora.checkpoints.manifest import Defaults
from kinora.checkpoints.store import load_model, save_model, verify
from kinora.checkpoints.tiny import save_tiny_model
from kinora.errors import CorruptWeights, OutputError, UnknownModel
from kinora.models.text import TextEncoder


@pytest.fixture(scope="module")
def text():
    return TextEncoder.load()


@pytest.fixture
def directory(tmp_path):
    return save_tiny_model(tmp_path / "tiny")


def test_a_model_comes_back_as_it_was_saved(directory, tmp_path, text):
    model = load_model(directory, text=text)
    assert (model.name, model.version, model.limits.max_seconds) == ("tiny", "1", 2.0)
    again = tmp_path / "again"
    save_model(again, name="tiny", version="1", dit=model.dit, vae=model.vae, defaults=model.defaults)
    assert (again / "dit.safetensors").read_bytes() == (directory / "dit.safetensors").read_bytes()
    assert (again / "model.json").read_text() == (directory / "model.json").read_text()


def test_a_loaded_model_is_ready_to_sample(directory, text):
    model = load_model(directory, dtype=torch.bfloat16, text=text)
    parameters = [*model.dit.parameters(), *model.vae.parameters()]
    assert not any(parameter.requires_grad for parameter in parameters)
    assert {parameter.dtype for parameter in parameters} == {torch.bfloat16}
    assert not model.dit.training
    assert not model.vae.training


def test_the_loaded_model_computes_what_the_saved_one_did(directory, text):
    first, second = load_model(directory, text=text), load_model(directory, text=text)
    latent = torch.randn(1, 48, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    read = first.text.encode(["a red ball"])
    inputs = (latent, torch.tensor([0.5]), read.states)
    assert torch.equal(first.dit(*inputs, text_mask=read.mask), second.dit(*inputs, text_mask=read.mask))
    assert first.dit(*inputs, text_mask=read.mask).abs().max() > 0


@pytest.mark.parametrize("file", ["dit.safetensors", "vae.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "missing"])
def test_damaged_weights_are_named(directory, file, damage):
    path = directory / file
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "empty":
        data.clear()
    path.write_bytes(data)
    if damage == "missing":
        path.unlink()
    with pytest.raises(CorruptWeights, match=file):
        load_model(directory)
    with pytest.raises(CorruptWeights, match=file):
        verify(directory)


def edit(directory, change) -> None:
    values = json.loads((directory / "model.json").read_text())
    change(values)
    (directory / "model.json").write_text(json.dumps(values))


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.pop("dit"),
        lambda values: values.update(extra=1),
        lambda values: values["defaults"].update(size=[128]),
        lambda values: values["defaults"].update(size=[100, 100]),
        lambda values: values["defaults"].update(solver="magic"),
        lambda values: values.update(text="t5"),
        lambda values: values["dit"].update(layerz=3),
        lambda values: values["dit"].update(heads=5),
        lambda values: values["vae"].update(stride=[4, 16]),
        lambda values: values["vae"].update(colour="red"),
        lambda values: values.update(files={}),
        lambda values: values["dit"].update(layers=2),
        lambda values: values["dit"].update(dim=64),
    ],
)
def test_a_description_that_does_not_fit_is_refused(directory, change):
    edit(directory, change)
    with pytest.raises(CorruptWeights, match=r"model\.json|sha256|tensors"):
        load_model(directory)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"name": 3}'])
def test_a_model_json_that_is_none(directory, text):
    (directory / "model.json").write_text(text)
    with pytest.raises(CorruptWeights, match=r"model\.json"):
        load_model(directory)


def test_a_killed_save_is_a_detected_save(directory):
    other = save_tiny_model(directory.parent / "other", seed=1)
    (directory / "dit.safetensors").write_bytes((other / "dit.safetensors").read_bytes())
    with pytest.raises(CorruptWeights, match="sha256"):
        load_model(directory)


def test_no_temporary_file_stays(directory):
    assert sorted(path.name for path in directory.iterdir()) == ["dit.safetensors", "model.json", "vae.safetensors"]


def test_a_place_that_can_not_be_written(directory, tmp_path, text):
    (tmp_path / "file").touch()
    model = load_model(directory, text=text)
    with pytest.raises(OutputError, match="can't write the model"):
        save_model(tmp_path / "file" / "m", name="m", version="1", dit=model.dit, vae=model.vae, defaults=Defaults())


def test_saving_fits_the_budget_of_the_shipped_model(directory):
    assert sum(path.stat().st_size for path in directory.iterdir()) < 2e6


def test_unknown_models_list_the_known_ones(tmp_path):
    with pytest.raises(UnknownModel, match="no such model; known: kinora-small"):
        load_model("kinora-huge")
    with pytest.raises(UnknownModel):
        load_model(tmp_path)
