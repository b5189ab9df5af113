"""A key is shown once, kept as a hash, and ends when it is told to."""

import re

import pytest
from sqlalchemy import text

from kinora.errors import InvalidRequest
from kinora.serve.access import Limits


@pytest.fixture
def keys(access):
    return access.keys


def test_a_key_is_found_by_its_secret_and_by_nothing_else(keys):
    made = keys.create("Ada", role="artist")
    assert re.fullmatch(r"sk-kinora-[0-9a-f]{12}-[0-9a-f]{64}", made.secret)
    assert keys.find(made.secret) == made.key
    assert made.key.caller.role == "artist"
    wrong = made.secret[:-1] + ("0" if made.secret[-1] != "0" else "1")
    for secret in ("", "anything", wrong, made.key.id, made.secret + "0", made.secret.upper()):
        assert keys.find(secret) is None


def test_no_table_holds_the_secret(keys, store):
    made = keys.create("Ada")
    with store.database.read() as session:
        rows = session.execute(text("SELECT * FROM keys")).all()
    assert len(rows) == 1
    assert made.secret not in repr(rows)
    assert made.secret.rpartition("-")[2] not in repr(rows)


def test_two_keys_never_share_a_secret(keys):
    assert len({keys.create("twin").secret for _ in range(20)}) == 20


def test_a_revoked_key_and_one_that_ran_out_do_not_hold(keys, clock):
    lasting, brief = keys.create("lasting"), keys.create("brief", seconds_valid=60)
    assert keys.find(brief.secret).holds(clock.now + 59)
    assert not keys.find(brief.secret).holds(clock.now + 60)
    keys.revoke(lasting.key.id)
    assert not keys.find(lasting.secret).holds(clock.now)


def test_revoking_twice_keeps_the_first_time(keys, clock):
    made = keys.create("Ada")
    first = keys.revoke(made.key.id).revoked_at
    clock.now += 100
    assert keys.revoke(made.key.id).revoked_at == first


def test_a_server_whose_last_key_was_revoked_still_has_keys(keys):
    assert not keys.any()
    keys.revoke(keys.create("Ada").key.id)
    assert keys.any()


def test_own_limits_go_before_the_roles(keys):
    assert keys.create("Ada", own=Limits(jobs=3)).key.limits == Limits(jobs=3, seconds=1_200, at_once=10)
    assert keys.create("root", role="admin").key.limits == Limits()


def test_a_changed_key_has_its_new_role_and_limits(keys):
    made = keys.create("Ada")
    changed = keys.change(made.key.id, role="artist", own=Limits(seconds=5))
    assert (changed.role, changed.limits) == ("artist", Limits(jobs=500, seconds=5, at_once=50))
    assert keys.find(made.secret) == changed


@pytest.mark.parametrize(
    ("networks", "address", "may"),
    [
        ([], "203.0.113.9", True),
        (["10.0.0.0/8"], "10.1.2.3", True),
        (["10.0.0.0/8"], "11.1.2.3", False),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
        (["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", True),
        (["10.0.0.0/8"], "", False),
    ],
)
def test_a_key_may_be_bound_to_networks(keys, networks, address, may):
    made = keys.create("Ada", networks=networks)
    assert keys.find(made.secret).reaches_from(address) is may


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"name": "two\nlines"},
        {"name": "Ada", "own": Limits(jobs=-1)},
        {"name": "Ada", "own": Limits(seconds=float("nan"))},
        {"name": "Ada", "seconds_valid": -1.0},
        {"name": "Ada", "seconds_valid": float("inf")},
        {"name": "Ada", "networks": ["everywhere"]},
        {"name": "Ada", "networks": ["10.0.0.1/8"]},
    ],
)
def test_what_makes_no_key_is_refused_and_nothing_is_kept(keys, wrong):
    with pytest.raises(InvalidRequest):
        keys.create(**wrong)
    assert keys.all() == []


def test_revoking_what_is_not_there_says_so(keys):
    with pytest.raises(InvalidRequest, match="no such key"):
        keys.revoke("key_nobody")


def test_use_is_noted_once_a_minute(keys, clock):
    made = keys.create("Ada")
    for later, noted in ((0, 0), (30, 0), (61, 61)):
        clock.now = made.key.created_at + later
        keys.note_use(made.key)
        assert keys.get(made.key.id).used_at == made.key.created_at + noted
