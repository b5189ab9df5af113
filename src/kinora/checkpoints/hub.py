"""Open weights from the Hugging Face hub: into its own cache, resumable, checked, and found there again offline.

fetch(CARDS["wan2.2-ti2v-5b"])       # shows its progress; goes on where an interrupted one stopped
"""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

from kinora.checkpoints.cards import CARDS, Card
from kinora.errors import CorruptWeights, OutputError, Unavailable

NEEDED = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "*_noise_model/*",
    "Wan2.*_VAE.pth",
    "models_*.pth",
    "google/umt5-xxl/*",
)
"""What of a repository in the original layout is read; the rest are pictures and papers."""

PIECE = 1 << 24
"""Bytes of a file that are read at once."""


def cached(card: Card) -> Path | None:
    """Where the hub's cache has a card's weights, in whichever layout; None if it has neither. Goes nowhere."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    for repository in (card.repo, card.diffusers):
        if not repository:
            continue
        try:
            found = Path(snapshot_download(repository, local_files_only=True))
        except (LocalEntryNotFoundError, OSError):
            continue
        if _complete(found, card):
            return found
    return None


def base_of(card: Card) -> Path | None:
    """Where the parts lie that a card takes from another one; None where they are not here."""
    return cached(CARDS[card.base]) if card.base else None


def fetch(card: Card) -> Path:
    """Bring a card's weights into the hub's cache, and those it is built on; returns where they lie.

    Raises Unavailable if the hub can't be reached, OutputError if the disk is full, CorruptWeights if a file is not the
    published one.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if card.base:
        fetch(CARDS[card.base])
    try:
        directory = Path(snapshot_download(card.repo, allow_patterns=[card.file] if card.file else list(NEEDED)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, RuntimeError) as error:  # hf_xet raises the last
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
            remedy = "make room, or name a larger disk in HF_HOME, and try again: what has come stays"
            raise OutputError(HF_HUB_CACHE, rule=f"no room for {card.name}", remedy=remedy) from error
        rule = f"could not be fetched from {card.repo} ({type(error).__name__})"
        remedy = f"try again: what has come stays; or fetch it elsewhere and use {card.name}@DIRECTORY"
        raise Unavailable(card.name, rule=rule, remedy=remedy) from error
    check(directory, card)
    return directory


def one_file(repository: str, name: str) -> Path:
    """Bring one file of a repository into the hub's cache. Raises OSError where it can't be had."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(hf_hub_download(repository, name))
    except HFValidationError as error:  # no name that a repository could have
        raise FileNotFoundError(str(error)) from error


def check(directory: Path, card: Card) -> int:
    """Compare the files of a directory with their published SHA-256, as far as it is known; returns how many were.

    Raises CorruptWeights naming the first that differs.
    """
    known = [(directory / name, expected) for name, expected in card.sha256.items() if (directory / name).is_file()]
    for path, expected in known:
        if digest(path) != expected:
            rule = f"its sha256 is not the published {expected}: damaged, or another version"
            raise CorruptWeights(path, rule=rule, remedy=f"delete it and fetch it again: kinora fetch {card.name}")
    return len(known)


def digest(path: Path) -> str:
    """SHA-256 of a file in hex, read in pieces."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def _complete(directory: Path, card: Card) -> bool:
    """Whether a snapshot holds weights: it is also made for a single file that somebody looked at."""
    if card.file:
        return (directory / card.file).is_file()
    return any(directory.glob("*.safetensors")) or any(directory.glob("*/*.safetensors"))
