"""Soft discs drawn over a frame: falling flakes and drops, fireflies, the halos of flames and lamps.

They are few and large on purpose: a small model spends its capacity on what moves, not on specks.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world.scene import Shot

Floats = NDArray[np.float64]

FLAKES = 12
FIREFLIES = 8
DROPS = 16


@dataclass(frozen=True, slots=True)
class Sprites:
    """`points` (n, 3) and `radii` (n,) in metres; `colours` (n, 4) linear with opacity, negative opacity adds light."""

    points: Floats
    radii: Floats
    colours: Floats


def sprites(seed: int, shot: Shot, flames: list[Floats], time: float) -> Sprites:
    """The discs of a shot `time` seconds after it began; `flames` are the world positions of the subjects' flames."""
    rng = np.random.default_rng([seed, 7])
    points: list[tuple[float, ...]] = []
    radii: list[float] = []
    colours: list[tuple[float, ...]] = []
    if shot.weather == "snow":
        start = rng.uniform((-0.2, 0.0, -1.6), (0.2, 2.2, 0.9), (FLAKES, 3))
        start[:, 0] += np.linspace(-1.5, 1.5, FLAKES)
        fall = start[:, 1] - 0.5 * time
        sway = 0.12 * np.sin(1.3 * time + np.arange(FLAKES) * 2.1)
        points += [(x + s, y % 2.2 - 0.1, z) for (x, _, z), y, s in zip(start, fall, sway, strict=True)]
        radii += [0.1] * FLAKES
        colours += [(0.95, 0.97, 1.0, 0.85)] * FLAKES
    if shot.weather == "rain":
        start = rng.uniform((-0.15, 0.0, -1.6), (0.15, 2.2, 1.2), (DROPS, 3))
        start[:, 0] += np.linspace(-1.5, 1.5, DROPS)
        points += [(x, (y - 2.9 * time) % 2.2, z) for x, y, z in start]
        radii += [0.13] * DROPS
        colours += [(0.62, 0.72, 0.85, 0.6)] * DROPS
    if shot.setting == "forest" and shot.light != "day" and shot.weather == "clear":
        start = rng.uniform((-1.9, 0.35, -2.2), (1.9, 1.7, 0.3), (FIREFLIES, 3))
        start[:, 0] = np.linspace(-1.7, 1.7, FIREFLIES) + 0.3 * start[:, 0] / 1.9
        angle = 0.9 * time + np.arange(FIREFLIES) * 2.4
        points += [
            (x + 0.16 * math.sin(a), y + 0.1 * math.cos(1.3 * a), z) for (x, y, z), a in zip(start, angle, strict=True)
        ]
        radii += [0.13] * FIREFLIES
        colours += [(0.9, 0.85, 0.3, -0.85)] * FIREFLIES
    if shot.setting == "room":  # the lamp on the table and the candle on the shelf, as in setting_room.glsl
        points += [(1.35, 1.35, -1.4), (-1.55, 1.22, -1.85)]
        radii += [0.75, 0.4 + 0.015 * math.sin(11.0 * time)]
        colours += [(0.75, 0.42, 0.14, -0.4), (0.9, 0.5, 0.16, -0.45)]
    for flame in flames:
        points.append(tuple(flame))
        radii.append(0.42 + 0.02 * math.sin(13.0 * time + 2.0))
        colours.append((0.9, 0.5, 0.15, -0.42))
    count = len(points)
    return Sprites(np.array(points).reshape(count, 3), np.array(radii), np.array(colours).reshape(count, 4))
