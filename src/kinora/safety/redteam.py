"""A red team in code: a suite of texts, uploads and tool chains, plain and disguised, and what the guard says to them.

    report = run(default_guard(), load_suite())
    print(report.text(last))        # compared with the last report, case by case

The suite (redteam.toml) is worded as harmlessly as its purpose allows; disguises are made by code. A case is named by
its group, its text and its disguise, so reports of different versions can be compared.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from kinora.errors import BadInputFile
from kinora.media import replacing
from kinora.safety.disguise import DISGUISES
from kinora.safety.guard import PolicyGuard
from kinora.safety.policy import Verdict
from kinora.safety.prompts import Kind

BATCH = 64


@dataclass(frozen=True)
class Case:
    """One attempt: `what` is a text, a chain of them, a pair of prompt and negative, a file name or metadata."""

    name: str
    group: str
    kind: str
    what: Any
    refuse: bool


@dataclass(frozen=True)
class Report:
    """Which cases went as they should."""

    right: Mapping[str, bool]
    groups: Mapping[str, str]

    def rates(self) -> dict[str, tuple[int, int]]:
        """Right answers and cases, by group."""
        total = Counter(self.groups.values())
        good = Counter(self.groups[name] for name, right in self.right.items() if right)
        return {group: (good[group], total[group]) for group in total}

    def worse_than(self, last: Report) -> list[str]:
        """Cases that the last report had right and this one has wrong."""
        return [name for name, right in self.right.items() if not right and last.right.get(name, False)]

    def text(self, last: Report | None = None) -> str:
        """A table of groups, with the change since the last report, and the cases that went wrong."""
        before = last.rates() if last else {}
        lines = [f"{'group':<28} {'right':>11}  since the last report"]
        for group, (good, total) in self.rates().items():
            was, of = before.get(group, (0, 0))
            change = f"{100 * good / total - 100 * was / of:+.1f} points" if of else "new" if last else ""
            lines.append(f"{group:<28} {good:>5}/{total:<5}  {change}".rstrip())
        wrong = [name for name, right in self.right.items() if not right]
        lines += [f"wrong: {name}" for name in wrong]
        return "\n".join(lines)

    def save(self, path: Path) -> None:
        """Write the report as JSON. Raises OutputError where that can't be done."""
        text = json.dumps({"right": dict(self.right), "groups": dict(self.groups)}, indent=1)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Report:
        """Read a saved report. Raises BadInputFile for anything else."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(values["right"], values["groups"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInputFile(path, rule="no report of `kinora redteam`", remedy="leave --last out") from error


def load_suite() -> list[Case]:
    """The cases in the package, disguised ones included."""
    suite = tomllib.loads((files("kinora.safety") / "redteam.toml").read_text(encoding="utf-8"))
    return list(_cases(suite))


def run(guard: PolicyGuard, cases: list[Case]) -> Report:
    """Put every case to the guard."""
    right: dict[str, bool] = {}
    for kind in ("prompt", "social"):
        texts = [case for case in cases if case.kind == kind]
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            asked: Kind = "social" if kind == "social" else "prompt"
            for case, verdict in zip(batch, guard.screen_many([case.what for case in batch], asked), strict=True):
                right[case.name] = verdict.allowed != case.refuse
    for case in cases:
        if case.name not in right:
            right[case.name] = _other(guard, case).allowed != case.refuse
    return Report({case.name: right[case.name] for case in cases}, {case.name: case.group for case in cases})


def _other(guard: PolicyGuard, case: Case) -> Verdict:
    match case.kind:
        case "chain":
            return guard.screen_chain(case.what)
        case "negative":
            return guard.screen_negative(*case.what)
        case "name":
            return guard.screen_name(case.what)
        case _:
            return guard.screen_metadata(case.what)


def _cases(suite: dict[str, Any]) -> Iterator[Case]:
    for category, texts in suite["refuse"].items():
        for text in texts:
            yield Case(f"{category}: {text}", category, "prompt", text, refuse=True)
            for name, disguise in DISGUISES.items():
                yield Case(f"{category}, {name}: {text}", f"disguised: {name}", "prompt", disguise(text), refuse=True)
    for group, texts in suite["allow"].items():
        for text in texts:
            yield Case(f"{group}: {text}", group, "prompt", text, refuse=False)
    for kind in ("chain", "negative", "name", "metadata", "social"):
        for answer in ("refuse", "allow"):
            for what in suite[kind][answer]:
                yield Case(f"{kind}, {answer}: {what}", f"{kind}s to {answer}", kind, what, refuse=answer == "refuse")
