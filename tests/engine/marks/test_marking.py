"""What Kinora's own models film starts from marked noise; the mark says the model and is the seed's alone."""

import numpy as np
import pytest
import torch

from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import save_tiny_model
from kinora.engine import solving
from kinora.engine.engine import Engine
from kinora.engine.events import collect
from kinora.engine.marks.marking import marked
from kinora.flow.state import LatentState
from kinora.request import Shot
from kinora.safety import lists_only_guard
from kinora.safety.noise_mark import NoiseMark
from kinora.safety.watermark_keys import OPEN_KEY, VARIABLE

SHAPE = (12, 5, 16, 16)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(save_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


def noise(seed):
    return LatentState.noise([seed], SHAPE)


def test_the_mark_is_read_again_and_names_the_model(model):
    read = NoiseMark(OPEN_KEY).read(marked(noise(3), model, 3).latent[0].numpy())
    assert read.found
    assert read.payload.names(model.name, model.version)


def test_sizes_stay_the_seeds_and_the_numbers_stay_normal(model):
    plain, written = noise(3).latent, marked(noise(3), model, 3).latent
    assert torch.equal(plain.abs(), written.abs())
    assert abs(float(written.mean())) < 0.03
    assert abs(float(written.std()) - 1) < 0.03
    assert torch.equal(written, marked(noise(3), model, 3).latent)
    signs = (written.sign() == marked(noise(4), model, 4).latent.sign()).float().mean()
    assert 0.4 < signs < 0.6


def test_a_film_starts_from_it(model, monkeypatch):
    seen = []
    apply = solving.apply
    monkeypatch.setattr(solving, "apply", lambda state, conditions: seen.append(state) or apply(state, conditions))
    collect(Engine(model, lists_only_guard()).generate(Shot("a ball", seconds=1, seed=5)), "a ball")
    assert NoiseMark(OPEN_KEY).read(seen[0].latent[0].numpy().astype(np.float32)).found


def test_an_own_key_marks_and_the_open_one_finds_nothing(model, monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "key"))
    written = marked(noise(3), model, 3).latent[0].numpy()
    assert not NoiseMark(OPEN_KEY).read(written).found
