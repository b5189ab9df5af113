"""Keeps workers alive, and ends those that must end: cancelled, too slow, too large.

    supervisor = Supervisor(desk, Processes(settings), settings)
    supervisor.start()
    supervisor.stop(drain=30)          # running jobs may end; what has not ended then waits for the next server

It looks at its workers several times a second. A worker whose job was cancelled has a moment to stop by itself, which
keeps its weights loaded, and is killed then. What a worker was at when it died waits again, and is given up when it has
cost too many workers: the fault may be the job's.
"""

from __future__ import annotations

import logging
import secrets
import signal
import threading
import time
from dataclasses import dataclass, field

from kinora.request import Real
from kinora.serve.settings import Settings
from kinora.serve.store.values import JobError
from kinora.serve.work.crew import Crew, Member
from kinora.serve.work.desk import Desk, Seen
from kinora.serve.work.machine import killed_for_memory
from kinora.serve.work.worker import NO_ANSWER

log = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two looks."""

PAUSE = 2.0
"""Seconds until the next look where the store did not answer."""

GRACE = 1.0
"""Seconds that a worker has to stop by itself when its job was cancelled."""

YOUNG = 10.0
"""A worker that dies sooner, without a job, could not even begin: the next one waits a while."""

LONGEST_PAUSE = 30.0

TIMEOUT = JobError("timeout", "The job took longer than it may.")
TOO_LARGE = JobError("out_of_memory", "The job needed more memory than it may take.")


@dataclass
class Place:
    """A place for a worker: who has it, since when, and how it went there of late."""

    index: int
    member: Member | None = None
    begun: float = 0.0
    job: str | None = None
    job_since: float = 0.0
    overtaken_since: float | None = None
    pause: float = 0.0
    not_before: float = 0.0


@dataclass
class Supervisor:
    """Looks after `settings.workers` workers of a crew, in a thread of its own."""

    desk: Desk
    crew: Crew
    settings: Settings
    _places: list[Place] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _kills: int = 0

    def start(self) -> None:
        """Begin the workers, and look after them from now on."""
        self._kills = killed_for_memory()
        self._places = [Place(index) for index in range(self.settings.workers)]
        self._thread = threading.Thread(target=self._look_after, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self, drain: Real = 0) -> None:
        """Let running jobs end for up to `drain` seconds, then end every worker; what was not done waits again."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        members = [place.member for place in self._places if place.member is not None]
        for member in members:
            member.finish()
        until = time.monotonic() + drain
        while time.monotonic() < until and any(member.exit_code() is None for member in members):
            time.sleep(TICK / 4)
        for member in members:
            member.kill()
        try:
            for member in members:
                self.desk.lost(member.id, fault=False)
        except NO_ANSWER as error:  # whoever starts next finds them dead
            log.warning("no answer from the store: %s", type(error).__name__)

    def fault(self) -> str:
        """What is wrong with the workers, "" if nothing is."""
        if not self._places:
            return ""
        alive = sum(place.member is not None and place.member.exit_code() is None for place in self._places)
        return "" if alive else "no worker is alive"

    def _look_after(self) -> None:
        while not self._over.is_set():
            try:
                self.look()
            except NO_ANSWER as error:
                log.warning("no answer from the store: %s", type(error).__name__)
                self._over.wait(PAUSE)
            self._over.wait(TICK)

    def look(self) -> None:
        """See to every place once."""
        seen = self.desk.seen([place.member.id for place in self._places if place.member is not None])
        for place in self._places:
            if place.member is None:
                if time.monotonic() >= place.not_before:
                    self._begin(place)
            elif (code := place.member.exit_code()) is not None:
                self._bury(place, place.member, code)
            else:
                self._judge(place, place.member, seen.get(place.member.id, Seen(None, False)))

    def _begin(self, place: Place) -> None:
        worker = f"worker_{secrets.token_hex(8)}"
        place.member, place.begun = self.crew.begin(worker, place.index), time.monotonic()
        place.job = place.overtaken_since = None

    def _bury(self, place: Place, member: Member, code: int) -> None:
        """A worker is dead, and nobody here has killed it."""
        kills = killed_for_memory()
        of_memory = code == -signal.SIGKILL and kills > self._kills
        self._kills = kills
        log.warning("a worker died", extra={"told": {"worker": member.id, "job": place.job, "exit": code}})
        # A worker that left with 0 had handed in its job, or had been refused memory and said so.
        self.desk.lost(member.id, fault=code != 0, error=TOO_LARGE if of_memory else None)
        lived = time.monotonic() - place.begun
        failed_to_begin = code != 0 and place.job is None and lived < YOUNG
        place.pause = min(LONGEST_PAUSE, max(1.0, 2 * place.pause)) if failed_to_begin else 0.0
        place.member, place.not_before = None, time.monotonic() + place.pause

    def _judge(self, place: Place, member: Member, seen: Seen) -> None:
        """Whether a living worker must be ended."""
        now = time.monotonic()
        if seen.job_id != place.job:
            place.job, place.job_since = seen.job_id, now
        place.overtaken_since = (place.overtaken_since or now) if seen.overtaken else None
        if place.overtaken_since is not None and now - place.overtaken_since >= GRACE:
            self._end(place, member, None, "it did not stop by itself")
        elif place.job is not None and now - place.job_since > self.settings.job_timeout:
            self._end(place, member, TIMEOUT, "its time was over")
        elif member.memory() > (self.settings.job_memory or self.settings.budget):
            self._end(place, member, TOO_LARGE, "it grew too large")

    def _end(self, place: Place, member: Member, error: JobError | None, why: str) -> None:
        member.kill()  # first: from here on it can't hand anything in
        log.warning("a worker was ended", extra={"told": {"worker": member.id, "job": place.job, "why": why}})
        self.desk.lost(member.id, fault=False, error=error)
        place.member, place.job = None, None
