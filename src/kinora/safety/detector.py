"""Did Kinora make this? Everything that can be known of a file, weighed together and said in words.

    report = examine("found.mp4")
    report.verdict                  # "made", "likely" or "unknown"
    report.probability              # if it was as likely as not before
    report.sentences                # what was found, and what that proves

Four witnesses: Content Credentials (in the file; converting strips them), the watermark (in the pixels; it survives
that), the mark in the noise (needs the model, takes seconds) and a classifier of how the shipped model's pictures
look (weak, and blind to other models). Each multiplies the odds by how much oftener it says so of Kinora's work than
of other files. Silence is weak evidence and never proof: pixels can be damaged, and what other generators make bears
none of these marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from kinora.errors import BadInputFile, Unavailable
from kinora.media import probe, read_frames
from kinora.media.still import count_stills, stills
from kinora.safety.detector_classifier import classify
from kinora.safety.detector_features import LOOKED_AT as IN_A_ROW
from kinora.safety.detector_sheet import SMALLEST, cells
from kinora.safety.detector_words import sentences
from kinora.safety.noise_mark import NoiseReading
from kinora.safety.provenance import read_file
from kinora.safety.provenance_read import NOT_PRESENT, Credentials
from kinora.safety.watermark import LOOKED_AT, Detection, Watermark, views
from kinora.safety.watermark_keys import watermark_keys

Frames = npt.NDArray[np.uint8]

Answer = Literal["made", "likely", "unknown"]

LONGEST = 4000
"""Frames read of one file; what comes after isn't looked at."""

SURE, PROBABLE = 0.99, 0.9
"""Probabilities from which the verdict is "made" and "likely"."""

MARK_LOST = 0.2
"""How often work of Kinora that somebody asks about has lost its mark: a guess on the careful side, as nobody knows
what will be done to it. After each of the attacks in `evals.attacks` it is a few in a hundred at most."""

CAP = 1e6
"""The most that one witness can do to the odds: software has faults, too."""

OPEN_CAP = 1e4
"""The same for what anybody can forge: a mark of the open key, a claim signed by a stranger."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the witnesses say; None where one could not be asked. `key` names the key of the watermark found."""

    credentials: Credentials
    watermark: Detection | None = None
    key: str = "open"
    noise: NoiseReading | None = None
    classifier: float | None = None
    frames: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """The answer and its reasons. `probability` takes even odds beforehand."""

    verdict: Answer
    probability: float
    sentences: tuple[str, ...]
    evidence: Evidence
    factors: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Every field in plain values, for JSON."""
        seen, mark = self.evidence, self.evidence.watermark
        return {
            "verdict": self.verdict,
            "probability": round(self.probability, 6),
            "sentences": list(self.sentences),
            "credentials": seen.credentials.as_dict(),
            "watermark": None
            if mark is None
            else {
                "found": mark.found,
                "key": seen.key if mark.found else None,
                "p_value": mark.p_value,
                "payload": mark.payload.hex if mark.payload else None,
                "bit_confidence": round(mark.bit_confidence, 4),
                "share": round(mark.share, 3),
                "mirrored": mark.mirrored,
            },
            "noise": None if seen.noise is None else {"found": seen.noise.found, "p_value": seen.noise.p_value},
            "classifier": None if seen.classifier is None else round(seen.classifier, 4),
            "factors": {name: float(f"{factor:.3g}") for name, factor in self.factors.items()},
            "frames": seen.frames,
            "notes": list(seen.notes),
        }


def examine(
    path: str | Path,
    *,
    keys: Mapping[str, bytes] | None = None,
    names: Iterable[tuple[str, str]] = (),
    noise: Callable[[Frames], NoiseReading] | None = None,
) -> Report:
    """Ask every witness about the file at `path`.

    `keys`: the watermark's (those of the environment); `names`: models and versions that a payload may mean; `noise`
    reads the mark in the noise of the first frames, if asked for. Raises BadInputFile if it can't be read as picture
    or video.
    """
    credentials, missing = _credentials(path)
    shown = Shown.of(path)
    seen = views(shown.spread)
    keys = watermark_keys() if keys is None else keys
    found = {name: Watermark(key).detect_in(seen) for name, key in keys.items()}
    key = min(found, key=lambda name: found[name].p_value)
    evidence = Evidence(
        credentials=credentials,
        # The best of several keys has that many chances.
        watermark=found[key].among(len(found)),
        key=key,
        noise=noise(np.stack(shown.row)) if noise is not None else None,
        classifier=classify(np.stack(shown.row)),
        frames=shown.count,
        notes=(*missing, *shown.notes),
    )
    return judge(evidence, names)


def judge(evidence: Evidence, names: Iterable[tuple[str, str]] = ()) -> Report:
    """Weigh the evidence."""
    factors = {name: factor for name, factor in _factors(evidence) if factor != 1}
    odds = float(np.prod(list(factors.values()))) if factors else 1.0
    probability = odds / (1 + odds)
    verdict: Answer = "made" if probability >= SURE else "likely" if probability >= PROBABLE else "unknown"
    return Report(
        verdict=verdict,
        probability=probability,
        sentences=tuple(sentences(evidence, verdict, probability, names)),
        evidence=evidence,
        factors=factors,
    )


def _credentials(path: str | Path) -> tuple[Credentials, tuple[str, ...]]:
    """What the file's credentials say, or that they can't be read here: the other witnesses can still be asked."""
    try:
        return read_file(path), ()
    except Unavailable as error:
        return replace(NOT_PRESENT, why="they were not looked for"), (str(error),)


def _factors(evidence: Evidence) -> Iterator[tuple[str, float]]:
    """How much each witness multiplies the odds by."""
    credentials, mark = evidence.credentials, evidence.watermark
    if credentials.generated and credentials.generation:
        yield "credentials", CAP if credentials.state == "trusted" else OPEN_CAP
    if mark is not None:
        most = OPEN_CAP if evidence.key == "open" else CAP
        yield "watermark", min(most, (1 - MARK_LOST) / max(mark.p_value, 1 / CAP)) if mark.found else MARK_LOST
    if evidence.noise is not None and evidence.noise.found:
        yield "noise", min(CAP, 1 / max(evidence.noise.p_value, 1 / CAP))
    if evidence.classifier is not None:
        yield "classifier", evidence.classifier / (1 - evidence.classifier)


@dataclass(frozen=True)
class Shown:
    """The frames of a file that are looked at: `spread` over it, and the first of them in a `row`.

    The row has as many as the classifier looks at and one more: of 4n+1 the search for the noise leaves none out.
    """

    spread: list[Frames]
    row: list[Frames]
    count: int
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: str | Path) -> Shown:
        """Read them. Raises BadInputFile if there are none."""
        frames: Iterator[Frames] = (still.pixels for still in stills(path))
        notes: list[str] = []
        count = count_stills(path)
        if count == 1:
            picture = next(frames)
            apart = cells(picture)
            frames, count = (iter([picture]), 1) if apart is None else (iter(apart), len(apart))
            notes += [] if apart is None else [f"a contact sheet: its {count} frames were looked at, one by one"]
        elif count == 0:
            info = probe(path)
            frames = read_frames(path)
            count = round(info.seconds * float(info.fps)) if info.seconds else LOOKED_AT
        step = max(1, min(count, LONGEST) // LOOKED_AT)
        spread: list[Frames] = []
        row: list[Frames] = []
        read = 0
        for index, frame in enumerate(islice(frames, LONGEST)):
            if spread and frame.shape != spread[0].shape:
                continue  # a frame of another size, as some GIFs have
            read += 1
            if index % step == 0:
                spread.append(frame)
            if len(row) <= IN_A_ROW:
                row.append(frame)
        if not spread:
            raise BadInputFile(path, rule="holds no frame that can be looked at")
        if read == LONGEST and count > LONGEST:
            notes.append(f"only the first {LONGEST} of about {count} frames were looked at")
        if min(spread[0].shape[:2]) < SMALLEST:
            notes.append(f"too small to carry a watermark reliably: the short side is under {SMALLEST} pixels")
        return cls(spread, row, read, tuple(notes))
