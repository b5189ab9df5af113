"""Rounds of a benchmark whose sides run in processes of their own; what was measured can be kept and added to.

    rounds = Rounds(__file__, "--keep" folder or None, most new runs)
    rounds.run(["kinora", "diffusers", "kinora", "diffusers"])

Each side is the benchmark's own script with `--side NAME --folder FOLDER`, which prints its figures as the last line.
"""

import json
import pathlib
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

Figures = dict[str, float]


class Rounds:
    """Runs of the sides of `script` over `folder`, of which at most `most` are new."""

    def __init__(self, script: str, folder: pathlib.Path, most: int | None) -> None:
        self._script, self.folder, self._most = script, folder, most
        self._kept = folder / "results.json"
        self.results: list[tuple[str, Figures]] = json.loads(self._kept.read_text()) if self._kept.exists() else []

    def run(self, sides: Sequence[str]) -> bool:
        """Run what is lacking of these, in their order; False if there is more to do than was allowed."""
        there = Counter(side for side, _ in self.results)
        for side in sides:
            if there[side]:
                there[side] -= 1
                continue
            if self._most == 0:
                return False
            self._most = None if self._most is None else self._most - 1
            command = [sys.executable, self._script, *sys.argv[1:], "--side", side, "--folder", str(self.folder)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            self.results.append((side, json.loads(done.stdout.splitlines()[-1])))
            self._kept.write_text(json.dumps(self.results))
        return True

    def best(self, side: str) -> Figures:
        """The least of each figure."""
        runs = [figures for name, figures in self.results if name == side]
        return {key: min(one[key] for one in runs) for key in runs[0]}


def memory(field: str) -> float:
    """Megabytes of this process: VmRSS now, VmHWM at most so far."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise KeyError(field)
