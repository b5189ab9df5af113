"""Does a long video stay what it was? A minute, five seconds at a time.

Every window is read like a clip of its own: whether subject, colour and setting are still those of the prompt, and how
the picture fares. Drift is what the last windows keep of the first: attributes, saturation and edge energy must not
fall, flicker must not rise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from kinora.evals.analytic import Picture, analyse
from kinora.evals.motion import Frames
from kinora.evals.recogniser import FPS
from kinora.evals.rows import adding, finished
from kinora.evals.suites import Case, Reader

__all__ = ["LASTING", "Curve", "Window", "curve", "perform", "windows"]

SECONDS = 5
LASTING = ("subject", "colour", "setting")
"""Attributes that hold for as long as the shot does; an action or a camera's move may come to its end."""

PICTURE = ("saturation", "edges", "flicker")


@dataclass(frozen=True, kw_only=True)
class Window:
    """Five seconds of one video: where they begin, which attributes are right, and how the picture fares."""

    start: float
    right: dict[str, bool]
    picture: Picture


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Means over videos, by window: `values["subject"][k]` is the share of videos right in window k."""

    starts: tuple[float, ...]
    values: dict[str, tuple[float, ...]]

    def kept(self, name: str, seconds: float = 10) -> float:
        """What the last `seconds` keep of the first: 1 = all; of flicker, 1 = no more of it, .5 = twice as much."""
        number = max(1, round(seconds / SECONDS))
        first, last = mean(self.values[name][:number]), mean(self.values[name][-number:])
        if name == "flicker":
            first, last = last, first
        return 1.0 if first == 0 else last / first

    def markdown(self) -> str:
        """One row a window, and what the last ten seconds keep."""
        names = list(self.values)
        rows = [
            f"| {start:g}-{start + SECONDS:g} s | " + " | ".join(_shown(n, self.values[n][k]) for n in names) + " |"
            for k, start in enumerate(self.starts)
        ]
        kept = "| **last 10 s / first 10 s** | " + " | ".join(f"{100 * self.kept(n):.0f} %" for n in names) + " |"
        return "\n".join(["| | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 1), *rows, kept])

    def to_dict(self) -> dict[str, Any]:
        """For the report's JSON."""
        return {**asdict(self), "kept": {name: self.kept(name) for name in self.values}}


def windows(case: Case, frames: Frames, reader: Reader) -> list[Window]:
    """The whole windows of one video at 8 fps, uint8 [T, H, W, 3]; what is left over at the end is not judged."""
    return list(_windows(case, frames, reader))


def _windows(case: Case, frames: Frames, reader: Reader) -> Iterator[Window]:
    size = SECONDS * FPS
    for begin in range(0, len(frames) - size + 1, size):
        part = frames[begin : begin + size]
        reading = reader.read(part)
        right = {name: reading.words[name] == case.commanded[name] for name in LASTING}
        yield Window(start=begin / FPS, right=right, picture=analyse(part, reading.masks).picture)


def perform(
    cases: Sequence[Case],
    film: Callable[[int, Case], Frames],
    reader: Reader,
    path: Path,
    step: Callable[[], None] = lambda: None,
) -> list[list[Window]]:
    """The windows of each case's video; `film` films those whose prompt has no line in `path`, which adds it.

    `step` is called for each.
    """
    known = {row["prompt"]: [_window(**one) for one in row["windows"]] for row in finished(path)}
    with adding(path) as add:
        for number, case in enumerate(cases):
            if case.prompt not in known:
                known[case.prompt] = windows(case, film(number, case), reader)
                add({"prompt": case.prompt, "windows": [asdict(window) for window in known[case.prompt]]})
            step()
    return [known[case.prompt] for case in cases]


def _window(*, start: float, right: dict[str, bool], picture: dict[str, float]) -> Window:
    return Window(start=start, right=right, picture=Picture(**picture))


def curve(videos: Sequence[Sequence[Window]]) -> Curve:
    """The mean over videos of the same length."""
    lengths = {len(video) for video in videos}
    assert len(lengths) == 1, f"videos of {sorted(lengths)} windows"

    columns = list(zip(*videos, strict=True))  # the same window of every video
    values = {name: tuple(mean(float(one.right[name]) for one in column) for column in columns) for name in LASTING}
    for name in PICTURE:
        values[name] = tuple(mean(float(getattr(one.picture, name)) for one in column) for column in columns)
    return Curve(starts=tuple(window.start for window in videos[0]), values=values)


def _shown(name: str, value: float) -> str:
    return f"{100 * value:.0f} %" if name in LASTING else f"{value:.3g}"
