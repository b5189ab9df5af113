"""The store is kept in order: what nobody needs is removed, what nobody works at waits again."""

import pathlib
import time
from dataclasses import replace

from kinora.errors import OutputError
from kinora.serve.work.keeper import Keeper
from kinora.serve.work.machine import host, is_dead, killed_for_memory, memory_of
from kinora.serve.work.worker import Worker


def test_files_of_deleted_jobs_are_removed(desk, hand, settings, order):
    job = order()
    Worker(desk, hand, settings).work(desk.claim(hand))
    files = pathlib.Path(settings.storage)
    assert len([path for path in files.rglob("*") if path.is_file()]) == 3
    keeper = Keeper(desk.store, desk.assets)
    assert keeper.look_at_files() == 0
    desk.store.delete(job.id)
    assert keeper.look_at_files() == 3
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert desk.store.doomed() == []


def test_a_file_that_cannot_be_removed_holds_up_no_other(desk, hand, settings, order, monkeypatch):
    job = order()
    Worker(desk, hand, settings).work(desk.claim(hand))
    desk.store.delete(job.id)
    delete, stuck = desk.assets.delete, desk.store.doomed()[0][1]

    def refuse(path):
        if path == stuck:
            raise OutputError(path, rule="can't be removed")
        delete(path)

    monkeypatch.setattr(desk.assets, "delete", refuse)
    keeper = Keeper(desk.store, desk.assets)
    assert keeper.look_at_files() == 2
    assert [path for _, path in desk.store.doomed()] == [stuck]
    monkeypatch.undo()
    assert keeper.look_at_files() == 1


def test_a_first_round_takes_up_at_once_what_a_killed_server_left(desk, hand, order):
    job = order()
    gone = replace(hand, id="worker_gone", born=hand.born - 1000)  # another process had this number then
    desk.claim(gone)
    keeper = Keeper(desk.store, desk.assets)
    keeper.start()
    keeper.stop()
    assert desk.store.get(job.id).status == "queued"
    assert desk.store.hands() == []


def test_a_server_that_begins_again_gives_far_workers_the_time_of_a_lease(desk, hand, order, monkeypatch):
    job = order()
    claim = desk.claim(replace(hand, host="elsewhere"))
    keeper = Keeper(desk.store, desk.assets)
    late = time.time() + desk.store.rules.lease + 1
    monkeypatch.setattr(desk.store.database, "_clock", lambda: late)
    assert keeper.look_at_jobs() == 0
    assert desk.heartbeat(claim, 50, "denoise")
    monkeypatch.setattr(desk.store.database, "_clock", lambda: late + desk.store.rules.lease + 1)
    monkeypatch.setattr(keeper, "_since", keeper._since - desk.store.rules.lease)
    assert keeper.look_at_jobs() == 1
    assert desk.store.get(job.id).status == "queued"


def test_the_dead_are_told_from_the_living_and_from_those_elsewhere(hand):
    assert hand.host == host()
    assert not is_dead(hand)
    assert is_dead(replace(hand, born=hand.born - 60))
    assert is_dead(replace(hand, pid=2**22 + 1))
    assert not is_dead(replace(hand, host="elsewhere", pid=2**22 + 1))
    assert memory_of(hand.pid) > 2**20
    assert memory_of(2**22 + 1) == 0
    assert killed_for_memory() >= 0
