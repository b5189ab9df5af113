"""Minimal filtering against torch's own convolutions, and its errors against theirs."""

import pytest
import torch
import torch.nn.functional as F

from kinora.models import winograd


def drawn(frames, height, width, channels, out, *kernel):
    torch.manual_seed(0)
    x = torch.randn(frames, height, width, channels, dtype=torch.float64)
    weight = torch.randn(out, channels, *kernel, dtype=torch.float64) / channels**0.5
    return x, weight, torch.randn(out, dtype=torch.float64)


@pytest.mark.parametrize("strip", [1, 1 << 10, 1 << 20])
@pytest.mark.parametrize(("frames", "taps"), [(1, 1), (3, 1), (3, 3), (6, 3), (4, 2)])
def test_the_same_as_a_convolution_over_space_and_time(monkeypatch, strip, frames, taps):
    monkeypatch.setattr(winograd, "STRIP", strip)
    monkeypatch.setattr(winograd, "LEAST", 1)
    x, weight, bias = drawn(frames, 10, 16, 5, 3, taps, 3, 3)
    expected = F.conv3d(x.permute(3, 0, 1, 2)[None], weight, bias)[0].permute(1, 2, 3, 0)
    torch.testing.assert_close(winograd.convolve(x, weight, bias), expected)


@pytest.mark.parametrize("strip", [1, 1 << 20])
def test_the_same_as_a_convolution_of_the_enlarged_picture(monkeypatch, strip):
    monkeypatch.setattr(winograd, "STRIP", strip)
    monkeypatch.setattr(winograd, "LEAST", 1)
    x, weight, bias = drawn(2, 5, 7, 5, 3, 3, 3)
    large = F.interpolate(x.permute(0, 3, 1, 2), scale_factor=2, mode="nearest-exact")
    expected = F.conv2d(large, weight, bias, padding=1).permute(0, 2, 3, 1)
    padded = F.pad(x, (0, 0, 1, 1, 1, 1))
    torch.testing.assert_close(winograd.convolve_enlarged(padded, weight, bias), expected)


def test_as_exact_as_a_direct_convolution():
    x, weight, bias = drawn(3, 10, 10, 64, 32, 3, 3, 3)
    expected = F.conv3d(x.permute(3, 0, 1, 2)[None], weight, bias)[0].permute(1, 2, 3, 0)
    narrow = [tensor.float() for tensor in (x, weight, bias)]
    direct = F.conv3d(narrow[0].permute(3, 0, 1, 2)[None], *narrow[1:])[0].permute(1, 2, 3, 0)
    error, usual = (winograd.convolve(*narrow) - expected).norm(), (direct - expected).norm()
    assert error < 4 * usual
