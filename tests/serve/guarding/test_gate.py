"""Without keys only programs of this machine get in; with keys only who has one that holds."""

import pytest

from kinora.serve.access import Limits
from kinora.serve.access.gate import Gate
from kinora.serve.access.keys import Keys
from kinora.serve.store.database import Database


@pytest.fixture
def keys(tmp_path):
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    yield Keys(database)
    database.close()


@pytest.fixture
def who():
    """An app that says who asked."""

    async def app(scope, receive, send):
        caller = scope["state"].get("caller")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": (caller.id if caller else "-").encode()})

    return app


@pytest.fixture
def gate(who, keys):
    return Gate(who, keys=keys, required=False)


def bearer(secret):
    return {"host": "kinora.example", "authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST"])
def test_without_keys_this_machine_is_let_in_with_any_bearer_or_none(ask, gate, host):
    assert ask(gate, headers={"host": host}).body == b"local"
    assert ask(gate, headers={"host": host, "authorization": "Bearer whatever"}).body == b"local"
    assert ask(gate, headers={"host": host, "origin": f"http://{host}"}).body == b"local"


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"host": "127.0.0.1"}, "203.0.113.9"),
        ({"host": "127.0.0.1"}, "192.168.1.7"),
        ({"host": "rebound.example"}, "127.0.0.1"),
        ({"host": "127.0.0.1.evil.example"}, "127.0.0.1"),
        ({"host": ""}, "127.0.0.1"),
        ({}, "127.0.0.1"),
        ({"host": "127.0.0.1", "origin": "https://evil.example"}, "127.0.0.1"),
        ({"host": "127.0.0.1", "origin": "null"}, "127.0.0.1"),
        ({"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:9999"}, "127.0.0.1"),
        ({"host": "127.0.0.1", "sec-fetch-site": "cross-site"}, "127.0.0.1"),
        ({"host": "127.0.0.1", "x-forwarded-for": "127.0.0.1"}, "127.0.0.1"),
        ({"host": "127.0.0.1", "via": "1.1 proxy"}, "127.0.0.1"),
    ],
)
def test_without_keys_nobody_else_is_let_in(ask, gate, headers, client):
    answer = ask(gate, headers=headers, client=client)
    assert (answer.status, answer.error["code"]) == (403, "access_not_granted")


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/", "/v1x"])
def test_what_is_not_below_v1_is_for_everybody(ask, gate, path):
    assert ask(gate, path=path, headers={}, client="203.0.113.9").body == b"-"


def test_with_a_key_made_nobody_gets_in_without_one(ask, gate, keys):
    made = keys.create("Ada")
    assert ask(gate, headers=bearer(made.secret), client="203.0.113.9").body == made.key.id.encode()
    for headers in (
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1", "authorization": made.secret},
        {"host": "127.0.0.1", "authorization": "Basic " + made.secret},
        bearer(""),
        bearer("sk-kinora-" + "0" * 12 + "-" + "0" * 64),
        bearer(made.secret + "\xe9"),
    ):
        answer = ask(gate, headers=headers)
        assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_keys_can_be_required_before_there_is_one(ask, who, keys):
    assert ask(Gate(who, keys=keys, required=True)).status == 401


def test_a_revoked_key_ends_within_moments(ask, gate, keys, monkeypatch):
    monkeypatch.setattr("kinora.serve.access.gate.REMEMBERED", 0.0)
    made = keys.create("Ada")
    assert ask(gate, headers=bearer(made.secret)).status == 200
    keys.revoke(made.key.id)
    answer = ask(gate, headers=bearer(made.secret))
    assert (answer.status, "revoked" in answer.error["message"]) == (401, True)


def test_a_key_runs_out_though_it_is_remembered(ask, gate, keys, monkeypatch):
    import time

    made = keys.create("Ada", seconds_valid=100)
    assert ask(gate, headers=bearer(made.secret)).status == 200
    later = time.time() + 101
    monkeypatch.setattr("kinora.serve.access.gate.time.time", lambda: later)
    assert ask(gate, headers=bearer(made.secret)).status == 401


def test_a_key_bound_to_a_network_is_refused_elsewhere(ask, gate, keys):
    made = keys.create("Ada", networks=["10.0.0.0/8"])
    assert ask(gate, headers=bearer(made.secret), client="10.1.1.1").status == 200
    assert ask(gate, headers=bearer(made.secret), client="203.0.113.9").status == 403


def test_metrics_are_for_administrators(ask, gate, keys):
    user, admin = keys.create("Ada", own=Limits(jobs=1)), keys.create("root", role="admin")
    assert ask(gate, path="/metrics", headers=bearer(user.secret)).status == 403
    assert ask(gate, path="/metrics", headers=bearer(admin.secret)).status == 200
