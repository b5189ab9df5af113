import pytest
import torch

from kinora.evals.degrade import (
    Components,
    blurred,
    degraded,
    doubled,
    grained,
    halved,
    patches,
    smeared,
    through_components,
    tinted,
    unpatched,
)


@pytest.fixture(scope="module")
def clips():
    """Smooth random clips: a few low frequencies, moving."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(6, 3, 5, 8, 8, generator=generator)
    fine = torch.nn.functional.interpolate(coarse, (17, 64, 64), mode="trilinear", align_corners=True)
    return fine.transpose(1, 2).contiguous()


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(1)


def test_patches_go_there_and_back(clips):
    whole = clips[:, :16]
    assert torch.equal(unpatched(patches(whole), whole.shape), whole)
    assert patches(whole).shape == (6, 4 * 8 * 8, 4 * 3 * 8 * 8)


def test_all_components_and_no_noise_lose_nothing(clips):
    full = Components.of(clips[:, :16], count=768)
    code = (patches(clips[:, :16]) - full.mean) @ full.directions.T
    torch.testing.assert_close(code @ full.directions + full.mean, patches(clips[:, :16]), atol=1e-3, rtol=0)


@pytest.mark.parametrize("change", [blurred, smeared, grained, tinted])
def test_each_change_is_visible_and_small(clips, generator, change):
    worse = change(clips, generator)
    assert worse.shape == clips.shape
    assert 1e-4 < (worse - clips).abs().mean() < 0.1


def test_the_bottleneck_keeps_the_picture_and_any_length(clips, generator):
    components = Components.of(clips[:, :16], count=32)
    for length in (9, 12, 17):
        worse = through_components(clips[:, :length], components, generator)
        assert worse.shape == clips[:, :length].shape
        assert 1e-4 < (worse - clips[:, :length]).abs().mean() < 0.1


def test_a_mixture_leaves_half_of_the_clips_sharp_and_is_reproducible(clips):
    components = Components.of(halved(clips[:, :16]), count=32)
    many = clips.repeat(8, 1, 1, 1, 1)
    one = degraded(many, components, torch.Generator().manual_seed(3))
    again = degraded(many, components, torch.Generator().manual_seed(3))
    assert torch.equal(one, again)
    assert one.min() >= 0
    assert one.max() <= 1
    same = (one == many).flatten(1).all(1)
    assert 14 <= same.sum() <= 34
    assert (one - many)[~same].abs().mean((1, 2, 3, 4)).min() > 1e-3


def test_halving_and_doubling_keep_the_mean(clips):
    torch.testing.assert_close(halved(clips).mean((3, 4)), clips.mean((3, 4)))
    torch.testing.assert_close(doubled(clips).mean((3, 4)), clips.mean((3, 4)), atol=1e-3, rtol=0)
    assert doubled(halved(clips)).shape == clips.shape
