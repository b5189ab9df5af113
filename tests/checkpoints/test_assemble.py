"""However a model is kept in memory, it reads, sees and says the same."""

import pytest
import torch

from kinora.checkpoints.assemble import Setup
from kinora.checkpoints.store import load_model
from kinora.checkpoints.wan.tiny import save_tiny
from kinora.errors import Unavailable

NAME = "wan2.1-i2v-14b-480p"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("weights"), "wan2.1-i2v-14b")


@torch.inference_mode()
def said(model):
    generator = torch.Generator().manual_seed(1)
    picture = torch.rand(1, 3, 48, 64, generator=generator) * 2 - 1
    text, image = model.text.encode(["a cat"]).states.float(), model.image.encode(picture)
    latent = torch.randn(1, 36, 2, 6, 8, generator=generator)
    velocity = model.dit(latent, torch.tensor([0.7]), model.dit.text_context(text, image=image))
    return text, image, velocity


@pytest.mark.parametrize(
    "setup",
    [Setup(offload=True), Setup(text_visits=True), Setup(offload=True, text_visits=True)],
    ids=["blocks visit", "readers visit", "all visit"],
)
def test_where_weights_lie_changes_no_bit(directory, setup):
    plain, kept = (load_model(f"{NAME}@{directory}", setup=one) for one in (Setup(), setup))
    for first, second in zip(said(plain), said(kept), strict=True):
        assert torch.equal(first, second)


def test_kernels_that_are_not_there_are_refused_before_anything_is_read(directory):
    with pytest.raises(Unavailable, match="FlashAttention 3"):
        load_model(f"{NAME}@{directory}", setup=Setup(flash="FA3"))
