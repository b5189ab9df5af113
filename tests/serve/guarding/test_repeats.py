"""A poll that comes again byte for byte: the same answer, for as long as it is true and its asker may ask."""

import json
import socket
import time
from contextlib import closing

import pytest

from kinora.serve.access import gate
from kinora.serve.access.keys import Keys
from kinora.serve.guarding.polls import Polls
from kinora.serve.guarding.protocol import Impatient
from kinora.serve.store.values import NewJob


@pytest.fixture
def parsed(monkeypatch):
    """The paths that went the whole way to the short way for polls."""
    seen, call = [], Polls.__call__

    async def counting(self, scope, receive, send):
        if scope["type"] == "http":
            seen.append(scope["path"])
        await call(self, scope, receive, send)

    monkeypatch.setattr(Polls, "__call__", counting)
    return seen


def add(live):
    new = NewJob(owner="local", kind="generate", request={}, model="fake", size="64x64", seconds=4.0)
    return live.app.state.store.add(new).id


class Wire:
    """A connection that sends what it is told to and takes one answer at a time."""

    def __init__(self, live):
        host, _, port = live.url.removeprefix("http://").removesuffix("/v1").partition(":")
        self.name = f"{host}:{port}"
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.left = b""

    def poll(self, video, *more):
        lines = (f"GET /v1/videos/{video} HTTP/1.1", f"Host: {self.name}", *more)
        return "\r\n".join((*lines, "", "")).encode()

    def ask(self, data):
        self.socket.sendall(data)
        return self.answer()

    def answer(self):
        """Status line, headers, body."""
        while (end := self.left.find(b"\r\n\r\n")) < 0:
            self._more()
        first, *lines = self.left[:end].decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        whole = end + 4 + int(headers["content-length"])
        while len(self.left) < whole:
            self._more()
        body, self.left = self.left[end + 4 : whole], self.left[whole:]
        return first, headers, body

    def _more(self):
        block = self.socket.recv(65536)
        assert block, "the server hung up"
        self.left += block

    def close(self):
        self.socket.close()


def test_the_same_again_is_answered_the_same_without_being_parsed(serve, parsed):
    live = serve(workers=0)
    video = add(live)
    with closing(Wire(live)) as wire, closing(Wire(live)) as other:
        asked = wire.poll(video)
        first = wire.ask(asked)
        again = wire.ask(asked)
        elsewhere = other.ask(asked)  # the very first that comes on a connection, too
        assert wire.ask(wire.poll(video, "X-Other: bytes"))[2] == first[2]
    assert parsed == [f"/v1/videos/{video}"] * 2
    assert (again[0], again[2]) == (elsewhere[0], elsewhere[2]) == (first[0], first[2])
    assert json.loads(first[2])["status"] == "queued"
    new = {"x-request-id", "openai-processing-ms", "date"}
    for one in (again, elsewhere):
        assert set(one[1]) == set(first[1])
        assert {name: one[1][name] for name in one[1] if name not in new} == {
            name: first[1][name] for name in first[1] if name not in new
        }
    assert len({one[1]["x-request-id"] for one in (first, again, elsewhere)}) == 3
    counted = live.app.state.metrics.text().decode()
    assert 'kinora_requests_total{method="GET",route="/v1/videos/{video_id}",status="200"} 4.0' in counted


def test_an_answer_that_is_no_longer_true_is_not_given_again(serve, parsed):
    live = serve(workers=0)
    video = add(live)
    store = live.app.state.store
    with closing(Wire(live)) as wire:
        asked = wire.poll(video)
        assert json.loads(wire.ask(asked)[2])["status"] == "queued"
        store.cancel(video)
        assert json.loads(wire.ask(asked)[2])["status"] == "failed"
        assert "openai-poll-after-ms" not in wire.ask(asked)[1]
        store.delete(video)
        assert wire.ask(asked)[0] == "HTTP/1.1 404 Not Found"
    assert len(parsed) == 3


def test_a_key_that_was_revoked_ends_as_soon_as_without(serve, monkeypatch):
    monkeypatch.setattr(gate, "REMEMBERED", 0.3)
    live = serve(workers=0, keys=True)
    keys = Keys(live.app.state.store.database)
    made, stranger = keys.create("Ada"), keys.create("Eve")
    new = NewJob(owner=made.key.id, kind="generate", request={}, model="fake", size="64x64", seconds=4.0)
    video = live.app.state.store.add(new).id
    with closing(Wire(live)) as wire:
        asked = wire.poll(video, f"Authorization: Bearer {made.secret}")
        assert [wire.ask(asked)[0] for _ in range(2)] == ["HTTP/1.1 200 OK"] * 2
        assert wire.ask(wire.poll(video, f"Authorization: Bearer {stranger.secret}"))[0].endswith("404 Not Found")
        assert wire.ask(wire.poll(video))[0].endswith("401 Unauthorized")
        keys.revoke(made.key.id)
        time.sleep(0.35)
        assert wire.ask(asked)[0].endswith("401 Unauthorized")


def test_only_the_same_address_is_answered(serve):
    live = serve(workers=0)
    video = add(live)
    with closing(Wire(live)) as wire:
        asked = wire.poll(video)
        wire.ask(asked)
    assert live.app.state.repeats.answer("127.0.0.1", asked)
    assert live.app.state.repeats.answer("127.0.0.2", asked) is None


def test_bytes_that_belong_to_another_request_are_no_poll(serve):
    live = serve(workers=0)
    video = add(live)
    with closing(Wire(live)) as wire:
        asked = wire.poll(video)
        told = wire.ask(asked)[2]
        # In a body: the server waits for all of it, and says that it is no JSON.
        head = f"POST /v1/videos HTTP/1.1\r\nHost: {wire.name}\r\nContent-Type: application/json\r\n"
        wire.socket.sendall(f"{head}Content-Length: {len(asked)}\r\n\r\n".encode())
        time.sleep(0.1)
        assert wire.ask(asked)[0] == "HTTP/1.1 400 Bad Request"
        # In a header of a request whose beginning came with the one before.
        wire.socket.sendall(asked + b"GET /healthz HTTP/1.1\r\nX-Note: ")
        assert wire.answer()[2] == told
        time.sleep(0.1)
        assert wire.ask(asked)[2] == b'{"status":"ok"}'
        # Two at once, and one in pieces.
        wire.socket.sendall(asked + asked)
        assert wire.answer()[2] == wire.answer()[2] == told
        wire.socket.sendall(asked[:20])
        time.sleep(0.1)
        assert wire.ask(asked[20:])[2] == told


def test_who_asks_to_close_is_closed(serve):
    live = serve(workers=0)
    video = add(live)
    for _ in range(2):
        with closing(Wire(live)) as wire:
            first, headers, _body = wire.ask(wire.poll(video, "Connection: close"))
            assert (first, headers["connection"]) == ("HTTP/1.1 200 OK", "close")
            assert wire.socket.recv(100) == b""


def test_a_connection_on_which_only_repeats_come_stays_until_it_is_silent(serve, monkeypatch):
    hear = Impatient.__init__

    def short(self, *arguments, **named):
        hear(self, *arguments, **named)
        self.timeout_keep_alive = 0.6

    monkeypatch.setattr(Impatient, "__init__", short)
    live = serve(workers=0)
    video = add(live)
    with closing(Wire(live)) as wire, closing(Wire(live)) as other:
        asked = wire.poll(video)
        wire.ask(asked)
        for _ in range(5):
            time.sleep(0.3)
            assert other.ask(asked)[0] == wire.ask(asked)[0] == "HTTP/1.1 200 OK"
        assert wire.socket.recv(100) == b""  # within the time that `wire` waits
