from dataclasses import replace

import numpy as np
import pytest

from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import DEFAULTS, save_tiny_model
from kinora.engine.engine import Engine
from kinora.request import Limits
from kinora.safety import default_guard

LIMITS = Limits(size=(64, 64), fps=8, seconds=1.0, max_seconds=10, steps=2, guidance=2.0)


@pytest.fixture
def limits() -> Limits:
    """What a model of 64x64 pixels and 8 frames a second can be asked for."""
    return LIMITS


@pytest.fixture(scope="session")
def engine(tmp_path_factory) -> Engine:
    """The real engine on a model of noise, trained as it were on 9 latent frames."""
    folder = save_tiny_model(tmp_path_factory.mktemp("tiny"), defaults=replace(DEFAULTS, max_seconds=10))
    return Engine(load_model(folder), default_guard())


def _moving(count: int, *, size: int = 64, start: int = 0, tint: tuple[int, int, int] = (220, 60, 40)) -> np.ndarray:
    """A square that crosses a smooth background, `count` frames from frame `start` of its way."""
    y, x = np.mgrid[:size, :size]
    frames = np.empty((count, size, size, 3), np.uint8)
    frames[...] = np.stack([x * 2 % 256, y * 2 % 256, 180 - x], axis=-1)
    for index in range(count):
        left = (start + index) * 2 % (size - 16)
        frames[index, size // 2 - 8 : size // 2 + 8, left : left + 16] = tint
    return frames


@pytest.fixture(scope="session")
def moving():
    """Frames of a square on its way: `moving(count, size=64, start=0, tint=...)`."""
    return _moving
