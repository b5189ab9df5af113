import numpy as np
import pytest


@pytest.fixture
def frames() -> np.ndarray:
    """Two seconds at 8 fps: a red square crosses a smooth background."""
    y, x = np.mgrid[:64, :96]
    clip = np.empty((16, 64, 96, 3), np.uint8)
    clip[...] = np.stack([x * 2, y * 3, 200 - x], axis=-1)
    for index in range(16):
        clip[index, 20:44, index * 4 : index * 4 + 24] = (220, 30, 40)
    return clip
