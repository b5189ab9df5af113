"""What a run says: rows of JSON in `metrics.jsonl`, and a live line on a terminal or plain lines elsewhere."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.status import Status

__all__ = ["METRICS_FILE", "Report"]

METRICS_FILE = "metrics.jsonl"


class Report:
    """Appends rows to the metrics file of a run and shows them on `console`, if there is one.

    A run resumed at an earlier step first forgets the rows after it (`rewind`), so the file tells one story.
    """

    def __init__(self, out: Path, console: Console | None = None) -> None:
        self.path = out / METRICS_FILE
        self.console = console
        self._status: Status | None = None

    def __enter__(self) -> "Report":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.console and self.console.is_terminal:
            self._status = self.console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def row(self, kind: str, **values: Any) -> None:
        """Record one row, such as row("train", step=10, loss={"full": 0.5})."""
        with self.path.open("a") as file:
            file.write(json.dumps({"kind": kind, **values}) + "\n")
        line = f"{kind:>8}  {_words(values)}"
        if self._status and kind == "train":
            self._status.update(line)
        elif self.console:
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def rewind(self, step: int) -> None:
        """Forget every row after `step`, and a last one cut short when the run was killed."""
        if not self.path.exists():
            return
        lines = self.path.read_text().rpartition("\n")[0].splitlines()
        kept = [line for line in lines if json.loads(line).get("step", 0) <= step]
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text("".join(line + "\n" for line in kept))
        temporary.replace(self.path)


def _words(values: dict[str, Any]) -> str:
    return "  ".join(f"{key} {_word(value)}" for key, value in values.items())


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_word(item)}" for key, item in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
