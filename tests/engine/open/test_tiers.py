"""How open models are kept on a GPU, and what is refused because it fits none, on cards that are only described."""

from dataclasses import replace

import pytest
import torch

from kinora.checkpoints.assemble import Setup
from kinora.checkpoints.cards import CARDS
from kinora.engine import api
from kinora.engine.open import measuring, tiers
from kinora.engine.open.forecast import Machine
from kinora.engine.runtime import Runtime
from kinora.errors import InvalidRequest
from kinora.request import Shot

CARD = CARDS["wan2.2-ti2v-5b"]


@pytest.fixture
def card_of(monkeypatch, tmp_path):
    """A GPU of so many gigabytes, and a directory as large as the model."""
    with (tmp_path / "weights.safetensors").open("wb") as file:
        file.truncate(2 * CARD.shape.parameters)  # a hole: it takes no place

    def described(memory: float):
        machine = Machine(memory=memory * 1e9, flops=165e12, name="a card")
        monkeypatch.setattr(measuring, "here", lambda _device: machine)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        return tmp_path

    return described


@pytest.mark.parametrize(
    ("memory", "tier", "kept"),
    [
        (80, "exact", Setup()),
        (80, "fast", Setup(compiled=True)),
        (24, "exact", Setup(offload=True)),
        (24, "fast", Setup(offload=True)),
        (12, "exact", Setup(offload=True, text_visits=True)),  # the default clip does not fit, smaller ones do
    ],
)
def test_a_model_is_whole_where_its_default_clip_fits(card_of, memory, tier, kept):
    assert tiers.setup_for(CARD, card_of(memory), device="cuda", tier=tier) == kept
    assert tiers.setup_for(CARD, card_of(memory), device="cpu", tier=tier) == Setup()


def test_a_clip_that_fits_in_no_exact_way_is_refused_before_anything_is_loaded(card_of):
    model = f"{CARD.name}@{card_of(16)}"
    shot = Shot("a lighthouse", model=model)
    plan, card = api.limits(model).plan(shot), Runtime(device="cuda")
    with pytest.raises(
        InvalidRequest, match=r"1280x704, 121 frames: does not fit the 16 GB of a card; these fit: kinora"
    ):
        api.film(shot, card)
    card.admit(model, replace(plan, size=(480, 832)))
    Runtime(device="cpu").admit(model, plan)
    card.admit("kinora-small", plan)
