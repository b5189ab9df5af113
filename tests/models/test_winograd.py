"""Minimal filtering against torch's own convolutions, and its errors against theirs."""

import pytest
import torch
import torch.nn.functional as F

from kinora.models import winograd
from kinora.models.winograd import Scratch


def drawn(frames, height, width, channels, out, *kernel):
    torch.manual_seed(0)
    x = torch.randn(frames, height, width, channels, dtype=torch.float64)
    weight = torch.randn(out, channels, *kernel, dtype=torch.float64) / channels**0.5
    return x, weight, torch.randn(out, dtype=torch.float64)


def framed(x):
    above, below, left, right = winograd.MARGIN
    return F.pad(x, (0, 0, left, right, above, below))


def direct(x, weight, bias):
    """Zeros around each frame, none before the first."""
    return F.conv3d(x.permute(3, 0, 1, 2)[None], weight, bias, padding=(0, 1, 1))[0].permute(1, 2, 3, 0)


@pytest.mark.parametrize("large", [1, 1 << 20], ids=["4x4 where it divides", "2x2"])
@pytest.mark.parametrize("rows", [1, 16, 1 << 10])
@pytest.mark.parametrize("kernels", [1, 1 << 20], ids=["channel by channel", "all channels"])
@pytest.mark.parametrize(("frames", "taps"), [(1, 1), (3, 1), (3, 3), (6, 3), (4, 2)])
@pytest.mark.parametrize("size", [(8, 16), (10, 12)])
def test_the_same_as_a_convolution_over_space_and_time(monkeypatch, large, rows, kernels, frames, taps, size):
    monkeypatch.setattr(winograd, "LARGE", large)
    monkeypatch.setattr(winograd, "ROWS", rows)
    monkeypatch.setattr(winograd, "KERNELS", kernels)
    x, weight, bias = drawn(frames, *size, 5, 3, taps, 3, 3)
    found = winograd.convolve(framed(x), weight, bias, Scratch())
    torch.testing.assert_close(found, direct(x, weight, bias))


def test_rooms_used_before_change_nothing():
    x, weight, bias = drawn(3, 16, 16, 5, 3, 3, 3, 3)
    scratch = Scratch()
    winograd.convolve(framed(1e9 * x), weight, bias, scratch)
    found = winograd.convolve(framed(x[:, :8, :8]), weight, bias, scratch)
    torch.testing.assert_close(found, direct(x[:, :8, :8], weight, bias))


def test_written_where_it_is_wanted():
    x, weight, bias = drawn(3, 8, 8, 5, 3, 3, 3, 3)
    out = torch.full((1, 8, 8, 3), torch.nan, dtype=torch.float64)
    assert winograd.convolve(framed(x), weight, bias, Scratch(), out) is out
    torch.testing.assert_close(out, direct(x, weight, bias))


@pytest.mark.parametrize("rows", [1, 1 << 10])
def test_the_same_as_a_convolution_of_the_enlarged_picture(monkeypatch, rows):
    monkeypatch.setattr(winograd, "ROWS", rows)
    x, weight, bias = drawn(2, 5, 7, 5, 3, 3, 3)
    large = F.interpolate(x.permute(0, 3, 1, 2), scale_factor=2, mode="nearest-exact")
    expected = F.conv2d(large, weight, bias, padding=1).permute(0, 2, 3, 1)
    padded = F.pad(x, (0, 0, 1, 1, 1, 1))
    torch.testing.assert_close(winograd.convolve_enlarged(padded, weight, bias, Scratch()), expected)


@pytest.mark.parametrize(("frames", "taps"), [(1, 1), (6, 3)])
def test_planes_of_few_outputs(frames, taps):
    x, weight, bias = drawn(frames, 6, 9, 5, 3, taps, 3, 3)
    found = winograd.convolve_to_planes(framed(x), weight, bias, Scratch())
    torch.testing.assert_close(found, direct(x, weight, bias).permute(3, 0, 1, 2))


@pytest.mark.parametrize(("large", "times"), [(1 << 20, 4), (1, 12)], ids=["2x2", "4x4"])
def test_nearly_as_exact_as_a_direct_convolution(monkeypatch, large, times):
    monkeypatch.setattr(winograd, "LARGE", large)
    x, weight, bias = drawn(3, 8, 8, 64, 32, 3, 3, 3)
    expected = direct(x, weight, bias)
    narrow = [tensor.float() for tensor in (x, weight, bias)]
    found = winograd.convolve(framed(narrow[0]), *narrow[1:], Scratch())
    usual = (direct(*narrow) - expected).norm()
    assert (found - expected).norm() < times * usual
