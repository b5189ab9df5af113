"""Whatever a job does to its worker, it does to itself alone; who is cancelled lets go; who is killed is replaced."""

import os
import pathlib
import signal
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import pytest
from sqlalchemy.exc import OperationalError

from kinora.serve.store.tables import UsageRow
from kinora.serve.work.crew import Crew, Processes
from kinora.serve.work.desk import Desk
from kinora.serve.work.keeper import Keeper
from kinora.serve.work.supervisor import Supervisor

COMMAND = (sys.executable, str(pathlib.Path(__file__).with_name("misbehaving.py")))

pytestmark = pytest.mark.slow


@pytest.fixture
def supervised(settings, desk):
    """Begin workers that do as their prompts say, under the settings with something changed."""
    begun = []

    def begin(**changed: object) -> Supervisor:
        chosen = replace(settings, **changed)
        supervisor = Supervisor(desk, Processes(chosen, command=COMMAND), chosen)
        supervisor.start()
        begun.append(supervisor)
        return supervisor

    yield begin
    for supervisor in begun:
        supervisor.stop()


@pytest.fixture
def until(desk):
    """Wait until a job is in one of the states, and return it."""

    def wait(job, *states: str, seconds: float = 300.0):
        limit = time.monotonic() + seconds
        while (found := desk.store.get(job.id)).status not in states:
            assert not found.ended, found.error
            assert time.monotonic() < limit, f"{found.status=} {found.attempts=}"
            time.sleep(0.02)
        return found

    return wait


def charged(desk, job):
    with desk.store.database.read() as session:
        return session.get(UsageRow, job.id)


def test_jobs_of_bad_behaviour_fail_alone(supervised, order, until, desk):
    supervised(workers=1, job_memory=700 * 2**20)
    bad = [order(words) for words in ("broken", "out of memory", "eat")]
    good = order("a red ball")
    assert until(good, "completed").attempts == 1
    ended = [desk.store.get(job.id) for job in bad]
    assert [job.error.code for job in ended] == ["generation_failed", "out_of_memory", "out_of_memory"]
    assert [job.attempts for job in ended] == [3, 1, 1]  # who crashes is tried again, and given up
    assert [charged(desk, job) for job in bad] == [None] * 3
    assert charged(desk, good).seconds == 0.5


def test_every_worker_is_ended_though_the_store_does_not_answer(settings):
    class Gone(Desk):
        def seen(self, workers):
            return {}

        def lost(self, worker, *, fault, error=None):
            raise OperationalError("UPDATE jobs", {}, Exception("disk I/O error"))

    class Hands(Crew):
        ended: ClassVar = []

        def begin(self, worker, index):
            return SimpleNamespace(id=worker, exit_code=lambda: None, memory=lambda: 0, finish=lambda: None, kill=kill)

    def kill():
        Hands.ended.append(1)

    supervisor = Supervisor(Gone(), Hands(), replace(settings, workers=3))
    supervisor.start()
    while not all(place.member for place in supervisor._places):
        time.sleep(0.01)
    supervisor.stop()
    assert len(Hands.ended) == 3


def test_a_job_that_takes_too_long_is_ended(supervised, order, until):
    supervised(workers=1, job_timeout=0.5)
    job = until(order("stuck"), "failed")
    assert (job.error.code, job.attempts) == ("timeout", 1)


def test_a_cancelled_job_frees_its_worker_even_if_it_hangs(supervised, order, until, desk):
    supervisor = supervised(workers=1)
    stuck = order("stuck")
    until(stuck, "in_progress")
    (hanging,) = desk.store.hands()
    start = time.monotonic()
    desk.store.cancel(stuck.id)
    while any(hand.id == hanging.id for hand in desk.store.hands()):
        time.sleep(0.02)
    freed = time.monotonic() - start
    with pytest.raises(ProcessLookupError):
        os.kill(hanging.pid, 0)
    assert desk.store.get(stuck.id).error.code == "cancelled"
    assert until(order("a red ball"), "completed").attempts == 1
    assert supervisor.fault() == ""
    assert freed < 30  # about 1.5 s; here only that nobody waits for the job, which would take a minute


def test_a_worker_that_is_killed_is_replaced_and_its_job_done_again(supervised, order, until, desk):
    supervised(workers=1, pause=0.1)
    job = order()
    until(job, "in_progress")
    (hand,) = desk.store.hands()
    os.kill(hand.pid, signal.SIGKILL)
    done = until(job, "completed")
    assert done.attempts == 2
    assert charged(desk, job).seconds == 0.5
    assert [event.data.get("status") for event in desk.store.events(job.id) if event.kind == "status"] == [
        "queued",
        "in_progress",
        "queued",
        "in_progress",
        "completed",
    ]


def test_draining_lets_a_running_job_end_and_gives_back_what_can_not(supervised, order, until, desk):
    supervisor = supervised(workers=1, pause=0.05)
    running, waiting = order(), order()
    until(running, "in_progress")
    supervisor.stop(drain=300)
    assert desk.store.get(running.id).status == "completed"
    assert desk.store.get(waiting.id).status == "queued"
    other = supervised(workers=1, pause=2.0)
    until(waiting, "in_progress")
    other.stop(drain=0.1)
    assert desk.store.get(waiting.id).status == "queued"
    assert desk.store.hands() == []


def test_no_worker_outlives_the_process_that_began_it(settings, desk, order, until):
    member = Processes(replace(settings, pause=0.2), command=COMMAND).begin("worker_orphan", 0)
    job = order()
    until(job, "in_progress")
    member._process.stdin.close()  # what the kernel does for a process that is killed
    assert member._process.wait(30) == 3
    keeper = Keeper(desk.store, desk.assets)
    assert keeper.look_at_jobs() == 0  # its supervisor may be about to see to it
    assert keeper.look_at_jobs() == 1
    assert desk.store.get(job.id).status == "queued"
