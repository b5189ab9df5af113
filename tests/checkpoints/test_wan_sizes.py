"""Whose a transformer is, told by its tensors: another model's is refused before it films anything."""

from dataclasses import replace

import pytest

from kinora.checkpoints.store import load_model
from kinora.checkpoints.wan.architectures import ARCHITECTURES
from kinora.checkpoints.wan.load import load_dit
from kinora.checkpoints.wan.sizes import check_fits
from kinora.checkpoints.wan.tiny import save_tiny
from kinora.errors import CorruptWeights
from kinora.models.dit import DiTConfig


@pytest.mark.parametrize(
    ("held", "asked", "said"),
    [
        ("wan2.1-t2v-1.3b", "wan2.2-ti2v-5b", "16 input channels instead of 48, 16 output channels instead of 48"),
        ("wan2.1-t2v-1.3b", "wan2.1-i2v-14b", "16 input channels instead of 36, 0 image branches instead of 1"),
        ("wan2.1-i2v-14b", "wan2.1-flf2v-14b", "0 places for image tokens instead of 514"),
    ],
)
def test_another_models_transformer_is_refused(tmp_path, held, asked, said):
    directory = save_tiny(tmp_path, held)
    load_dit(directory, expected=ARCHITECTURES[held])
    with pytest.raises(CorruptWeights, match=f"is no transformer of {asked}: {said}"):
        load_dit(directory, expected=ARCHITECTURES[asked])


def test_a_published_size_is_its_own_models():
    small, large = (DiTConfig.from_dict(ARCHITECTURES[name].dit) for name in ("wan2.1-t2v-1.3b", "wan2.1-t2v-14b"))
    check_fits(large, ARCHITECTURES["wan2.1-t2v-14b"], "files")
    with pytest.raises(CorruptWeights, match="5120 wide instead of 1536, 40 layers instead of 30"):
        check_fits(large, ARCHITECTURES["wan2.1-t2v-1.3b"], "files")
    check_fits(replace(small, layers=12), ARCHITECTURES["wan2.1-t2v-1.3b"], "files")  # a trainer's own


@pytest.mark.parametrize(
    ("held", "asked"), [("wan2.1-t2v-14b", "wan2.2-t2v-a14b"), ("wan2.2-t2v-a14b", "wan2.1-t2v-14b")]
)
def test_one_transformer_is_not_taken_for_two_nor_two_for_one(tmp_path, held, asked):
    directory = save_tiny(tmp_path, held)
    with pytest.raises(CorruptWeights, match=rf"holds \d transformers?, where {asked} has \d; use its weights"):
        load_model(f"{asked}@{directory}")
    assert load_model(f"{held}@{directory}").name == held
