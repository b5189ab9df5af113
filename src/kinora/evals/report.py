"""An evaluation as Markdown for people and JSON for comparing, from the trials of every run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinora.evals.analytic import mean_picture
from kinora.evals.attributes import NAMES, score
from kinora.evals.frechet import fd_own
from kinora.evals.suites import Trial
from kinora.media import replacing

GOALS: Mapping[str, float] = {"setting": 0.9, "subject": 0.85, "colour": 0.85, "action": 0.75, "camera": 0.75}
"""What the shipped model is asked to reach; light and weather have no goal of their own."""

Trials = Mapping[str, Sequence[Trial]]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All figures of one evaluation; rates are fractions, `errors` their standard errors."""

    model: str
    recogniser: dict[str, dict[str, float]]
    clips: dict[str, int]
    rates: dict[str, dict[str, float]]  # column -> attribute -> rate
    errors: dict[str, dict[str, float]]
    pictures: dict[str, dict[str, float]]
    fd_own: dict[str, float]

    def save(self, folder: Path) -> None:
        """Write report.md and report.json into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {"report.md": self.markdown(), "report.json": json.dumps(asdict(self), indent=2)}.items():
            with replacing(folder / name) as part:
                part.write_text(text + "\n", encoding="utf-8")

    def markdown(self) -> str:
        """The report as tables, in percent."""
        parts = [f"# {self.model} on {self.clips['generated']} held-out prompts", self._headline()]
        for curve in ("guidance", "steps"):
            if points := [c for c in self.rates if c.startswith(f"{curve}-")]:
                parts += [f"## By {curve}", self._curve(curve, points)]
        parts += ["## The picture itself", self._pictures(), "## FD-own", self._distances()]
        parts += ["## The recogniser on renders that it never saw", self._recogniser()]
        return "\n\n".join(parts)

    def _headline(self) -> str:
        columns = [c for c in COLUMNS if c in self.rates]
        rows = []
        for name in NAMES:
            cells = [self._rate(column, name) for column in columns]
            goal = f"{GOALS[name] * 100:.0f}" if name in GOALS else ""
            rows.append([name, *cells, goal])
        return _table(["attribute", *(f"{COLUMNS[c]} ({self.clips[c]})" for c in columns), "goal"], rows)

    def _rate(self, column: str, name: str) -> str:
        if name not in self.rates[column]:
            return ""
        rate = f"{self.rates[column][name] * 100:.1f}"
        return f"{rate} ± {self.errors[column][name] * 100:.1f}" if name in self.errors.get(column, {}) else rate

    def _curve(self, curve: str, points: Sequence[str]) -> str:
        rows = [
            [p.removeprefix(f"{curve}-"), str(self.clips[p]), *(f"{self.rates[p][n] * 100:.0f}" for n in NAMES)]
            for p in points
        ]
        return _table([curve, "clips", *NAMES], rows)

    def _pictures(self) -> str:
        names = list(self.pictures["generated"])
        return _table(["clips", *names], [[run, *(f"{p[n]:.3f}" for n in names)] for run, p in self.pictures.items()])

    def _distances(self) -> str:
        said = "Fréchet distance in the recogniser's features between half of the clips and renders of the other half."
        return said + "\n\n" + _table(["clips", "FD-own"], [[run, f"{d:.2f}"] for run, d in self.fd_own.items()])

    def _recogniser(self) -> str:
        rows = [[row, *(f"{r[n] * 100:.1f}" if n in r else "" for n in NAMES)] for row, r in self.recogniser.items()]
        return _table(["clips", *NAMES], rows)


SPLITS = ("generated", "seen", "unseen", "canonical", "unread")

COLUMNS = {
    "generated": "read as prompted",
    "chance": "chance",
    "seen": "seen triples",
    "unseen": "unseen triples",
    "canonical": "canonical wording",
    "unread": "unread wordings",
    "checked": "analytic checks agree",
    "empty": "empty prompt",
    "rebuilt": "renders through the autoencoder",
    "renders": "renders",
}


def report(model: str, trials: Trials, recogniser: Mapping[str, Mapping[str, float]]) -> Report:
    """Count what was read against what was commanded, for every run and for seen and unseen combinations."""
    generated = trials["generated"]
    columns: dict[str, Sequence[Trial]] = {
        **trials,
        "seen": [t for t in generated if not t.unseen],
        "unseen": [t for t in generated if t.unseen],
        "canonical": [t for t in generated if not t.unread],
        "unread": [t for t in generated if t.unread],
    }
    scores = {c: score([t.commanded for t in some], [t.read for t in some]) for c, some in columns.items() if some}
    checks = {n: [t.checks[n] for t in generated if n in t.checks] for n in NAMES}
    rates = {c: {n: s.rate for n, s in by.items()} for c, by in scores.items()}
    rates["chance"] = {n: s.chance for n, s in scores["generated"].items()}
    rates["checked"] = {n: float(np.mean(said)) for n, said in checks.items() if said}
    full = [c for c in ("generated", "rebuilt", "renders") if c in trials]
    return Report(
        model=model,
        recogniser={row: dict(values) for row, values in recogniser.items()},
        clips={**{c: len(some) for c, some in columns.items()}, "chance": len(generated), "checked": len(generated)},
        rates=rates,
        errors={c: {n: s.error for n, s in by.items()} for c, by in scores.items() if c in SPLITS},
        pictures={c: _plain(asdict(mean_picture([t.picture for t in trials[c]]))) for c in full},
        fd_own=_distances(trials, full),
    )


def _distances(trials: Trials, runs: Sequence[str]) -> dict[str, float]:
    if len(trials.get("renders", ())) < 4:
        return {}
    half = len(trials["renders"]) // 2
    features = {run: np.array([t.features for t in trials[run]]) for run in runs}
    return {run: fd_own(features[run][:half], features["renders"][half:]) for run in runs}


def _plain(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
