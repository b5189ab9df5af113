"""The models Kinora knows by name: what each is, how large, under which licence, and where it lies.

>>> find("kinora-small").name
'kinora-small'

No torch here: `kinora --help`, `kinora doctor` and the request check read it before anything heavy is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kinora.checkpoints.manifest import FILENAME
from kinora.errors import UnknownModel


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the catalogue. `where` is a directory below the package's own `weights`."""

    name: str
    where: str
    licence: str
    summary: str

    @property
    def directory(self) -> Path:
        """Where the model's files lie on this machine."""
        return Path(str(files("kinora"))) / "weights" / self.where

    @property
    def installed(self) -> bool:
        """Whether the files are there (not whether they are sound: `store.verify` reads them)."""
        return (self.directory / FILENAME).is_file()

    @property
    def size(self) -> int:
        """Bytes on disk, 0 when not installed."""
        return sum(path.stat().st_size for path in self.directory.glob("*") if path.is_file())


CATALOG = {
    entry.name: entry
    for entry in (
        Entry(
            name="kinora-small",
            where="kinora-small",
            licence="Apache-2.0",
            summary="ships with Kinora; trained from nothing on Kinora's own rendered world; two CPU cores are enough",
        ),
    )
}


def find(name_or_directory: str | Path) -> Path:
    """Return the directory of a catalogued model, or of any directory that holds a model.json.

    Raises UnknownModel, listing the known names, for anything else.
    """
    entry = CATALOG.get(str(name_or_directory))
    if entry is not None and entry.installed:
        return entry.directory
    directory = Path(name_or_directory)
    if entry is None and (directory / FILENAME).is_file():
        return directory
    if entry is not None:
        raise UnknownModel(
            entry.name,
            rule=f"its weights are not in {entry.directory}",
            remedy="reinstall, or train it with runs/cpu.sh",
        )
    known = ", ".join(sorted(CATALOG))
    raise UnknownModel(
        name_or_directory, rule="no such model", remedy=f"known: {known}, or a directory with a {FILENAME}"
    )
