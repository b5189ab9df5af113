"""The short way says what the long way says, of the moment of the question, and costs one look for many who ask."""

import asyncio
import re
import threading

import pytest

from kinora.serve.guarding import polls
from kinora.serve.guarding.polls import Board
from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import NewJob


@pytest.fixture
def store(tmp_path):
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    yield JobStore(database)
    database.close()


def add(store):
    return store.add(NewJob(owner="local", kind="generate", request={}, model="fake", size="64x64", seconds=4.0)).id


@pytest.fixture
def looks(monkeypatch):
    """How often the short way looked at the store."""
    counted, read = [], Board._read

    def counting(self, ids):
        counted.append(sorted(ids))
        return read(self, ids)

    monkeypatch.setattr(Board, "_read", counting)
    return counted


def test_both_ways_say_the_same_of_a_job_in_every_state(serve, looks, monkeypatch):
    live = serve(workers=1)
    with live.client as client:
        done = client.post("/videos", json={"prompt": "a red ball", "seconds": "1"}).json()["id"]
        live.ended(done)
        refused = live.app.state.store.add(
            NewJob(owner="local", kind="loop", request={"seed": 1}, model="gone", size="64x64", seconds=2.5, prompt="x")
        ).id
        live.app.state.store.cancel(refused)
        for video, status in ((done, "completed"), (refused, "failed")):
            looks.clear()
            short = client.get(f"/videos/{video}")
            assert looks == [[video]]
            with monkeypatch.context() as patch:
                patch.setattr(polls, "_POLL", re.compile("none"))
                long = client.get(f"/videos/{video}")
            assert looks == [[video]]
            assert short.json()["status"] == status
            assert short.content == long.content
            assert set(short.headers) == set(long.headers)


def test_while_it_waits_both_ways_say_when_to_ask_again(serve, monkeypatch):
    live = serve(workers=0)
    video = add(live.app.state.store)
    with live.client as client:
        short = client.get(f"/videos/{video}")
        monkeypatch.setattr(polls, "_POLL", re.compile("none"))
        long = client.get(f"/videos/{video}")
    assert short.headers["openai-poll-after-ms"] == long.headers["openai-poll-after-ms"]
    assert short.content == long.content


def test_a_deleted_job_is_gone_at_once(serve):
    live = serve(workers=0)
    video = add(live.app.state.store)
    with live.client as client:
        assert client.get(f"/videos/{video}").status_code == 200
        client.delete(f"/videos/{video}").raise_for_status()
        assert client.get(f"/videos/{video}").status_code == 404


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
