"""The short way says what the long way says."""

import re

import pytest

from kinora.serve.guarding import polls
from kinora.serve.guarding.board import Board
from kinora.serve.store.values import NewJob


def add(store):
    return store.add(NewJob(owner="local", kind="generate", request={}, model="fake", size="64x64", seconds=4.0)).id


@pytest.fixture
def looks(monkeypatch):
    """What was asked of the short way's board."""
    counted, look = [], Board.look

    async def counting(self, job_id):
        counted.append(job_id)
        return await look(self, job_id)

    monkeypatch.setattr(Board, "look", counting)
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
            assert looks == [video]
            with monkeypatch.context() as patch:
                patch.setattr(polls, "_POLL", re.compile("none"))
                long = client.get(f"/videos/{video}")
            assert looks == [video]
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
