from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kinora.flow.schedule import ForcingConfig, from_sigma, partition, sample_sigmas, shift_sigma, shifted, wan_time

FIXTURES = Path(__file__).parents[3] / "shared/fixtures/wan/schedulers.safetensors"
BLOCKS = (1, 4, 4)
FORCING = ForcingConfig()


def draws(batch=4000, blocks=BLOCKS, shift=1.0, seed=0, **changes):
    generator = torch.Generator().manual_seed(seed)
    forcing = replace(FORCING, **changes)
    return sample_sigmas(batch, sum(blocks), blocks=blocks, shift=shift, generator=generator, forcing=forcing)


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [  # 50 steps, shift 5, from the originals
        ("wan", (0.9997998, 0.9957324, 0.9915305), (0.1722651, 0.0925069)),
        ("wan-dpm++", (1.0, 0.9959350, 0.9917355), (0.1724138, 0.0925926)),
        ("linear", (1.0, 0.9959350, 0.9917355), (0.1724138, 0.0925926)),
        ("diffusers-unipc", (0.9999990, 0.9959391, 0.9917441), (0.1759692, 0.0967784)),
        ("diffusers-euler", (1.0, 0.9958716, 0.9916046), (0.1148195, 0.0244141)),
    ],
)
def test_each_grid_is_its_original(kind, first, last):
    sigmas = shifted(50, 5.0, kind)
    torch.testing.assert_close(sigmas[:3], torch.tensor(first), atol=2e-7, rtol=0)
    torch.testing.assert_close(sigmas[-3:], torch.tensor((*last, 0.0)), atol=2e-7, rtol=0)


@pytest.mark.skipif(not FIXTURES.exists(), reason="the shared Wan fixtures are not beside this checkout")
@pytest.mark.parametrize(("steps", "shift"), [(50, 5), (40, 12), (8, 3), (4, 8)])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("wan", "wan_unipc"),
        ("wan-dpm++", "wan_dpmpp"),
        ("diffusers-unipc", "diffusers_unipc"),
        ("diffusers-euler", "diffusers_euler"),
    ],
)
def test_grids_equal_the_fixtures(kind, name, steps, shift):
    from safetensors.torch import load_file

    expected = load_file(FIXTURES)[f"{name}.s{steps}.shift{shift}.sigmas"]
    torch.testing.assert_close(shifted(steps, float(shift), kind), expected, atol=2e-7, rtol=0)


@pytest.mark.skipif(not FIXTURES.exists(), reason="the shared Wan fixtures are not beside this checkout")
@pytest.mark.parametrize(("steps", "shift"), [(50, 5), (40, 12), (8, 3), (4, 8)])
@pytest.mark.parametrize(("kind", "name"), [("wan", "wan_unipc"), ("wan-dpm++", "wan_dpmpp")])
def test_wan_is_told_whole_thousandths(kind, name, steps, shift):
    from safetensors.torch import load_file

    expected = load_file(FIXTURES)[f"{name}.s{steps}.shift{shift}.t"]
    torch.testing.assert_close(1000 * wan_time(shifted(steps, float(shift), kind)[:-1]), expected)


def test_whole_thousandths_survive_float32():
    assert wan_time(torch.tensor([0.9599999785, 0.5, 0.2997599, 0.0])).mul(1000).round().tolist() == [960, 500, 299, 0]


def test_a_grid_can_begin_lower():
    sigmas = shifted(4, 1.0, "linear")
    assert from_sigma(sigmas, 1.0).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert from_sigma(sigmas, 0.6).tolist() == pytest.approx([0.6, 0.5, 0.25, 0.0])
    assert from_sigma(sigmas, 0.5).tolist() == [0.5, 0.25, 0.0]
    assert torch.equal(from_sigma(shifted(4, 5.0, "wan"), 1.0), shifted(4, 5.0, "wan"))


@pytest.mark.parametrize("kind", ["wan", "wan-dpm++", "linear", "diffusers-unipc", "diffusers-euler"])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_every_grid_falls_to_zero(kind, steps):
    sigmas = shifted(steps, 3.0, kind)
    assert len(sigmas) == steps + 1
    assert sigmas[-1] == 0
    assert (sigmas.diff() < 0).all()


def test_bad_grids_are_refused():
    with pytest.raises(ValueError, match="0 steps"):
        shifted(0)
    with pytest.raises(ValueError, match="shift -1"):
        shifted(4, -1.0)


def test_partition_covers_every_frame():
    assert partition(9, 3) == (3, 3, 3)
    assert partition(9, 4, first=1) == (1, 4, 4)
    assert partition(8, 3) == (3, 3, 2)
    assert partition(2, 3, first=4) == (2,)


def test_the_same_seed_draws_the_same_sigmas():
    a, b, c = draws(seed=3), draws(seed=3), draws(seed=4)
    assert torch.equal(a.sigma, b.sigma)
    assert torch.equal(a.held, b.held)
    assert not torch.equal(a.sigma, c.sigma)


def test_same_gives_one_sigma_per_clip():
    draw = draws(full=0.0, same=1.0, independent=0.0, prefix=0.0)
    assert draw.blocks == BLOCKS
    assert not draw.held.any()
    assert torch.equal(draw.sigma, draw.sigma[:, :1].expand_as(draw.sigma))


def test_independent_gives_one_sigma_per_block():
    draw = draws(full=0.0, same=0.0, independent=1.0, prefix=0.0)
    first, second, third = draw.sigma.split(BLOCKS, dim=1)
    for block in (first, second, third):
        assert torch.equal(block, block[:, :1].expand_as(block))
    levels = torch.cat([first[:, :1], second[:, :1], third[:, :1]], dim=1)
    assert torch.corrcoef(levels.T).triu(1).abs().max() < 0.06


def test_prefix_holds_a_start_clean_and_prefers_block_edges():
    draw = draws(full=0.0, same=0.0, independent=0.0, prefix=1.0)
    length = draw.held.sum(1)
    assert torch.equal(draw.held, torch.arange(9) < length[:, None])
    assert length.min() == 1
    assert length.max() == 8
    assert draw.sigma[draw.held].max() <= FORCING.clean
    counts = length.bincount(minlength=9)
    assert counts[5] > 2 * counts[4]  # 5 ends a block, 4 does not
    rest = draw.sigma.masked_fill(draw.held, -1)
    assert torch.equal(rest.amax(1)[:, None].expand_as(rest)[~draw.held], rest[~draw.held])


def test_full_attention_steps_hold_clean_frames_anywhere():
    draw = draws(full=1.0, anywhere=1.0)
    assert draw.blocks is None
    assert (~draw.held).any(1).all()
    assert draw.held.float().mean(0).min() > 0.25  # every frame is sometimes given...
    assert draw.held.float().mean(0).max() < 0.75  # ...and sometimes generated
    ends = draw.held[:, 0] & draw.held[:, -1]
    assert 0.1 < ends.float().mean() < 0.6


def test_full_attention_comes_as_often_as_asked():
    generator = torch.Generator().manual_seed(0)
    full = sum(sample_sigmas(1, 9, blocks=BLOCKS, shift=1.0, generator=generator).blocks is None for _ in range(500))
    assert abs(full / 500 - FORCING.full) < 0.05


def test_mode_shares_are_as_configured():
    draw = draws(full=0.0)
    first, _, third = draw.sigma.split(BLOCKS, dim=1)
    held = draw.held.any(1)
    same = ~held & (first[:, 0] == third[:, 0])
    assert abs(held.float().mean() - FORCING.prefix) < 0.03
    assert abs(same.float().mean() - FORCING.same) < 0.03


def test_levels_are_a_shifted_logit_normal_with_a_tail():
    one = {"full": 0.0, "same": 1.0, "independent": 0.0, "prefix": 0.0}
    level = draws(50_000, shift=2.0, tail=0.0, **one).sigma[:, 0]
    torch.testing.assert_close(level.median(), shift_sigma(torch.tensor(0.5), 2.0), atol=0.01, rtol=0)
    quantile = shift_sigma(torch.sigmoid(torch.tensor(-1.0)), 2.0)  # one deviation down: 15.9 %
    assert abs((level < quantile).float().mean() - 0.1587) < 0.01
    tailed = draws(50_000, shift=2.0, tail=0.5, **one).sigma[:, 0]
    assert abs((tailed > 0.95).float().mean() - 0.5) < 0.02
    assert tailed.max() < 1 + 1e-6


def test_an_image_is_one_noisy_frame():
    draw = draws(100, blocks=(1,), full=0.0)
    assert draw.sigma.shape == (100, 1)
    assert not draw.held.any()
    assert not draws(100, blocks=(1,), full=1.0, anywhere=1.0).held.any()


def test_wrong_shares_and_blocks_are_refused():
    with pytest.raises(ValueError, match="must be 1"):
        ForcingConfig(same=0.5)
    with pytest.raises(ValueError, match="sum to 9"):
        sample_sigmas(1, 9, blocks=(4, 4), shift=1.0, generator=torch.Generator())


def test_given_frames_are_clean_in_every_sample_whatever_the_draw():
    for seed in range(20):
        draw = sample_sigmas(4, 9, blocks=(1, 4, 4), shift=3.0, generator=torch.Generator().manual_seed(seed), given=5)
        assert draw.held[:, :5].all()
        assert not draw.held[:, 5:].any()
        assert (draw.sigma[:, :5] <= ForcingConfig().clean).all()
        assert (draw.sigma[:, 5:] == draw.sigma[:, 5:6]).all()
