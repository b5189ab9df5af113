"""`kinora keys`: the secret is printed once, and a running server would know the key."""

import json

import pytest

from kinora.serve.access.keys import Keys
from kinora.serve.store.database import Database


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA_DATABASE", str(tmp_path / "kinora.db"))
    return tmp_path / "kinora.db"


@pytest.fixture
def keys(store):
    database = Database(str(store))
    yield Keys(database)
    database.close()


def test_a_key_is_made_shown_changed_and_revoked(kinora, keys):
    done = kinora("keys", "create", "Ada Lovelace", "--role", "artist", "--jobs", 3, "--network", "10.0.0.0/8")
    secret = done.stdout.strip()
    found = keys.find(secret)
    assert (found.name, found.role, found.limits.jobs, found.networks) == ("Ada Lovelace", "artist", 3, ("10.0.0.0/8",))
    shown = kinora("keys", "list").stdout
    assert found.id in shown
    assert f"...{secret[-4:]}" in shown
    assert secret not in shown
    kinora("keys", "change", found.id, "--role", "user")
    assert keys.find(secret).role == "user"
    assert kinora("keys", "revoke", found.id).returncode == 0
    assert keys.find(secret).revoked_at is not None
    assert "revoked" in kinora("keys", "list").stdout


def test_json_is_for_programs(kinora, keys):
    made = json.loads(kinora("keys", "create", "bot", "--json", "--days", 1).stdout)
    assert keys.find(made["secret"]).id == made["id"]
    (listed,) = json.loads(kinora("keys", "list", "--json").stdout)
    assert "secret" not in listed
    assert listed["expires_at"] == listed["created_at"] + 86_400


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("revoke", "key_nobody"), "no such key"),
        (("create", ""), "1 to 80"),
        (("create", "x", "--network", "x"), "no network"),
    ],
)
def test_what_can_not_be_is_said(kinora, store, arguments, said):
    done = kinora("keys", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
