"""Each answer has its request's id and the headers that browsers heed; a fault of ours shows nothing of itself."""

import asyncio
import io
import json
import logging

import pytest

from kinora.serve import logs
from kinora.serve.guarding.requests import POLICY, Requests


@pytest.fixture
def seen():
    return []


@pytest.fixture
def wrap(seen):
    return lambda app, secure=False: Requests(app, observe=lambda *told: seen.append(told), secure=secure)


def test_every_answer_has_an_id_of_its_own_and_the_security_headers(ask, wrap, echo):
    first, second = (ask(wrap(echo)).headers for _ in range(2))
    assert first["x-request-id"].startswith("req_")
    assert first["x-request-id"] != second["x-request-id"]
    assert first["x-content-type-options"] == "nosniff"
    assert first["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert first["x-frame-options"] == "DENY"
    assert "strict-transport-security" not in first
    assert "strict-transport-security" in ask(wrap(echo, secure=True)).headers


def test_a_page_keeps_the_policy_it_brings(ask, wrap):
    async def page(scope, receive, send):
        headers = [(POLICY[0], b"default-src 'self'")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    assert ask(wrap(page)).headers["content-security-policy"] == "default-src 'self'"


def test_a_fault_shows_nothing_and_is_raised_for_the_log(wrap, seen, ask, monkeypatch):
    async def fails(scope, receive, send):
        raise ZeroDivisionError("the secret is 42")

    sent = []

    async def run():
        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/v1/x", "headers": [], "state": {}}
        await wrap(fails)(scope, None, send)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())
    assert sent[0]["status"] == 500
    body = json.loads(sent[1]["body"])
    assert body["error"]["type"] == "server_error"
    assert "secret" not in repr(sent)
    assert "ZeroDivision" not in repr(sent)
    assert seen[0][:3] == ("GET", "none", 500)


def test_metrics_hear_the_route_and_not_the_path(ask, wrap, seen):
    class Route:
        path = "/v1/videos/{video_id}"

    async def app(scope, receive, send):
        scope["route"] = Route
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    ask(wrap(app), path="/v1/videos/video_1")
    assert seen[0][:3] == ("GET", "/v1/videos/{video_id}", 404)


@pytest.fixture
def configured():
    """Logs as `kinora serve` has them."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    return stream


def test_the_log_is_json_with_the_requests_id_and_one_line_whatever_the_path(ask, wrap, echo, configured):
    headers = {"x-client-request-id": "mine-1", "authorization": "Bearer sk-1"}
    answer = ask(wrap(echo), path='/v1/x\n{"level": "forged"}', headers=headers)
    (line,) = configured.getvalue().splitlines()
    told = json.loads(line)
    assert told["request"] == answer.headers["x-request-id"]
    assert (told["status"], told["level"], told["client_request_id"]) == (200, "info", "mine-1")
    assert "sk-1" not in line


def test_a_clients_id_that_could_forge_a_log_is_left_out(ask, wrap, echo, caplog):
    with caplog.at_level(logging.INFO, "kinora.serve.requests"):
        ask(wrap(echo), headers={"x-client-request-id": "a b" + "\x1b[31m"})
    assert "client_request_id" not in caplog.records[0].told
