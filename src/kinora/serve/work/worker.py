"""One worker: takes a job, makes its files, hands them in, and again, until it is told to stop or is killed.

    Worker(desk, hand, settings).run()

It promises nothing: whatever it was at when it died, the store gives to another. An error that nobody meant to raise
ends the process, with its trace in the log, and its supervisor starts a new one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from types import TracebackType

import httpx
from sqlalchemy.exc import SQLAlchemyError

from kinora.errors import BadInputFile, InvalidRequest, KinoraError, Refused
from kinora.serve.assets import CorruptAsset
from kinora.serve.settings import FAKE, Settings
from kinora.serve.store.values import Claim, Hand
from kinora.serve.work.desk import Desk, Lost
from kinora.serve.work.makers import Fake, Maker, Weights
from kinora.serve.work.perform import perform

log = logging.getLogger(__name__)

IDLE = 0.25
"""Seconds between two questions for work."""

BEAT = 0.5
"""Seconds between two heartbeats: how soon a worker hears that its job was cancelled."""

OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|unable to allocate|std::bad_alloc", re.IGNORECASE)
"""What torch and its allocators say in a RuntimeError."""

FOLDER = re.compile(r"\S*/kinora-job-[^/\s]*/")

NO_ANSWER = (SQLAlchemyError, httpx.HTTPError, OSError)
"""What is raised while the store or the server can't be reached for a moment."""


class Worker:
    """Works at one desk with one engine. `stop` ends it after the job at hand."""

    def __init__(self, desk: Desk, hand: Hand, settings: Settings, stop: threading.Event | None = None) -> None:
        self._desk, self._hand, self._settings = desk, hand, settings
        self.stop = stop or threading.Event()
        self._makers: dict[tuple[bool, str], Maker] = {}

    def run(self) -> None:
        """Work until told to stop."""
        while not self.stop.is_set():
            try:
                claim = self._desk.claim(self._hand)
            except NO_ANSWER as error:
                log.warning("no answer from the store: %s", type(error).__name__)
                self.stop.wait(2.0)
                continue
            if claim is None:
                self.stop.wait(IDLE)
            elif not self.work(claim):
                return

    def work(self, claim: Claim) -> bool:
        """Do one job. Whether the process is fit for another."""
        start = time.monotonic()
        with Pulse(self._desk, claim) as pulse:
            failure = self._attempt(claim, pulse)
        told = {"job": claim.job.id, "kind": claim.job.kind, "seconds": round(time.monotonic() - start, 3)}
        log.info("job", extra={"told": {**told, "outcome": failure or "completed"}})
        return failure != "out_of_memory"  # a process that was refused memory holds much of it

    def _attempt(self, claim: Claim, pulse: Pulse) -> str:
        """Make the job's files and hand them in; the code of what went wrong, or ""."""
        try:
            maker = self._maker(claim.job.model, str(claim.job.request.get("policy", "")))
            made = perform(claim, maker, self._desk, preview=self._settings.preview, tell=pulse.tell)
            if not self._desk.complete(claim, made.assets, made.result):
                raise Lost(claim.job.id)
            return ""
        except Lost:
            self._desk.drop(claim)
            return "lost"
        except Refused as error:
            code, message = "moderation_blocked", f"Your request was blocked by our moderation system: {error.rule}"
        except (InvalidRequest, BadInputFile) as error:
            code, message = "invalid_request", FOLDER.sub("", str(error))
        except CorruptAsset as error:
            log.error("input %s", error)
            code, message = "generation_failed", "A file that the job reads is gone."
        except KinoraError as error:
            log.error("job %s: %s", claim.job.id, error)
            code, message = "generation_failed", "The server could not make this video."
        except (MemoryError, RuntimeError) as error:
            if not (isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error))):
                raise
            code, message = "out_of_memory", "The server has not enough memory for this video."
        self._desk.fail(claim, code, message)
        return code

    def _maker(self, model: str, policy: str) -> Maker:
        """The engine, under the profile that a job's owner is judged by."""
        which = model == FAKE, policy
        if which not in self._makers:
            guard = self._settings.guard(policy or None, model)
            fake = model == FAKE
            self._makers[which] = Fake(guard, self._settings.pause) if fake else Weights(guard, self._settings.device)
        return self._makers[which]


class Pulse:
    """Renews a claim's lease while its block runs, and learns there that the job is no longer the worker's."""

    def __init__(self, desk: Desk, claim: Claim) -> None:
        self._desk, self._claim = desk, claim
        self._told: tuple[int, str] = (0, "")
        self._over, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def tell(self, progress: int, stage: str) -> None:
        """Say how far the job is. Raises Lost once it is somebody else's."""
        self._told = progress, stage
        if self._lost.is_set():
            raise Lost(self._claim.job.id)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        answered = time.monotonic()
        while not self._over.wait(BEAT):
            try:
                if not self._desk.heartbeat(self._claim, *self._told):
                    break
                answered = time.monotonic()
            except NO_ANSWER:
                if time.monotonic() - answered > self._claim.lease:
                    break
        else:
            return
        self._lost.set()


def summary(hand: Hand) -> Mapping[str, object]:
    """What the log says of a worker."""
    return {"worker": hand.id, "host": hand.host, "pid": hand.pid, "device": hand.device or "best"}
