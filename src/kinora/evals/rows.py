"""What an evaluation has found so far, a line of JSON a clip, so that one that is killed goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kinora.errors import BadInputFile
from kinora.media import replacing

Row = dict[str, Any]


def finished(path: Path) -> list[Row]:
    """The rows of a file, none if there is no file; a last one cut short by a kill is dropped: it will be made again.

    Raises BadInputFile for a file of other lines, OutputError where the cut one can't be dropped.
    """
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    try:
        rows = [json.loads(line) for line in whole.splitlines()]
    except ValueError as error:
        raise BadInputFile(path, rule=f"holds no results ({error})", remedy="choose another --out") from error
    if whole != text:
        with replacing(path) as part:
            part.write_text(whole, encoding="utf-8")
    return rows


@contextmanager
def adding(path: Path) -> Iterator[Callable[[Row], None]]:
    """A function that adds a row to a file, whose folder is made if need be; it is in the file when that returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:

        def add(row: Row) -> None:
            file.write(json.dumps(row) + "\n")
            file.flush()

        yield add
