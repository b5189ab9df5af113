"""The suite that judges stories: are the cuts where they were asked, and is the character the same on both sides?

Each story has three shots of one character, named in each and described once; place, light and action change at the
cuts. Cuts are found by PySceneDetect in the delivered frames; subject and colour are read by the recogniser in every
shot by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.engine.stories.story import Card, Story
from kinora.errors import BadInputFile, Unavailable
from kinora.evals.rows import adding, finished
from kinora.evals.suites import Reader
from kinora.world import vocabulary as words
from kinora.world.grammar import Speech
from kinora.world.sample import core_places
from kinora.world.scene import Action, Shot, Subject

Frames = npt.NDArray[np.uint8]

SHOTS = 3
LENGTHS = (2.0, 2.5, 3.0)
"""Seconds of the shots, in an order that the seed chooses; the shortest is as long as the recogniser needs."""

TOLERANCE = 0.25
"""Seconds by which a cut may be off."""

KEPT = ("subject", "colour")
"""What must not change across a cut."""

CUT = 27.0
"""PySceneDetect's own default: the mean change of hue, saturation and brightness (0 to 255) that counts as a cut. On
rendered stories 15 to 27 find every cut and no other, 35 misses some."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One story, judged. Times in seconds; `read` holds the kept attributes as read from each shot."""

    prompts: list[str]
    asked: list[float]
    found: list[float]
    wanted: dict[str, str]
    read: list[dict[str, str]]

    @property
    def cut_right(self) -> bool:
        """Whether every asked cut was found within the tolerance, and no other."""
        if len(self.asked) != len(self.found):
            return False
        return all(abs(a - f) <= TOLERANCE for a, f in zip(self.asked, self.found, strict=True))

    def kept(self, attribute: str) -> bool:
        """Whether the attribute was read the same in every shot."""
        return len({shot[attribute] for shot in self.read}) == 1

    def right(self, attribute: str) -> float:
        """The share of shots in which the attribute was read as asked."""
        return float(np.mean([shot[attribute] == self.wanted[attribute] for shot in self.read]))


def story(seed: int, **shared: Any) -> tuple[Story, dict[str, str]]:
    """The story of a seed, `shared` being other fields of it, and its subject and colour. Seeds are independent."""
    rng = np.random.Generator(np.random.PCG64([seed, 77]))
    kind = str(rng.choice(words.ids(words.SUBJECTS, "core")))
    colour = str(rng.choice(words.ids(words.COLOURS, "core")))
    speech, who = Speech(), Subject(kind=kind, colour=colour)
    places = list(core_places())
    chosen = [places[index] for index in rng.permutation(len(places))]
    # Neighbours differ in setting: a cut within one place is hard to see for anyone.
    shown = [chosen.pop(0)]
    while len(shown) < SHOTS:
        shown.append(chosen.pop(next(n for n, place in enumerate(chosen) if place.setting != shown[-1].setting)))
    deeds = rng.permutation(words.verbs("core"))[:SHOTS]
    seconds = rng.permutation(LENGTHS)
    cards = []
    for place, deed, length in zip(shown, deeds, seconds, strict=True):
        shot = Shot(
            subject=who,
            actions=(Action(verb=str(deed), start=0.0, end=float(length)),),
            setting=place.setting,
            light=place.light,
            weather=place.weather,
            camera="static",
            seconds=float(length),
        )
        cards.append(Card(prompt=f"Mo {speech.does(shot)} {speech.place(shot)}", seconds=float(length)))
    found = Story(
        cards=tuple(cards),
        characters={"Mo": speech.subject(who)},
        seed=seed,
        **shared,
    )
    return found, {"subject": kind, "colour": colour}


def cuts(frames: Frames, fps: int) -> list[float]:
    """When, in seconds, PySceneDetect's content detector sees a cut. Raises Unavailable without the extra."""
    try:
        from scenedetect import ContentDetector, FrameTimecode
    except ImportError as error:
        raise Unavailable("PySceneDetect", rule="is not installed", remedy="pip install scenedetect") from error
    detector = ContentDetector(threshold=CUT, min_scene_len=2)
    found = []
    for index, frame in enumerate(frames):
        at = FrameTimecode(index, fps=float(fps))
        found += detector.process_frame(at, np.ascontiguousarray(frame[..., ::-1]))  # OpenCV's order of colours
    found += detector.post_process(FrameTimecode(len(frames), fps=float(fps)))
    return sorted({one.frame_num / fps for one in found})


def judge(told: Story, wanted: dict[str, str], frames: Frames, fps: int, reader: Reader) -> Trial:
    """Find the cuts of a filmed story and read each of its shots."""
    seconds = [float(card.seconds or 0) for card in told.cards]
    edges = np.cumsum([0.0, *seconds])
    spans = [frames[round(a * fps) : round(b * fps)] for a, b in pairwise(edges)]
    readings = [reader.read(span) for span in spans]
    return Trial(
        prompts=[card.prompt for card in told.cards],
        asked=edges[1:-1].tolist(),
        found=cuts(frames, fps),
        wanted=wanted,
        read=[{name: reading.words[name] for name in KEPT} for reading in readings],
    )


def perform(
    cases: Iterable[tuple[Story, dict[str, str]]],
    film: Callable[[Story], Frames],
    fps: int,
    reader: Reader,
    path: Path,
    step: Callable[[], None] = lambda: None,
) -> list[Trial]:
    """Judge the stories that `path` has no line for yet, and return all; `step` is called for each.

    Raises BadInputFile when its lines belong to other stories.
    """
    done = [Trial(**row) for row in finished(path)]
    trials: list[Trial] = []
    with adding(path) as add:
        for number, (told, wanted) in enumerate(cases):
            if number < len(done):
                if done[number].prompts != [card.prompt for card in told.cards]:
                    raise BadInputFile(path, rule="holds other stories", remedy="choose another --out, or delete it")
                trials.append(done[number])
            else:
                trials.append(judge(told, wanted, film(told), fps, reader))
                add(asdict(trials[-1]))
            step()
    return trials


def summary(trials: Sequence[Trial]) -> dict[str, Any]:
    """Shares of stories: cuts right, each attribute equal in all shots, all of them; and of shots read as asked."""
    return {
        "stories": len(trials),
        "cuts_right": float(np.mean([one.cut_right for one in trials])),
        **{f"{name}_equal": float(np.mean([one.kept(name) for one in trials])) for name in KEPT},
        "character_equal": float(np.mean([all(one.kept(name) for name in KEPT) for one in trials])),
        **{f"{name}_as_asked": float(np.mean([one.right(name) for one in trials])) for name in KEPT},
    }
