"""Where a worker gets its jobs and hands in what it made: the store itself here, a server's API in `remote`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from kinora.errors import KinoraError
from kinora.serve.assets import Asset, AssetStore
from kinora.serve.settings import Settings
from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import Claim, Hand, JobError


class Lost(KinoraError):  # noqa: N818 - read at `except`
    """The job is no longer the worker's: cancelled, deleted, or given to another."""

    def __init__(self, job: str) -> None:
        super().__init__(job, rule="no longer this worker's job")


@dataclass(frozen=True)
class Seen:
    """What a supervisor learns of a worker: the job it is at, and whether that is still its own."""

    job_id: str | None
    overtaken: bool


@runtime_checkable
class Desk(Protocol):
    """All that a worker and its supervisor ask for."""

    def claim(self, hand: Hand) -> Claim | None:
        """The next job for a worker, or None."""

    def heartbeat(self, claim: Claim, progress: int, stage: str) -> bool:
        """Renew the lease; False if the job is no longer the worker's."""

    def fetch(self, claim: Claim, asset: Asset, to: Path) -> Path:
        """Copy an input to this machine."""

    def deliver(self, claim: Claim, name: str, path: Path, type: str) -> Asset:
        """Store a finished file. Raises Lost."""

    def show(self, claim: Claim, path: Path, frame: int) -> None:
        """Let those who watch see a reviewed frame. Raises Lost."""

    def complete(self, claim: Claim, assets: Mapping[str, Asset], result: Mapping[str, Any]) -> bool:
        """The job is done; False if it was lost meanwhile."""

    def fail(self, claim: Claim, code: str, message: str) -> bool:
        """The job can't be done; False if it was lost meanwhile."""

    def drop(self, claim: Claim) -> None:
        """Say that a lost job is no longer worked at."""

    def seen(self, workers: Iterable[str]) -> Mapping[str, Seen]:
        """What the workers are at, of those that are known."""

    def lost(self, worker: str, *, fault: bool, error: JobError | None = None) -> None:
        """A worker is dead: its job waits again, or fails with `error`."""


class StoreDesk:
    """The store and the files themselves, from a process that reaches both."""

    def __init__(self, store: JobStore, assets: AssetStore) -> None:
        self.store, self.assets = store, assets

    def claim(self, hand: Hand) -> Claim | None:
        """The next job for a worker, or None."""
        return self.store.claim(hand)

    def heartbeat(self, claim: Claim, progress: int, stage: str) -> bool:
        """Renew the lease; False if the job is no longer the worker's."""
        return self.store.heartbeat(claim, progress, stage)

    def fetch(self, claim: Claim, asset: Asset, to: Path) -> Path:  # noqa: ARG002 - a server wants to know for what
        """Copy an input to this machine. Raises CorruptAsset."""
        return self.assets.fetch(asset, to)

    def deliver(self, claim: Claim, name: str, path: Path, type: str) -> Asset:
        """Enter a file in the store, then write it. Raises Lost or OutputError."""
        begun = self.store.begin_file(claim, name, type)
        if begun is None:
            raise Lost(claim.job.id)
        id, place = begun
        return self.assets.put(path, place, type=type, id=id)

    def show(self, claim: Claim, path: Path, frame: int) -> None:
        """Put a preview in the place of the one before. Raises Lost or OutputError."""
        asset = self.deliver(claim, "preview", path, "image/webp")
        if not self.store.show(claim, asset, frame=frame):
            raise Lost(claim.job.id)

    def complete(self, claim: Claim, assets: Mapping[str, Asset], result: Mapping[str, Any]) -> bool:
        """The job is done; False if it was lost meanwhile."""
        return self.store.complete(claim, assets, result)

    def fail(self, claim: Claim, code: str, message: str) -> bool:
        """The job can't be done; False if it was lost meanwhile."""
        return self.store.fail(claim, code, message)

    def drop(self, claim: Claim) -> None:
        """Say that a lost job is no longer worked at."""
        self.store.idle(claim.worker)

    def seen(self, workers: Iterable[str]) -> Mapping[str, Seen]:
        """What the workers are at, of those that are known."""
        wanted = list(workers)
        overtaken = self.store.overtaken(wanted)
        return {hand.id: Seen(hand.job_id, hand.id in overtaken) for hand in self.store.hands(wanted)}

    def lost(self, worker: str, *, fault: bool, error: JobError | None = None) -> None:
        """A worker is dead: its job waits again, or fails with `error`."""
        self.store.lost(worker, fault=fault, error=error)


def open_desk(settings: Settings) -> StoreDesk:
    """The desk at the store and the storage that the settings name."""
    return StoreDesk(JobStore(Database(settings.database), settings.rules), AssetStore(settings.storage))
