"""A worker far away: through the server's API it gets jobs and their files, and hands in what it made."""

import threading
import time
from dataclasses import replace

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient

from kinora import __version__
from kinora.errors import InvalidRequest, Unavailable
from kinora.serve.access.keys import Keys
from kinora.serve.app import create_app
from kinora.serve.assets import Asset, CorruptAsset
from kinora.serve.store.values import JobError
from kinora.serve.work import remote
from kinora.serve.work.desk import Lost, Seen
from kinora.serve.work.remote import ServerDesk
from kinora.serve.work.worker import Worker


@pytest.fixture
def server(settings):
    """The URL of a live server without workers of its own, in a thread."""
    running = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_config=None))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join()


@pytest.fixture
def far(server):
    desk = ServerDesk(f"{server}/v1", patience=0)
    desk.check()
    yield desk
    desk.close()


def test_a_job_is_made_far_away(far, desk, hand, settings, order):
    first, second = order("a red ball"), order("a blue ball")
    worker = Worker(far, hand, settings)
    assert worker.work(far.claim(hand))
    done = desk.store.get(first.id)
    assert done.status == "completed"
    assert {name for name, asset in done.assets.items() if desk.assets.open(asset).read(4)} == {
        "video",
        "thumbnail",
        "spritesheet",
    }
    desk.store.cancel(second.id)
    longer = order("on it goes", kind="extend", inputs={"video": done.assets["video"].id}, size=None)
    assert worker.work(far.claim(hand))
    assert desk.store.get(longer.id).result["frames"] == 8
    assert far.claim(hand) is None


def test_a_claim_that_is_lost_is_lost_there_too(far, desk, hand, order, tmp_path):
    job = order()
    claim = far.claim(hand)
    assert claim.job == desk.store.get(job.id)
    assert far.heartbeat(claim, 30, "denoise")
    assert far.seen([hand.id, "nobody"]) == {hand.id: Seen(job.id, overtaken=False)}
    desk.store.cancel(job.id)
    assert far.seen([hand.id]) == {hand.id: Seen(job.id, overtaken=True)}
    assert not far.heartbeat(claim, 40, "denoise")
    assert not far.complete(claim, {}, {"frames": 4, "seconds": 0.5, "size": "64x64"})
    assert not far.fail(claim, "generation_failed", "No.")
    (tmp_path / "made.mp4").write_bytes(b"frames")
    with pytest.raises(Lost):
        far.deliver(claim, "video", tmp_path / "made.mp4", "video/mp4")
    far.drop(claim)
    assert far.seen([hand.id]) == {hand.id: Seen(None, overtaken=False)}


def test_what_supervisors_say_counts(far, desk, hand, order):
    lost, failed = order(), order()
    far.claim(hand)
    far.lost(hand.id, fault=False)
    assert desk.store.get(lost.id).status == "queued"
    far.claim(hand)
    far.lost(hand.id, fault=False, error=JobError("out_of_memory", "Too large."))
    assert desk.store.get(lost.id).error == JobError("out_of_memory", "Too large.")
    far.fail(far.claim(hand), "generation_failed", "No.")
    assert desk.store.get(failed.id).error.code == "generation_failed"


def test_only_administrators_are_let_in(settings, desk):
    keys = Keys(desk.store.database)
    secrets = {role: keys.create(role, role=role).secret for role in ("user", "admin")}
    with TestClient(create_app(replace(settings, keys=True))) as client:
        for method, path in (("GET", "ready"), ("POST", "claim"), ("POST", "lost"), ("POST", "files")):
            url = f"/v1/workers/{path}"
            assert client.request(method, url, json={}).status_code == 401
            user, admin = (
                client.request(method, url, json={}, headers={"Authorization": f"Bearer {secrets[role]}"}).status_code
                for role in ("user", "admin")
            )
            assert user == 403, path
            assert admin in (200, 400), path


def test_a_file_is_given_for_a_job_that_reads_it_only(far, server, desk, hand, settings, order):
    order()
    Worker(far, hand, settings).work(far.claim(hand))
    (done,), _ = desk.store.page(None)
    video = done.assets["video"]
    longer = order("on it goes", kind="extend", inputs={"video": video.id}, size=None)
    url, headers = f"{server}/v1/workers/inputs/{video.id}", {"Authorization": "Bearer x"}
    given, kept = (httpx.get(url, params={"job": job.id}, headers=headers) for job in (longer, done))
    with desk.assets.open(video) as file:
        assert (given.status_code, given.content) == (200, file.read())
    assert (kept.status_code, kept.json()["error"]["code"]) == (404, "not_found")


def test_an_input_is_asked_for_until_the_server_is_back(monkeypatch, desk, hand, order, tmp_path):
    order()
    claim, asset = desk.claim(hand), Asset(id="asset_1", path="a.mp4", type="video/mp4", bytes=6)
    broken = httpx.Response(200, stream=Broken())
    answers = [httpx.ConnectError("away"), httpx.Response(502), broken, httpx.Response(200, content=b"frames")]

    def answer(request: httpx.Request) -> httpx.Response:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    monkeypatch.setattr(remote, "PAUSE", 0.01)
    far = ServerDesk("http://example")
    far._http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://example/")
    assert far.fetch(claim, asset, tmp_path / "a.mp4").read_bytes() == b"frames"
    for status, error in ((404, CorruptAsset), (401, httpx.HTTPStatusError)):
        answers.append(httpx.Response(status))
        with pytest.raises(error):
            far.fetch(claim, asset, tmp_path / "b.mp4")


class Broken(httpx.SyncByteStream):
    """A body that ends too early."""

    def __iter__(self):
        yield b"fra"
        raise httpx.ReadError("broke off")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(200, json={"version": "0.0.9"}), f"is Kinora 0.0.9, and this worker is {__version__}"),
        (httpx.Response(200, text="<html>"), "not as a server of Kinora's"),
        (httpx.Response(401), "does not let workers in"),
    ],
)
def test_a_server_of_another_version_or_kind_is_named(answer, message):
    far = ServerDesk("http://example")
    far._http = httpx.Client(transport=httpx.MockTransport(lambda request: answer), base_url="http://example/")
    with pytest.raises(Unavailable, match=message):
        far.check()


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(InvalidRequest, match="no server's URL"):
        ServerDesk("example")
    desk = ServerDesk("http://127.0.0.1:1", patience=0)
    with pytest.raises(Unavailable, match="does not answer"):
        desk.check()
    desk.close()
