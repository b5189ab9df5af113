"""The board: jobs as they are at the moment of the question, by one look for many who ask."""

import asyncio
import threading

import pytest

from kinora.serve.guarding import board as board_module
from kinora.serve.guarding.board import Board
from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import NewJob


@pytest.fixture(params=["with a version", "without"])
def store(tmp_path, request, monkeypatch):
    """A store that tells when it changed, as SQLite does, and one that doesn't, as PostgreSQL."""
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    if request.param == "without":
        monkeypatch.setattr(database, "version", lambda: None)
    yield JobStore(database)
    database.close()


def add(store):
    return store.add(NewJob(owner="local", kind="generate", request={}, model="fake", size="64x64", seconds=4.0)).id


@pytest.fixture
def looks(monkeypatch):
    """How often the board looked at the store, and for what."""
    counted, read = [], Board._read

    def counting(self, ids):
        counted.append(sorted(ids))
        return read(self, ids)

    monkeypatch.setattr(Board, "_read", counting)
    return counted


def test_many_who_ask_at_once_cost_one_look(store, looks):
    ids = [add(store) for _ in range(5)]

    async def ask():
        board = Board(store)
        first = asyncio.create_task(board.look(ids[0]))
        await asyncio.sleep(0)  # its look has begun
        return [await first, *await asyncio.gather(*(board.look(one) for one in ids * 20))]

    jobs = asyncio.run(ask())
    assert [job.id for job in jobs[1:]] == ids * 20
    assert len(looks) == 2


def test_what_has_not_changed_is_not_looked_at_again(tmp_path, looks):
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    store = JobStore(database)
    running, other = add(store), add(store)

    async def ask():
        board = Board(store)
        assert board.known(running) is None
        first = await board.look(running)
        assert (await board.look(running), board.known(running)) == (first, first)
        assert looks == [[running]]
        store.cancel(other)  # whatever changes, the board looks again; the same job stays the same object
        assert board.known(running) is None
        assert await board.look(running) is first
        store.cancel(running)
        await board.look(other)  # reads along what was asked about lately
        assert looks == [[running], [running], sorted([running, other])]
        assert board.known(running).status == "failed"
        store.delete(running)
        return board.known(running), await board.look(running)

    assert asyncio.run(ask()) == (None, None)
    database.close()


def test_jobs_that_nobody_asks_about_are_no_longer_read_along(tmp_path, looks, monkeypatch):
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    store = JobStore(database)
    old, new = add(store), add(store)

    async def ask():
        board = Board(store)
        await board.look(old)
        monkeypatch.setattr(board_module, "LATELY", 0.0)
        store.cancel(old)
        await board.look(new)

    asyncio.run(ask())
    assert looks == [[old], [new]]
    database.close()


def test_nobody_is_told_what_is_older_than_their_question(store, looks, monkeypatch):
    video, reading, go_on = add(store), threading.Event(), threading.Event()
    read = Board._read

    def slow(self, ids):
        found = read(self, ids)
        reading.set()
        assert go_on.wait(10)
        return found

    monkeypatch.setattr(Board, "_read", slow)

    async def ask():
        board = Board(store)
        first = asyncio.create_task(board.look(video))
        await asyncio.to_thread(reading.wait, 10)
        store.cancel(video)  # after the look, before its answer
        second = asyncio.create_task(board.look(video))
        await asyncio.sleep(0)
        go_on.set()
        return await first, await second

    first, second = asyncio.run(ask())
    assert (first.status, second.status) == ("queued", "failed")


def test_a_store_that_fails_fails_only_those_who_asked_then(store, monkeypatch):
    video, read = add(store), Board._read

    def broken(self, ids):
        raise OSError("the disk is gone")

    async def ask():
        board = Board(store)
        monkeypatch.setattr(Board, "_read", broken)
        with pytest.raises(OSError, match="disk"):
            await board.look(video)
        monkeypatch.setattr(Board, "_read", read)
        return await board.look(video)

    assert asyncio.run(ask()).id == video


def test_who_leaves_does_not_take_the_answer_along(store):
    video = add(store)

    async def ask():
        board = Board(store)
        leaving, staying = asyncio.create_task(board.look(video)), asyncio.create_task(board.look(video))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(ask()).id == video
