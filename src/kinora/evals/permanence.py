"""Does what goes out of sight come back the same?

The renderer films a subject that walks behind a wall and stays there for k frames; a model goes on from the last frame
in which nothing of it can be seen. What then comes out is read as any clip is. The renderer's own ending is read too:
it is what a perfect model would score with this reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from kinora.evals.motion import Frames
from kinora.evals.recogniser import FPS
from kinora.evals.suites import EVALUATION, Reader
from kinora.world.captions import canonical
from kinora.world.render import Renderer
from kinora.world.sample import sample_scene
from kinora.world.scene import Action, Scene

__all__ = ["ATTRIBUTES", "HIDDEN_SECONDS", "Hiding", "Returned", "hiding", "judge", "table"]

ATTRIBUTES = ("subject", "colour")
HIDDEN_SECONDS = (0.5, 1.0, 2.0, 3.0)
AFTER_SECONDS = 4.0
JUDGED = 2 * FPS
"""Frames at the end of the continuation that are read: by then it is out again, or never will be."""


@dataclass(frozen=True, kw_only=True)
class Hiding:
    """A subject that has gone behind a wall: what is seen until it comes out, how it really goes on, and the words."""

    scene: Scene
    hidden: int
    seen: Frames
    ending: Frames
    prompt: str


@dataclass(frozen=True, kw_only=True)
class Returned:
    """Whether each attribute came back, in the model's continuation and in the renderer's."""

    hidden: int
    right: dict[str, bool]
    rendered: dict[str, bool]


def hiding(number: int, hidden_seconds: float, seed: int = 0) -> Hiding:
    """Case `number` in which nothing is seen of the subject for `hidden_seconds`; needs OpenGL."""
    scene = sample_scene(EVALUATION + seed * 1_000_003 + number, seconds=AFTER_SECONDS)
    shot = replace(scene.shots[0], camera="static")
    length = 3 * hidden_seconds + 1.0  # a third of the action is spent out of sight, and a part of the ways there
    hide = Action(verb="hide", start=0.0, end=length)
    rest = Action(verb="stand", start=length, end=length + AFTER_SECONDS)
    taken = replace(scene, shots=(replace(shot, actions=(hide, rest), seconds=length + AFTER_SECONDS),))
    told = replace(scene, shots=(replace(shot, actions=(replace(hide, end=AFTER_SECONDS),)),))
    with Renderer(scene.height, scene.width) as renderer:
        frames, visible = renderer.render(taken), renderer.truth(taken).visible[:, 0]
    gone = np.flatnonzero(visible < 0.02)
    last = int(gone[gone < length * FPS].max())
    count = min(len(gone), round(hidden_seconds * FPS))
    ending = frames[last + 1 :][: round(AFTER_SECONDS * FPS)]
    # Frames that are hidden beyond the asked time are left out of the middle, where nothing moves.
    first = int(gone.min())
    seen = np.concatenate([frames[:first], frames[first : first + count]])
    return Hiding(scene=taken, hidden=count, seen=seen, ending=ending, prompt=canonical(told))


def judge(case: Hiding, continuation: Frames, reader: Reader) -> Returned:
    """Read the end of a continuation (without the seen frames) and of the renderer's."""
    shot = case.scene.shots[0]
    commanded = {"subject": shot.subject.kind, "colour": shot.subject.colour}

    def right(frames: Frames) -> dict[str, bool]:
        words = reader.read(frames[-JUDGED:]).words
        return {name: words[name] == commanded[name] for name in ATTRIBUTES}

    return Returned(hidden=case.hidden, right=right(continuation), rendered=right(case.ending))


def table(returned: Sequence[Returned]) -> str:
    """Accuracy against the time out of sight, as Markdown."""
    head = [
        "| out of sight | subject | colour | renderer's subject | renderer's colour | cases |",
        "|---|---|---|---|---|---|",
    ]
    rows = []
    for hidden in sorted({r.hidden for r in returned}):
        these = [r for r in returned if r.hidden == hidden]
        readings = [r.right for r in these], [r.rendered for r in these]
        cells = [f"{100 * mean(one[name] for one in read):.0f} %" for read in readings for name in ATTRIBUTES]
        rows.append(f"| {hidden / FPS:g} s ({hidden} frames) | " + " | ".join(cells) + f" | {len(these)} |")
    return "\n".join([*head, *rows])
