"""Which of several files in ComfyUI's folder are taken, and what is said where none can be."""

import pytest

from kinora.checkpoints.cards import CARDS
from kinora.checkpoints.comfyui import places_of
from kinora.errors import CorruptWeights

CARD = CARDS["wan2.2-t2v-a14b"]


@pytest.fixture
def folder(tmp_path):
    """What ComfyUI's own workflow for the model has fetched, and a tokenizer."""
    for name in (
        "diffusion_models/wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors",
        "diffusion_models/wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors",
        "text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors",
        "text_encoders/tokenizer.json",
        "vae/wan_2.1_vae.safetensors",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_the_files_of_comfyuis_own_workflow_do(folder):
    places = places_of(CARD, folder)
    assert [path.name.partition("_noise")[0] for path in places.dits] == ["wan2.2_t2v_low", "wan2.2_t2v_high"]
    assert places.text.name == "umt5_xxl_fp8_e4m3fn_scaled.safetensors"


def test_of_several_precisions_the_widest_is_taken(folder):
    names = ["umt5_xxl_fp8_e4m3fn.safetensors", "umt5_xxl_fp16.safetensors"]
    for name, taken in zip(names, ("umt5_xxl_fp8_e4m3fn_scaled.safetensors", names[1]), strict=True):
        (folder / "text_encoders" / name).touch()
        assert places_of(CARD, folder).text.name == taken


def test_gguf_alone_is_said_not_to_do(folder):
    file = folder / "diffusion_models/wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors"
    file.rename(file.with_name("wan2.2_t2v_high_noise_14B_Q4_K_M.gguf"))
    with pytest.raises(CorruptWeights, match=r"has none of wan2.2_t2v_high_noise_14B_bf16, .*; .* GGUF is not read"):
        places_of(CARD, folder)
