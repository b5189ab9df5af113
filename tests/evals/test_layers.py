import torch

from kinora.evals.layers import doubled, joined, neighbours, over_time, summarised


def test_a_clip_stands_still_beyond_its_ends():
    frames = torch.arange(9.0)[None, :, None, None, None].expand(1, 9, 3, 2, 2)
    before, now, after = (frames[0, :, 0, 0, 0] for frames in neighbours(frames, every=4))
    assert before.tolist() == [0, 3, 7]
    assert now.tolist() == [0, 4, 8]
    assert after.tolist() == [1, 5, 8]


def test_differences_are_of_luma_and_zero_at_the_ends():
    pixels = torch.rand(1, 9, 3, 4, 4)
    stacked = joined(*neighbours(pixels, every=1))
    luma = (pixels * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(2)
    torch.testing.assert_close(stacked[:, :, :3], pixels - 0.5)
    assert stacked[0, 0, 3].abs().max() == 0
    assert stacked[0, -1, 4].abs().max() == 0
    torch.testing.assert_close(stacked[0, 4, 3], 4 * (luma[0, 4] - luma[0, 3]))
    torch.testing.assert_close(stacked[0, 4, 4], 4 * (luma[0, 5] - luma[0, 4]))


def test_a_summary_tells_a_rise_from_a_fall_and_both_from_rest():
    rest, rise = torch.zeros(1, 1, 9), torch.linspace(-1, 1, 9)[None, None]
    mean, most, drift, spread = summarised(rise)[0]
    assert (mean.abs() < 1e-6, most.item(), drift > 1, spread > 0.5) == (True, 1, True, True)
    torch.testing.assert_close(summarised(rise.flip(2))[0, 2], -drift)
    assert summarised(rest).abs().max() == 0


def test_blocks_over_time_keep_the_length_and_see_as_far_as_their_dilation():
    blocks = over_time(4, (1, 4)).eval()
    steps = torch.zeros(1, 4, 17)
    steps[:, :, 8] = 1
    for block, reach in zip(blocks, (1, 4), strict=True):
        changed = (block(steps) - block(torch.zeros_like(steps))).abs().amax((0, 1)).nonzero()[:, 0]
        assert set(changed.tolist()) <= {8 - reach, 8, 8 + reach}
        assert len(changed) > 0


def test_doubling_repeats_cells():
    assert doubled(torch.tensor([[[[1.0, 2.0]]]])).tolist() == [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]
