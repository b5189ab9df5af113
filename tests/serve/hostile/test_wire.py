"""Hostile requests below HTTP's manners: malformed, ambiguous, oversized, slow."""

import json

import pytest

from kinora.serve.guarding.protocol import HEADER_BYTES

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /v1/videos HTTP/1.1\r\n" + HOST
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

MALFORMED = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n",
    "an unknown method": b"DESTROY /v1/videos HTTP/1.1\r\n" + HOST + b"\r\n",
    "an unknown version": b"GET /v1/videos HTTP/7.0\r\n" + HOST + b"\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
    "length and chunks, to smuggle a request": POST + CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\nGET /v1/keys",
    "a length below nothing": POST + b"Content-Length: -1\r\n\r\n",
    "a length that is no number": POST + b"Content-Length: 0x10\r\n\r\n",
    "a length beyond all numbers": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a chunk of no size": POST + CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n",
    "NUL in a header": POST + b"X-Evil: a\x00b\r\n\r\n",
    "a space before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "a header without a colon": POST + b"nonsense\r\n\r\n",
    "chunks coded twice": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n{}",
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(open_target, request_):
    before = open_target.traces()
    status, answer = open_target.say(request_)
    assert status == 400
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "malformed_request"
    assert answer.count(b"HTTP/1.1 ") == 1, "a second request was answered"
    assert all(name in answer for name in (b"x-request-id: req_", b"content-security-policy: ", b"nosniff"))
    assert open_target.traces() == before


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /v1/videos HTTP/1.1\r\nX-Long: " + b"x" * 2 * HEADER_BYTES,
        b"GET /v1/videos HTTP/1.1\r\n" + HOST + b"X-Long: " + b"x" * HEADER_BYTES + b"\r\n\r\n",
        b"GET /v1/videos HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: x\r\n" % n for n in range(5000)) + b"\r\n",
        b"GET /v1/videos?after=" + b"x" * HEADER_BYTES + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /" + b"x" * 3 * HEADER_BYTES,
    ],
    ids=["a header without end", "one long header", "many headers", "a long query", "a path without end"],
)
def test_headers_too_large(open_target, request_):
    before = open_target.traces()
    status, answer = open_target.say(request_)
    assert status == 431
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "headers_too_large"
    assert open_target.traces() == before


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /v1/videos HT"],
        [b"GET /v1/videos HTTP/1.1\r\n", *[b"X-Slow: 1\r\n"] * 40],
        [POST + JSON + b"Content-Length: 500\r\n\r\n{"],
        [POST + JSON + b"Content-Length: 500\r\n\r\n", *[b" "] * 60],
        [POST + JSON + CHUNKED + b"\r\n", *[b"1\r\n \r\n"] * 60],
    ],
    ids=["a line without end", "headers one by one", "a body that stops", "a body by the byte", "chunks by the byte"],
)
def test_slow(open_target, pieces):
    before = open_target.traces()
    status, answer = open_target.say(*pieces, pause=0.1)
    assert status == 408
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_timeout"
    assert b"x-should-retry: false" in answer
    assert open_target.traces() == before


def test_a_server_under_all_this_still_answers(open_target):
    assert open_target.ask("GET", "/v1/videos").status_code == 200


def test_one_connection_too_many_is_told_so_in_the_envelope(serve, monkeypatch):
    import socket

    import httpx

    from kinora.serve.guarding import serving

    monkeypatch.setattr(serving, "CONNECTIONS", 3)
    live = serve(workers=0)
    port = int(live.url.split(":")[2].partition("/")[0])
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    answer = httpx.get(live.url + "/videos", timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert (answer.headers["retry-after"], answer.headers["connection"]) == ("2", "close")
    for one in idle:
        one.close()


def test_who_only_connects_is_let_go(open_target):
    """Otherwise a few thousand idle connections would be the end of the server."""
    import socket

    with socket.create_connection(("127.0.0.1", open_target.port), timeout=30) as wire:
        assert wire.recv(1) == b""
