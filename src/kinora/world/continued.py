"""Takes that go on after the first four seconds: what a model must have seen to film more than it does at a time.

In half of them the action goes on as long as it can (a turn never ends, a walk across the picture does, and then the
subject rests); in the other half a new action begins, with a caption of its own: a prompt that changes in mid-take.
The camera's move is over when the first part is. Other takes are about a subject that goes behind a wall in the first
part and comes out in the second.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kinora.world import vocabulary as words
from kinora.world.captions import Caption, captions
from kinora.world.sample import sample_scene
from kinora.world.scene import Action, Scene, Shot
from kinora.world.split import Split, is_held_out

__all__ = ["Continued", "Take", "sample_continued"]

Take = Literal["next", "hidden"]
"""What goes on: the action or another one; or a subject out of sight."""

ENDLESS_VERBS = ("stand", "hop", "spin")
NEXT_VERBS = ("stand", "hop", "spin", "move_left", "move_right", "grow")
"""What can begin from wherever the action before has ended; a fall from the air can't."""


@dataclass(frozen=True, slots=True)
class Continued:
    """A take of two parts: `scene` is what is drawn, `parts` are what each part is told to be."""

    scene: Scene
    parts: tuple[Scene, Scene]

    def captions(self, n: int, seed: int, split: Split = "train") -> list[tuple[Caption, int]]:
        """`n` captions of each part, with the number of the part."""
        return [(caption, k) for k, part in enumerate(self.parts) for caption in captions(part, n, seed + k, split)]


def sample_continued(
    seed: int,
    *,
    frames: int,
    fps: int = 8,
    size: tuple[int, int] = (128, 128),
    split: Split = "train",
    take: Take = "next",
) -> Continued:
    """The take of a seed in core words (and "hide"): its parts meet in the middle, `frames` - 1 must be even.

    Triples of subject, colour and action follow the split as in `sample_scene`.
    """
    first = sample_scene(seed, frames=(frames - 1) // 2 + 1, fps=fps, size=size, split=split)
    random = np.random.Generator(np.random.PCG64([seed, 23]))
    shot = first.shots[0]
    verb = shot.actions[0].verb
    if take == "hidden":
        hiding = replace(shot, actions=(replace(shot.actions[0], verb="hide"),), camera="static")
        length = 2 * shot.seconds
        whole = replace(hiding, actions=(Action(verb="hide", start=0.0, end=length),), seconds=length)
        part = replace(first, shots=(hiding,))
        return Continued(replace(first, shots=(whole,)), (part, part))
    if random.random() < 0.5:
        told, done = verb, verb if verb in ENDLESS_VERBS else "stand"
    else:
        told = done = str(random.choice(_others(shot, verb, split)))
    whole = replace(
        shot,
        actions=(shot.actions[0], Action(verb=done, start=shot.seconds, end=2 * shot.seconds)),
        seconds=2 * shot.seconds,
        camera_seconds=shot.seconds,
    )
    camera = shot.camera if told == verb else "static"
    later = replace(shot, actions=(replace(shot.actions[0], verb=told),), camera=camera)
    return Continued(replace(first, shots=(whole,)), (first, replace(first, shots=(later,))))


def _others(shot: Shot, verb: str, split: Split) -> list[str]:
    """Actions that may follow, held-out triples left to their split."""
    kind, colour = shot.subject.kind, shot.subject.colour
    allowed = [v for v in NEXT_VERBS if v != verb and (split == "any" or not is_held_out(kind, colour, v))]
    return [v for v in allowed if v in words.verbs("core")]
