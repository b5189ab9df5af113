"""`kinora jobs`: the operator sees every job and can end it."""

import json

import pytest

from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import NewJob


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA_DATABASE", str(tmp_path / "kinora.db"))
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    yield JobStore(database)
    database.close()


def add(store, owner="key_ada"):
    new = NewJob(owner=owner, kind="generate", request={}, model="fake", size="64x64", seconds=4.0, prompt="a secret")
    return store.add(new).id


def test_jobs_are_listed_newest_first_without_their_prompts(kinora, store):
    first, second = add(store), add(store, "key_eve")
    shown = kinora("jobs", "list").stdout
    assert shown.index(second) < shown.index(first)
    assert "2 queued" in shown
    assert "secret" not in shown
    listed = json.loads(kinora("jobs", "list", "--owner", "key_eve", "--json").stdout)
    assert [job["id"] for job in listed] == [second]


def test_jobs_are_listed_by_status_however_many_others_there_are(kinora, store):
    wanted = add(store)
    store.cancel(wanted)
    for _ in range(3):
        add(store)
    listed = json.loads(kinora("jobs", "list", "--status", "failed", "--limit", 1, "--json").stdout)
    assert [job["id"] for job in listed] == [wanted]


def test_a_job_is_shown_with_its_story(kinora, store):
    job = add(store)
    kinora("jobs", "cancel", job)
    told = json.loads(kinora("jobs", "show", job).stdout)
    assert (told["prompt"], told["error"]["code"]) == ("a secret", "cancelled")
    assert [event["status"] for event in told["events"]] == ["queued", "failed"]


def test_what_has_ended_is_not_cancelled_but_can_be_deleted(kinora, store):
    job = add(store)
    assert kinora("jobs", "cancel", job).returncode == 0
    done = kinora("jobs", "cancel", job)
    assert (done.returncode, "failed already" in done.stderr) == (2, True)
    assert kinora("jobs", "delete", job).returncode == 0
    assert store.get(job) is None


@pytest.mark.parametrize("verb", ["show", "cancel", "delete"])
def test_a_job_that_is_not_there(kinora, store, verb):
    done = kinora("jobs", verb, "video_nobody")
    assert (done.returncode, "no such job" in done.stderr) == (2, True)
