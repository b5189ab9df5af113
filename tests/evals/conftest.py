"""A stand-in for the world: a coloured disc before a textured wall, with every motion known exactly."""

import numpy as np
import pytest


class Stage:
    """Draws clips [T, 128, 128, 3] and the disc's mask; lengths are fractions of the picture."""

    def __init__(self, frames: int = 33) -> None:
        self.frames = frames
        rng = np.random.default_rng(5)
        yy, xx = np.mgrid[0:1:512j, 0:1:512j]
        wall = np.zeros((512, 512))
        for _ in range(40):
            fy, fx, p = rng.uniform(-25, 25), rng.uniform(-25, 25), rng.uniform(0, 6.28)
            wall += np.sin(2 * np.pi * (fy * yy + fx * xx) + p)
        self.wall = 0.45 + 0.05 * wall

    def clip(self, *, drift=0.0, zoom=1.0, shear=0.0, path=None, radius=None, colour=(0.8, 0.1, 0.1)):
        """A clip whose wall drifts and shears by so much in all and grows to `zoom`; the disc follows `path`."""
        t = np.linspace(0, 1, self.frames)
        path = np.tile([0.5, 0.6], (self.frames, 1)) if path is None else path
        radius = np.full(self.frames, 0.18) if radius is None else radius
        y, x = (np.mgrid[0:128, 0:128] + 0.5) / 128
        frames, masks = [], []
        for i in range(self.frames):
            scale = zoom ** t[i]
            u = ((x - 0.5) - (drift + shear * (2 * y - 1)) * t[i]) / scale
            v = (y - 0.5) / scale
            place = ((np.stack([v, u]) * 0.4 + 0.5) * 511).clip(0, 511).astype(int)
            picture = np.repeat(self.wall[place[0], place[1]][..., None], 3, -1)
            disc = (x - path[i, 0]) ** 2 + (y - path[i, 1]) ** 2 < radius[i] ** 2
            picture[disc] = np.array(colour) * (0.8 + 0.2 * (path[i, 1] - y[disc, None]) / radius[i])
            frames.append(picture)
            masks.append(disc)
        frames = (np.stack(frames).clip(0, 1) * 255).astype(np.uint8)
        masks = np.stack(masks).astype(np.float32).reshape(self.frames, 32, 4, 32, 4).mean((2, 4))
        return frames, masks


@pytest.fixture(scope="session")
def stage() -> Stage:
    return Stage()
