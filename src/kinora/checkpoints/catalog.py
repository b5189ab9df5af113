"""The models Kinora knows by name: what each is, how large, under which licence, and where it lies.

    find("kinora-small")                        # the directory of a model of Kinora's own
    describe("wan2.2-ti2v-5b").limits           # what a model can be asked for, without its weights
    describe("wan2.1-t2v-1.3b@/models/mine")    # the settings of a known model, the weights of a directory

No torch here: `kinora --help`, `kinora doctor` and the request check read it before anything heavy is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from kinora.checkpoints.adapters import Adapter, parted
from kinora.checkpoints.cards import CARDS, Card
from kinora.checkpoints.comfyui import TRANSFORMERS, is_comfyui
from kinora.checkpoints.manifest import FILENAME, Manifest, read_manifest
from kinora.checkpoints.recognise import is_published, recognised
from kinora.checkpoints.wan.architectures import VAES
from kinora.errors import UnknownModel

FOREIGN = "diffusers:"
"""What stands before a model of diffusers that Kinora has no classes for; see `engine.open.foreign`."""


def is_foreign(model: str) -> bool:
    """Whether a name means a model of diffusers that Kinora has no classes for."""
    return model.startswith(FOREIGN)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the catalogue. `where` is a directory below the package's own `weights`; a `card` tells of others."""

    name: str
    licence: str
    summary: str
    where: str = ""
    card: Card | None = None

    @property
    def directory(self) -> Path | None:
        """Where the model's files lie on this machine; None where a download would have to bring them."""
        if self.card is None:
            return Path(str(files("kinora"))) / "weights" / self.where
        from kinora.checkpoints.hub import cached

        return cached(self.card)

    @property
    def installed(self) -> bool:
        """Whether the files are there (not whether they are sound: `store.verify` reads them)."""
        directory = self.directory
        return directory is not None and (self.card is not None or (directory / FILENAME).is_file())

    @property
    def size(self) -> int:
        """Bytes on disk, 0 when not installed."""
        directory = self.directory
        if directory is None:
            return 0
        return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


CATALOG = {
    entry.name: entry
    for entry in (
        Entry(
            name="kinora-small",
            where="kinora-small",
            licence="Apache-2.0",
            summary="ships with Kinora; trained from nothing on Kinora's own rendered world; two CPU cores are enough",
        ),
        *(Entry(name=card.name, licence=card.licence, summary=card.summary, card=card) for card in CARDS.values()),
    )
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model as somebody asked for it: a card or none, the directory with its weights if there is one, LoRAs."""

    card: Card | None
    directory: Path | None
    loras: tuple[Adapter, ...] = ()


def choose(name_or_directory: str | Path) -> Choice:
    """Read a catalogued name, a directory, or NAME@DIRECTORY, each perhaps with LoRAs (`checkpoints.adapters`).

    Raises UnknownModel, listing the known names, for anything else, and where a directory may be one of several models;
    BadInputFile for a LoRA that is not there.
    """
    try:
        if Path(name_or_directory).is_dir():
            return _chosen(str(name_or_directory))
        text, loras = parted(str(name_or_directory))
        return replace(_chosen(text), loras=loras)
    except OSError as error:  # too long for a name, or in a folder that may not be looked into
        rule = f"can't be looked for ({error.strerror})"
        raise UnknownModel(str(name_or_directory), rule=rule, remedy=f"known: {', '.join(sorted(CATALOG))}") from error


def _chosen(text: str) -> Choice:
    entry = CATALOG.get(text)
    if is_foreign(text):
        rule = "a model of diffusers makes clips from words alone"
        raise UnknownModel(text, rule=rule, remedy="use it with kinora generate or image, and another for the rest")
    if entry is not None:
        return Choice(card=entry.card, directory=entry.directory)
    name, _, place = text.partition("@")
    if place and name in CARDS:
        if not Path(place).is_dir():
            raise UnknownModel(place, rule="no such directory", remedy=f"{name}@ is followed by where its weights lie")
        return Choice(card=CARDS[name], directory=Path(place))
    directory = Path(text)
    if (directory / FILENAME).is_file():
        return Choice(card=None, directory=directory)
    if is_published(directory):
        return Choice(card=recognised(directory), directory=directory)
    if is_comfyui(directory):
        remedy = f"say which: NAME@{directory}, for example {next(iter(TRANSFORMERS))}@{directory}"
        raise UnknownModel(text, rule="holds models side by side", remedy=remedy)
    known = ", ".join(sorted(CATALOG))
    remedy = f"known: {known}, or a directory with a {FILENAME}, or one of Wan's, or {FOREIGN}REPOSITORY"
    raise UnknownModel(text, rule="no such model", remedy=remedy)


def find(name_or_directory: str | Path) -> Path:
    """Return the directory with the weights of a model; see `choose`.

    Raises UnknownModel, listing the known names, for anything else, and for a model whose weights are not here.
    """
    chosen = choose(name_or_directory)
    if chosen.card is not None and chosen.directory is None:
        remedy = f"fetch them: kinora fetch {chosen.card.name}"
        raise UnknownModel(chosen.card.name, rule="its weights are not on this machine", remedy=remedy)
    assert chosen.directory is not None, "a model of Kinora's own has a directory"
    if chosen.card is None and not (chosen.directory / FILENAME).is_file():
        rule = f"its weights are not in {chosen.directory}"
        raise UnknownModel(name_or_directory, rule=rule, remedy="reinstall, or train it with runs/cpu.sh")
    return chosen.directory


def describe(name_or_directory: str | Path) -> Manifest:
    """Return what a model says about itself; an open model's weights need not be here for that.

    Raises UnknownModel as `find` does, CorruptWeights where a description is damaged.
    """
    chosen = choose(name_or_directory)
    return read_manifest(find(name_or_directory)) if chosen.card is None else manifest_of(chosen.card)


def manifest_of(card: Card) -> Manifest:
    """An open model's description, in the terms of a model.json."""
    vae = VAES[card.shape.vae]
    patch = vae.get("patch", 1)
    return Manifest(
        name=card.name,
        version="",  # weights are known by their checksums
        dit=dict(card.shape.dit),
        vae={**vae, "stride": (4, 8 * patch, 8 * patch)},
        text="umt5-xxl",
        files=dict(card.sha256),
        defaults=card.defaults,
    )
