"""Draw scenes: uniform over what a tier can show, one scene per seed, never a held-out triple in training."""

from dataclasses import dataclass

import numpy as np

from kinora.world import vocabulary as words
from kinora.world.scene import Action, Scene, Shot, Subject
from kinora.world.split import Split, is_held_out
from kinora.world.vocabulary import Tier


@dataclass(frozen=True, slots=True)
class Place:
    """A setting with a light and weather that it can have."""

    setting: str
    light: str
    weather: str


def core_places() -> tuple[Place, ...]:
    """Every core place: the room only by candlelight, falling snow only in the snowfield and the forest."""
    outdoors = [
        Place(setting, light, weather)
        for setting in ("meadow", "forest", "snowfield", "beach")
        for light in ("day", "sunset", "night")
        for weather in (("clear", "snow") if setting in ("forest", "snowfield") else ("clear",))
    ]
    return (*outdoors, Place("room", "night", "clear"))


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
    `image` gives a still: one frame, the subject at rest before a static camera.
    """
    rng = np.random.Generator(np.random.PCG64([seed, int(image)]))
    length = 0.0 if image else seconds if frames is None else (frames - 1) / fps
    subject, verb = _subject_and_verb(rng, tier, split, image)
    place = _place(rng)
    cameras = words.ids(words.CAMERAS, tier)
    camera = "static" if image else cameras[rng.integers(len(cameras))]
    shot = Shot(
        subject=subject,
        actions=(Action(verb=verb, start=0.0, end=length),),
        setting=place.setting,
        light=place.light,
        weather=place.weather,
        camera=camera,
        seconds=length,
    )
    return Scene(shots=(shot,), fps=fps, height=size[0], width=size[1], seed=seed)


def _place(rng: np.random.Generator) -> Place:
    """A setting first, each as likely as another, then one of its lights and weathers."""
    places = core_places()
    settings = sorted({place.setting for place in places})
    setting = settings[rng.integers(len(settings))]
    choices = [place for place in places if place.setting == setting]
    return choices[rng.integers(len(choices))]


def _subject_and_verb(rng: np.random.Generator, tier: Tier, split: Split, image: bool) -> tuple[Subject, str]:
    """A uniform draw of subject, colour and verb, repeated until it lies in the split."""
    kinds, colours = words.ids(words.SUBJECTS, tier), words.ids(words.COLOURS, tier)
    verbs = ("stand",) if image else words.verbs(tier)
    while True:
        kind, colour = kinds[rng.integers(len(kinds))], colours[rng.integers(len(colours))]
        verb = verbs[rng.integers(len(verbs))]
        if split == "any" or is_held_out(kind, colour, verb) == (split == "heldout"):
            material = "fluffy" if kind in words.FLUFFY_KINDS else "matte"
            return Subject(kind=kind, colour=colour, material=material), verb
