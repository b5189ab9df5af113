"""Draw scenes: uniform over what a tier can show, one scene per seed, never a held-out triple in training."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np

from kinora.world import vocabulary as words
from kinora.world.pose import FACING_KINDS
from kinora.world.scene import Action, Scene, Shot, Subject
from kinora.world.split import Split, is_held_out
from kinora.world.vocabulary import Tier

T = TypeVar("T")

OUTDOOR_WEATHER = {
    "meadow": ("clear", "rain", "fog"),
    "forest": ("clear", "snow", "rain", "fog"),
    "snowfield": ("clear", "snow", "fog"),
    "beach": ("clear", "rain", "fog"),
    "desert": ("clear",),
}
CALM_VERBS = ("stand", "hop", "spin", "sway")
"""What things do beside another one without running into it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A setting with a light and weather that it can have."""

    setting: str
    light: str
    weather: str


def places(tier: Tier) -> tuple[Place, ...]:
    """Every place of a tier: the room by candlelight, city and moon at night, snow only where it lies."""
    weathers = words.ids(words.WEATHERS, tier)
    outdoors = [
        Place(setting, light, weather)
        for setting in words.ids(words.SETTINGS, tier)
        for light in words.LIGHTS
        for weather in OUTDOOR_WEATHER.get(setting, ())
        if weather in weathers
    ]
    indoors = [Place("room", "night", "clear")]
    if tier == "core":
        return (*outdoors, *indoors)
    return (
        *outdoors,
        *indoors,
        Place("moon", "night", "clear"),
        *(Place("city", "night", sky) for sky in ("clear", "rain")),
    )


def core_places() -> tuple[Place, ...]:
    """The places of the core tier."""
    return places("core")


def can(kind: str, verb: str) -> bool:
    """Whether a kind of subject has what the action needs: a face to look up with, wax or snow to melt."""
    if verb in ("look_up", "nod"):
        return kind in FACING_KINDS
    return verb != "melt" or kind in ("candle", "snowman")


def sample_scene(
    seed: int,
    *,
    tier: Tier = "core",
    seconds: float = 4.0,
    frames: int | None = None,
    fps: int = 8,
    size: tuple[int, int] = (128, 128),
    split: Split = "train",
    image: bool = False,
) -> Scene:
    """The scene of a seed.

    `frames`, if given, decides the length instead of `seconds` (33 frames at 8 fps are 4 s); `size` is (height, width).
    `image` gives a still: one frame, the subject at rest before a static camera. In the split "heldout" every scene
    shows a held-out triple of subject, colour and verb; in "train" none does.
    """
    rng = np.random.Generator(np.random.PCG64([seed, int(image)]))
    length = 0.0 if image else seconds if frames is None else (frames - 1) / fps
    draw = _Draw(rng, tier)
    while True:
        shots = draw.core_shots(length) if tier == "core" or image else draw.full_shots(length, fps)
        hits = [is_held_out(*triple) for shot in shots for triple in triples(shot)]
        if split == "any" or any(hits) == (split == "heldout"):
            break
    style = "3D animation" if tier == "core" else draw.one(tuple(words.STYLES))
    return Scene(shots=shots, style=style, fps=fps, height=size[0], width=size[1], seed=seed)


def triples(shot: Shot) -> list[tuple[str, str, str]]:
    """The (kind, colour, verb) triples that a shot shows."""
    groups = [(shot.subject, shot.actions)]
    if shot.second is not None:
        groups.append((shot.second, shot.second_actions))
    return [(subject.kind, subject.colour, action.verb) for subject, actions in groups for action in actions]


@dataclass(frozen=True, slots=True)
class _Draw:
    """Uniform draws from the words of a tier."""

    rng: np.random.Generator
    tier: Tier

    def one(self, options: tuple[T, ...]) -> T:
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def subject(self, *, plain: bool = True) -> Subject:
        """Any kind and colour; with `plain` also medium size and the material of the kind."""
        kind = self.one(words.ids(words.SUBJECTS, self.tier))
        colour = self.one(words.ids(words.COLOURS, self.tier))
        material = "fluffy" if kind in words.FLUFFY_KINDS else "matte"
        if plain:
            return Subject(kind=kind, colour=colour, material=material)
        if material == "matte":
            material = self.one(("matte", "matte", "shiny", "glass"))
        return Subject(kind=kind, colour=colour, size=self.one(tuple(words.SIZES)), material=material)

    def shot(self, subject: Subject, actions: tuple[Action, ...], seconds: float, camera: str) -> Shot:
        """A shot of one subject somewhere."""
        place = self.one(places(self.tier))
        return Shot(
            subject=subject,
            actions=actions,
            setting=place.setting,
            light=place.light,
            weather=place.weather,
            camera=camera,
            seconds=seconds,
        )

    def core_shots(self, seconds: float) -> tuple[Shot, ...]:
        """One shot, one subject, one action, one camera; nothing moves in a still."""
        verb = self.one(words.verbs("core")) if seconds > 0 else "stand"
        camera = self.one(words.ids(words.CAMERAS, "core")) if seconds > 0 else "static"
        return (self.shot(self.subject(), (Action(verb=verb, start=0.0, end=seconds),), seconds, camera),)

    def full_shots(self, seconds: float, fps: int) -> tuple[Shot, ...]:
        """One shot, or up to three of the same subject that divide the time at whole frames."""
        subject = self.subject(plain=False)
        cuts = int(self.rng.integers(1, 3)) if self.chance(0.2) and seconds * fps >= 24 else 0
        edges = [round(seconds * fps * part / (cuts + 1)) / fps for part in range(cuts + 2)]
        lengths = [end - start for start, end in pairwise(edges)]
        if cuts == 0 and self.chance(0.3):
            return (self.pair(subject, seconds),)
        if self.chance(0.15):
            subject = replace(subject, count=int(self.rng.integers(2, 4)))
        return tuple(self.solo(subject, length) for length in lengths)

    def solo(self, subject: Subject, seconds: float) -> Shot:
        """One or two actions in order."""
        verbs = tuple(verb for verb in words.verbs("full") if can(subject.kind, verb))
        first, then = self.one(verbs), self.one(verbs)
        middle = seconds / 2
        actions: tuple[Action, ...] = (Action(verb=first, start=0.0, end=seconds),)
        if seconds >= 3 and first not in ("melt", then) and self.chance(0.3):
            actions = (Action(verb=first, start=0.0, end=middle), Action(verb=then, start=middle, end=seconds))
        return self.shot(subject, actions, seconds, self.one(words.ids(words.CAMERAS, "full")))

    def pair(self, subject: Subject, seconds: float) -> Shot:
        """Two subjects and a relation."""
        relation = self.one((*words.RELATIONS, *words.DEEDS))
        verb, other = self.one(CALM_VERBS), self.one(CALM_VERBS)
        if relation in words.DEEDS:
            verb, other = (
                self.one(("move_left", "move_right")) if relation in ("chases", "bumps_into") else "stand",
                "stand",
            )
        if relation == "on_top_of":
            verb, other = "stand", "stand"
        camera = self.one(("static", "zoom_in", "zoom_out", "orbit", "rise"))
        shot = self.shot(subject, (Action(verb=verb, start=0.0, end=seconds),), seconds, camera)
        second = (Action(verb=other, start=0.0, end=seconds),)
        return replace(shot, second=self.subject(), relation=relation, second_actions=second)
