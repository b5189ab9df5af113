"""How the world looks, as numbers: the palette, the lights, and the bounds and shadow balls of every kind of subject.

Colours are written as displayed (sRGB, 0 to 1) and used as linear light. The GLSL beside this file holds the shapes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

Vector = tuple[float, float, float]


def linear(colour: Vector) -> Vector:
    """Linear light of a displayed colour (gamma 2.2)."""
    red, green, blue = (channel**2.2 for channel in colour)
    return red, green, blue


def toward(x: float, y: float, z: float) -> Vector:
    """Unit vector along (x, y, z)."""
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


PALETTE: Mapping[str, Vector] = {
    "red": (0.90, 0.09, 0.09),
    "orange": (1.00, 0.54, 0.03),
    "yellow": (1.00, 0.87, 0.12),
    "green": (0.13, 0.70, 0.22),
    "blue": (0.13, 0.32, 0.95),
    "purple": (0.50, 0.16, 0.80),
    "pink": (1.00, 0.50, 0.74),
    "white": (0.96, 0.96, 0.97),
    "black": (0.13, 0.13, 0.15),
    "silver": (0.66, 0.69, 0.74),
    "brown": (0.47, 0.27, 0.13),
    "turquoise": (0.10, 0.78, 0.76),
}
ACCENTS: Mapping[str, Vector] = {
    "white": (0.44, 0.52, 0.66),
    "silver": (0.30, 0.34, 0.42),
    "yellow": (1.00, 0.99, 0.94),
    "black": (0.80, 0.80, 0.84),
}
ACCENT: Vector = (0.98, 0.96, 0.93)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """One time of day: light on the world and on its subjects, sky and fog."""

    sun_dir: Vector
    sun_colour: Vector
    key_colour: Vector
    ambient: Vector
    bounce: Vector
    zenith: Vector
    horizon: Vector
    fog: float
    darkness: float

    @property
    def uniforms(self) -> Mapping[str, Vector | float]:
        """The same, as frame.glsl names them."""
        return {
            "sunDir": self.sun_dir,
            "sunColour": self.sun_colour,
            "keyColour": self.key_colour,
            "ambient": self.ambient,
            "bounce": self.bounce,
            "zenith": self.zenith,
            "horizon": self.horizon,
            "fog": self.fog,
            "darkness": self.darkness,
        }


LIGHTS: Mapping[str, Light] = {
    "day": Light(
        sun_dir=toward(0.55, 0.85, 0.6),
        sun_colour=(1.08, 1.0, 0.86),
        key_colour=(0.82, 0.80, 0.76),
        ambient=(0.34, 0.40, 0.50),
        bounce=(0.20, 0.21, 0.17),
        zenith=linear((0.25, 0.55, 0.95)),
        horizon=linear((0.75, 0.88, 0.97)),
        fog=0.022,
        darkness=0.0,
    ),
    "sunset": Light(
        sun_dir=toward(-0.75, 0.55, 0.62),
        sun_colour=(1.15, 0.56, 0.26),
        key_colour=(0.84, 0.75, 0.66),
        ambient=(0.34, 0.28, 0.36),
        bounce=(0.24, 0.16, 0.13),
        zenith=linear((0.42, 0.36, 0.66)),
        horizon=linear((1.0, 0.62, 0.35)),
        fog=0.03,
        darkness=0.0,
    ),
    "night": Light(
        sun_dir=toward(-0.45, 0.8, 0.6),
        sun_colour=(0.14, 0.19, 0.34),
        key_colour=(0.68, 0.69, 0.74),
        ambient=(0.13, 0.17, 0.30),
        bounce=(0.08, 0.09, 0.15),
        zenith=linear((0.05, 0.08, 0.26)),
        horizon=linear((0.16, 0.24, 0.48)),
        fog=0.025,
        darkness=1.0,
    ),
}


def weathered(light: Light, weather: str) -> Light:
    """The light under a sky that rains or lies in fog; clear skies and snow leave it as it is."""
    if weather not in ("rain", "fog"):
        return light
    dim, grey = (0.55, 0.55) if weather == "rain" else (0.7, 0.75)
    mean = sum(light.horizon) / 3
    veil = _mixed(light.horizon, (0.92 * mean, 0.98 * mean, 1.06 * mean), grey)
    return replace(
        light,
        sun_colour=_mixed((0.0, 0.0, 0.0), light.sun_colour, dim),
        horizon=veil,
        zenith=_mixed(light.zenith, veil, 0.5 if weather == "rain" else 1.0),
        fog=light.fog * 2 if weather == "rain" else 0.24,
    )


def _mixed(first: Vector, second: Vector, share: float) -> Vector:
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


INDOORS = Light(
    sun_dir=toward(0.45, 0.85, 0.55),
    sun_colour=(0.30, 0.19, 0.10),
    key_colour=(0.78, 0.68, 0.56),
    ambient=(0.16, 0.13, 0.12),
    bounce=(0.17, 0.11, 0.08),
    zenith=(0.0, 0.0, 0.0),
    horizon=linear((0.45, 0.28, 0.17)),
    fog=0.0,
    darkness=1.0,
)
"""A room is lit by its lamp and candles, whatever the hour."""


COATS: Mapping[str, tuple[float, float]] = {"fluffy": (0.0, 1.0), "shiny": (0.9, 0.0), "glass": (1.0, 0.0)}
"""Highlight and fur of the materials that change them; matte keeps the highlight of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Bounds of a kind of subject in its own space (metres, standing on y = 0) and the balls that cast its shadow."""

    low: Vector
    high: Vector
    balls: tuple[tuple[float, float, float, float], ...]
    gloss: float = 0.0
    flame: Vector | None = None


BUILDS: Mapping[str, Build] = {
    "creature": Build(
        low=(-0.45, 0.0, -0.42),
        high=(0.91, 1.24, 0.41),
        balls=((0.0, 0.32, 0.0, 0.33), (0.0, 0.62, 0.0, 0.31), (0.64, 0.45, -0.17, 0.22)),
    ),
    "monster": Build(
        low=(-0.8, 0.0, -0.4),
        high=(0.8, 1.08, 0.42),
        balls=((0.0, 0.38, 0.0, 0.42), (0.0, 0.62, 0.0, 0.36)),
    ),
    "ball": Build(low=(-0.46, -0.01, -0.46), high=(0.46, 0.91, 0.46), balls=((0.0, 0.45, 0.0, 0.45),), gloss=0.35),
    "cube": Build(
        low=(-0.59, 0.0, -0.59),
        high=(0.59, 0.85, 0.59),
        balls=((0.0, 0.3, 0.0, 0.46), (0.0, 0.5, 0.0, 0.44)),
        gloss=0.2,
    ),
    "snowman": Build(
        low=(-0.74, 0.0, -0.41),
        high=(0.74, 1.12, 0.52),
        balls=((0.0, 0.32, 0.0, 0.38), (0.0, 0.84, 0.0, 0.27)),
        gloss=0.05,
    ),
    "mushroom": Build(
        low=(-0.59, 0.0, -0.59),
        high=(0.59, 1.03, 0.59),
        balls=((0.0, 0.25, 0.0, 0.26), (0.0, 0.66, 0.0, 0.5)),
        gloss=0.25,
    ),
    "candle": Build(
        low=(-0.43, 0.0, -0.43),
        high=(0.43, 1.14, 0.43),
        balls=((0.0, 0.22, 0.0, 0.34), (0.0, 0.5, 0.0, 0.3)),
        gloss=0.2,
        flame=(0.0, 0.92, 0.15),
    ),
    "car": Build(
        low=(-0.42, 0.0, -0.64),
        high=(0.42, 0.84, 0.69),
        balls=((0.0, 0.3, -0.3, 0.34), (0.0, 0.3, 0.3, 0.34), (0.0, 0.5, 0.0, 0.34)),
        gloss=0.45,
    ),
    "robot": Build(
        low=(-0.56, 0.0, -0.23),
        high=(0.56, 1.15, 0.25),
        balls=((0.0, 0.3, 0.0, 0.3), (0.0, 0.75, 0.0, 0.27)),
        gloss=0.5,
    ),
    "cone": Build(
        low=(-0.45, 0.0, -0.45),
        high=(0.45, 1.0, 0.45),
        balls=((0.0, 0.15, 0.0, 0.38), (0.0, 0.5, 0.0, 0.23)),
        gloss=0.15,
    ),
    "ring": Build(
        low=(-0.46, -0.01, -0.14),
        high=(0.46, 0.91, 0.14),
        balls=((-0.3, 0.45, 0.0, 0.2), (0.3, 0.45, 0.0, 0.2), (0.0, 0.14, 0.0, 0.2)),
        gloss=0.4,
    ),
    "bird": Build(
        low=(-0.76, 0.0, -0.62), high=(0.76, 1.0, 0.46), balls=((0.0, 0.42, 0.0, 0.31), (0.0, 0.65, 0.08, 0.22))
    ),
    "fish": Build(
        low=(-0.54, 0.08, -0.68),
        high=(0.54, 0.92, 0.46),
        balls=((0.0, 0.43, 0.0, 0.34), (0.0, 0.43, -0.45, 0.2)),
        gloss=0.35,
    ),
    "boat": Build(
        low=(-0.44, -0.02, -0.64),
        high=(0.44, 1.03, 0.64),
        balls=((0.0, 0.2, -0.25, 0.28), (0.0, 0.2, 0.25, 0.28), (0.0, 0.65, 0.0, 0.27)),
        gloss=0.2,
    ),
    "lantern": Build(
        low=(-0.38, -0.05, -0.38), high=(0.38, 1.0, 0.38), balls=((0.0, 0.46, 0.0, 0.36),), flame=(0.0, 0.46, 0.0)
    ),
    "balloon": Build(low=(-0.35, -0.02, -0.35), high=(0.35, 1.06, 0.35), balls=((0.0, 0.68, 0.0, 0.34),), gloss=0.6),
}
