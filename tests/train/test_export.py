"""What a run learnt can be filmed with and started from."""

import pytest
import torch

from kinora.checkpoints.store import load_model
from kinora.errors import BadInputFile, UnknownModel
from kinora.models.vae import Autoencoder
from kinora.train.export import export_model, starting_weights
from kinora.train.loop import train_flow


@pytest.fixture
def run(config, cache, tmp_path):
    train_flow(config, cache, tmp_path / "run")
    return tmp_path / "run"


def test_a_run_becomes_a_model(run, config, tmp_path):
    vae = Autoencoder()
    manifest = export_model(run, vae, tmp_path / "model", config, name="mine", version="3", card="# Mine")
    assert manifest.training["steps"] == 12
    assert manifest.training["recipe"]["name"] == "cpu_tiny"
    loaded = load_model(tmp_path / "model")
    average = starting_weights(run)
    for name, param in loaded.dit.named_parameters():
        torch.testing.assert_close(param, average[name], atol=0.02, rtol=0.01)
    assert (tmp_path / "model" / "MODEL_CARD.md").read_text() == "# Mine"
    again = starting_weights(tmp_path / "model")
    assert again.keys() == average.keys()


def test_a_folder_that_is_neither_is_refused(config, tmp_path):
    with pytest.raises(UnknownModel):
        starting_weights(tmp_path)
    with pytest.raises(BadInputFile, match="no checkpoint"):
        export_model(tmp_path, Autoencoder(), tmp_path / "out", config, name="x", version="1")
