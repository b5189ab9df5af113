"""Keeps the store in order while the server runs: expired leases, dead workers, files whose time is over."""

from __future__ import annotations

import logging
import threading
import time

from kinora.errors import OutputError
from kinora.serve.assets import AssetStore
from kinora.serve.store.jobs import JobStore
from kinora.serve.work.machine import is_dead
from kinora.serve.work.worker import NO_ANSWER

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two rounds."""

FILES_EVERY = 15
"""Rounds between two looks at files."""


class Keeper:
    """Makes its rounds in a thread of its own; several servers at one store may each have one."""

    def __init__(self, store: JobStore, assets: AssetStore) -> None:
        self._store, self._assets = store, assets
        self._suspects: set[str] = set()
        self._since = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_round, name="keeper", daemon=True)

    def start(self) -> None:
        """Make a first round at once, so that what another server left is taken up, and go on."""
        self.look_at_jobs(again=True)
        self._thread.start()

    def stop(self) -> None:
        """Make no further rounds."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def look_at_jobs(self, *, again: bool = False) -> int:
        """Let jobs wait again whose worker is silent, or was found dead in the round before too (or `again`).

        Who speaks to a server could not while there was none, so after its start it has the time of a lease.
        """
        dead = {hand.id for hand in self._store.hands() if is_dead(hand)}
        # A supervisor that lived would have seen it first, and have asked whether the job is to blame: it is not.
        gone = dead if again else dead & self._suspects
        self._suspects = dead
        for worker in gone:
            self._store.lost(worker, fault=False)
        if time.monotonic() - self._since < self._store.rules.lease:
            return len(gone)
        return len(gone) + self._store.release_expired()

    def look_at_files(self) -> int:
        """Remove files whose time is over; count them. One that can't be removed holds up no other until next time."""
        self._store.expire()
        removed, stuck = 0, ""
        while not stuck and (doomed := self._store.doomed()):
            for id, path in doomed:
                try:
                    self._assets.delete(path)
                except OutputError as error:
                    stuck = str(error)
                    continue
                self._store.forget(id)
                removed += 1
        if stuck:
            log.warning("a file could not be removed: %s", stuck)
        return removed

    def _go_round(self) -> None:
        rounds = 0
        while not self._over.wait(EVERY):
            try:
                self.look_at_jobs()
                if rounds % FILES_EVERY == 0:
                    self.look_at_files()
            except NO_ANSWER as error:
                log.warning("could not keep the store in order: %s", error)
            rounds += 1
