"""The seven things a caption says, the words each can take, and what a blind guess would score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kinora.world.scene import Scene

NAMES = ("subject", "colour", "setting", "light", "weather", "action", "camera")

Words = dict[str, str]
"""One word per attribute: {"subject": "ball", "colour": "red", ...}."""

CORE: Mapping[str, tuple[str, ...]] = {
    "subject": ("creature", "monster", "ball", "cube", "snowman", "mushroom", "candle", "car"),
    "colour": ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white"),
    "setting": ("meadow", "forest", "snowfield", "room", "beach"),
    "light": ("day", "sunset", "night"),
    "weather": ("clear", "snow"),
    "action": ("stand", "hop", "move_left", "move_right", "spin", "bounce", "grow"),
    "camera": ("static", "pan_left", "pan_right", "zoom_in", "zoom_out", "orbit"),
}
"""The core tier of the world's vocabulary; a test holds it equal to `kinora.world.vocabulary`."""

MIRRORED = {"move_left": "move_right", "move_right": "move_left", "pan_left": "pan_right", "pan_right": "pan_left"}
"""What a word becomes when the picture is flipped left to right."""


def words(scene: Scene) -> Words:
    """What the first shot of `scene` shows, as one word per attribute."""
    shot = scene.shots[0]
    return {
        "subject": shot.subject.kind,
        "colour": shot.subject.colour,
        "setting": shot.setting,
        "light": shot.light,
        "weather": shot.weather,
        "action": shot.actions[0].verb,
        "camera": shot.camera,
    }


@dataclass(frozen=True)
class Score:
    """How often an attribute was read as commanded, beside what a guess would reach (fractions, 0 to 1)."""

    right: int
    total: int
    chance: float

    @property
    def rate(self) -> float:
        """Share read as commanded; 0 when nothing was asked."""
        return self.right / self.total if self.total else 0.0

    @property
    def error(self) -> float:
        """One standard error of `rate`, from the binomial law with one success and one failure added."""
        p = (self.right + 1) / (self.total + 2)
        return float((p * (1 - p) / (self.total + 2)) ** 0.5)


def score(commanded: Sequence[Mapping[str, str]], read: Sequence[Mapping[str, str]]) -> dict[str, Score]:
    """Per attribute, how many of the clips show the commanded word.

    Chance is that of a guesser who knows how often each word is commanded *and* how often each is read, but not
    which goes with which: sum over words of p(commanded) * p(read). For balanced words this is 1/number of words;
    where the world is uneven (most clips have clear weather) it is the honest, higher figure.
    """
    scores = {}
    for name in NAMES:
        asked, seen = [w[name] for w in commanded], [w[name] for w in read]
        total = len(asked)
        chance = sum(asked.count(w) * seen.count(w) for w in set(asked)) / total**2 if total else 0.0
        scores[name] = Score(sum(a == s for a, s in zip(asked, seen, strict=True)), total, chance)
    return scores
