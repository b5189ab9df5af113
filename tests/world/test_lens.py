"""The tent filter against its definition."""

import numpy as np
from scipy.ndimage import convolve

from kinora.world.lens import soften


def test_equals_a_plain_convolution():
    frames = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    expected = np.stack(
        [[convolve(f[..., c].astype(float), kernel, mode="nearest") for c in range(3)] for f in frames]
    ).transpose(0, 2, 3, 1)
    assert np.abs(soften(frames) - expected).max() <= 0.5


def test_keeps_flat_areas_and_extremes():
    frames = np.full((1, 8, 8, 3), 255, np.uint8)
    assert (soften(frames) == 255).all()
