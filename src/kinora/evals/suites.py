"""The suite that judges a model of the world: prompts whose answer is known, clips, and what is read back from them.

A `Run` is a list of cases and a source of clips for them; `perform` plays it, one line of JSON per clip, so that an
evaluation that is stopped goes on where it was. Sources are callables: a model, the renderer (what perfection would
score), the renderer through the autoencoder (what this model could score at best), a model told nothing (chance).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from kinora.clip import Clip
from kinora.errors import BadInputFile, OutputError
from kinora.evals.analytic import Picture, analyse
from kinora.evals.attributes import Words, words
from kinora.evals.motion import Frames
from kinora.evals.recogniser import FPS, Reading
from kinora.evals.rows import adding, finished
from kinora.media import contact_sheet, replacing
from kinora.world.scene import Scene

GUIDANCES = (1.0, 2.0, 3.0, 4.0, 6.0)
STEPS = (2, 4, 8, 16, 32)
STRIP = 6  # frames of a clip shown on a contact sheet


@dataclass(frozen=True, kw_only=True)
class Case:
    """A prompt and the scene it describes."""

    prompt: str
    scene: Scene
    unseen: bool
    """Training never showed this (subject, colour, action)."""
    unread: bool
    """Training never read this wording."""
    seed: int

    @property
    def commanded(self) -> Words:
        """The word that each attribute must show."""
        return words(self.scene)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a model is sampled; None leaves the model's own default."""

    steps: int | None = None
    guidance: float | None = None


@runtime_checkable
class Sampler(Protocol):
    """A model that films prompts: one clip [T, H, W, 3] at 8 fps for each, in order."""

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int], setting: Setting) -> Iterable[Frames]:
        """Film all prompts, together if the model can; each clip depends on its own prompt and seed alone."""


@runtime_checkable
class Reader(Protocol):
    """What the suite asks of a `Recogniser`."""

    def read(self, frames: Frames) -> Reading:
        """Say what a clip shows."""


Source = Callable[[Sequence[Case]], Iterable[Frames]]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One row or column of the report: its name, its cases and where its clips come from."""

    name: str
    cases: Sequence[Case]
    source: Source
    batch: int = 1


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One clip, judged."""

    prompt: str
    commanded: Words
    unseen: bool
    unread: bool
    read: Words
    confidence: dict[str, float]
    checks: dict[str, bool]
    picture: Picture
    features: list[float]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Trial:
        """Undo `asdict`."""
        return cls(**{**data, "picture": Picture(**data["picture"])})


def claim(out: Path, **identity: str | int) -> None:
    """Make `out` the place of one evaluation, or find that it already is.

    Raises BadInputFile when it holds another model's results, OutputError when it can't be written.
    """
    path, text = out / "evaluation.json", json.dumps(identity, indent=2) + "\n"
    try:
        if path.exists() and path.read_text() != text:
            raise BadInputFile(out, rule="holds the results of another model or seed", remedy="choose another --out")
        out.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(text)
    except OSError as error:
        raise OutputError(out, rule=f"can't be written ({error.strerror})", remedy="choose another --out") from error


def perform(run: Run, reader: Reader, out: Path, step: Callable[[], None] = lambda: None) -> list[Trial]:
    """Judge the clips of `run` that `out` has no line for yet, and return all; `step` is called for each clip.

    Raises BadInputFile when the lines in `out` belong to other prompts.
    """
    path = out / f"{run.name}.jsonl"
    done = [Trial.from_dict(row) for row in finished(path)]
    if [t.prompt for t in done] != [c.prompt for c in run.cases[: len(done)]]:
        raise BadInputFile(path, rule="holds results for other prompts", remedy="choose another --out, or delete it")
    for _ in done:
        step()
    with adding(path) as add:
        while cases := run.cases[len(done) : len(done) + run.batch]:
            for case, frames in zip(cases, run.source(cases), strict=True):
                trial = judge(case, frames, reader)
                add(asdict(trial))
                _keep_strip(out / "strips" / f"{run.name}-{len(done):03}.png", frames)
                done.append(trial)
                step()
    return done


def judge(case: Case, frames: Frames, reader: Reader) -> Trial:
    """Read one clip, and check it without the reader."""
    reading = reader.read(frames)
    analysis = analyse(frames, reading.masks)
    return Trial(
        prompt=case.prompt,
        commanded=case.commanded,
        unseen=case.unseen,
        unread=case.unread,
        read=reading.words,
        confidence={name: round(p, 4) for name, p in reading.confidence.items()},
        checks=analysis.agrees(case.commanded),
        picture=analysis.picture,
        features=np.round(reading.features.astype(float), 4).tolist(),
    )


def world_cases(count: int, seed: int = 0, frames: int = 33) -> list[Case]:
    """Prompts in fours: a combination that training showed and one it never did, each told in the canonical wording
    and then two others in long wordings that training never read.

    Every prompt names every attribute; case n depends on `seed` and n alone, so a longer list extends a shorter one.
    """
    from kinora.world.captions import canonical, wording
    from kinora.world.sample import sample_scene

    fresh = unread_wordings()
    cases = []
    for n in range(count):
        unseen, long = n % 2 == 1, n % 4 > 1
        scene = sample_scene(EVALUATION + seed * 1_000_003 + n, split="heldout" if unseen else "train", frames=frames)
        prompt = wording(scene, "long", fresh[n % len(fresh)]) if long else canonical(scene)
        cases.append(Case(prompt=prompt, scene=scene, unseen=unseen, unread=long, seed=n))
    return cases


EVALUATION = 2**40
"""Scene seeds from here on are for evaluation, far from those of any training set."""


def unread_wordings() -> list[int]:
    """The numbers of the long wordings that are kept from training."""
    from kinora.world.captions import WORDINGS
    from kinora.world.split import is_held_out_wording

    return [number for number in range(WORDINGS) if is_held_out_wording("long", number)]


def world_runs(
    cases: Sequence[Case],
    sampler: Sampler,
    *,
    batch: int = 1,
    rebuilt: Callable[[Frames], Frames] | None = None,
    curve: int = 40,
    guidances: Sequence[float] = (),
    steps: Sequence[int] = (),
) -> Iterator[Run]:
    """All runs of the suite.

    `rebuilt` passes a clip through the autoencoder. The empty prompt and each point of a curve use the first `curve`
    cases. Renders come first: they take no time, and without OpenGL they raise Unavailable before any is spent.
    """

    def filmed(setting: Setting) -> Source:
        return lambda some: sampler([c.prompt for c in some], [c.seed for c in some], setting)

    yield Run(name="renders", cases=cases, source=lambda some: map(full_seconds, renders(some)))
    if rebuilt is not None:
        yield Run(name="rebuilt", cases=cases, source=lambda some: map(full_seconds, map(rebuilt, renders(some))))
    yield Run(name="generated", cases=cases, source=filmed(Setting()), batch=batch)
    silent = [replace(case, prompt="") for case in cases[:curve]]
    yield Run(name="empty", cases=silent, source=filmed(Setting()), batch=batch)
    for guidance in guidances:
        setting = Setting(guidance=guidance)
        yield Run(name=f"guidance-{guidance:g}", cases=cases[:curve], source=filmed(setting), batch=batch)
    for number in steps:
        yield Run(name=f"steps-{number}", cases=cases[:curve], source=filmed(Setting(steps=number)), batch=batch)


def renders(cases: Sequence[Case]) -> Iterator[Frames]:
    """The true clips of the cases, drawn by the world's renderer."""
    from kinora.world.render import Renderer

    for case in cases:
        with Renderer(case.scene.height, case.scene.width) as renderer:
            yield renderer.render(case.scene)


def full_seconds(frames: Frames) -> Frames:
    """Without the last frame of 4n + 1, as a finished clip is: 33 frames show 4 s and the instant after."""
    return frames[: len(frames) // FPS * FPS]


def _keep_strip(path: Path, frames: Frames) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    strip = contact_sheet(frames, columns=STRIP, limit=STRIP)[None]
    Clip(frames=strip, fps=1, prompt="", seed=0, model="a model under evaluation").save(path)
