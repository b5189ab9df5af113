"""Jobs as workers see them: one worker each, whoever was lost is not heard, nothing is charged twice."""

import io

import pytest
from sqlalchemy import func, select

from kinora.serve.assets import AssetStore
from kinora.serve.store.tables import UsageRow
from kinora.serve.store.values import JobError

RESULT = {"frames": 16, "seconds": 2.0, "size": "96x64"}


@pytest.fixture
def assets(tmp_path):
    return AssetStore(tmp_path / "files")


@pytest.fixture
def handed_in(store, assets):
    """A file of a claim, written."""

    def put(claim, name="video", data=b"frames"):
        id, path = store.begin_file(claim, name, "video/mp4")
        return assets.put(io.BytesIO(data), path, type="video/mp4", id=id)

    return put


def charged(database):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(UsageRow)), session.scalar(
            select(func.sum(UsageRow.seconds))
        )


def test_a_job_is_claimed_once_and_tells_what_was_made(store, new, hand, handed_in, database, clock):
    job = store.add(new())
    claim = store.claim(hand())
    assert (claim.job.id, claim.job.status, claim.job.attempts) == (job.id, "in_progress", 1)
    assert store.claim(hand("w2")) is None
    clock.time += 5
    assert store.complete(claim, {"video": handed_in(claim)}, RESULT)
    done = store.get(job.id)
    assert (done.status, done.progress, done.size, done.seconds) == ("completed", 100, "96x64", 2.0)
    assert (done.completed_at, done.expires_at) == (clock.time, None)
    assert done.assets["video"].bytes == 6
    assert charged(database) == (1, 2.0)


def test_what_is_said_twice_counts_once(store, new, hand, handed_in, database):
    store.add(new())
    claim = store.claim(hand())
    asset = handed_in(claim)
    assert store.complete(claim, {"video": asset}, RESULT)
    assert not store.complete(claim, {"video": asset}, RESULT)
    assert not store.fail(claim, "generation_failed", "No.")
    assert charged(database) == (1, 2.0)


def test_a_silent_worker_loses_its_job_and_is_not_heard_afterwards(store, new, hand, handed_in, database, clock):
    job = store.add(new())
    slow = store.claim(hand())
    late = handed_in(slow)
    clock.time += store.rules.lease - 1
    assert store.heartbeat(slow, 10)
    clock.time += store.rules.lease + 1
    assert store.release_expired() == 1
    assert store.get(job.id).status == "queued"
    quick = store.claim(hand("w2"))
    assert not store.complete(slow, {"video": late}, RESULT)
    assert store.begin_file(slow, "video", "video/mp4") is None
    assert store.complete(quick, {"video": handed_in(quick)}, RESULT)
    assert store.get(job.id).attempts == 2
    assert charged(database) == (1, 2.0)
    clock.time += 3600  # what the slow one wrote goes
    assert late.id in dict(store.doomed())


def test_a_job_that_kills_its_workers_is_given_up(store, new, hand):
    job = store.add(new())
    for name in ("w1", "w2", "w3"):
        assert store.get(job.id).status == "queued"
        store.claim(hand(name))
        store.lost(name, fault=True)
    given_up = store.get(job.id)
    assert (given_up.status, given_up.error.code) == ("failed", "generation_failed")
    assert "3 times" in given_up.error.message


def test_a_job_whose_machines_vanish_is_not_to_blame(store, new, hand):
    job = store.add(new())
    for number in range(10):
        store.claim(hand(f"w{number}"))
        store.lost(f"w{number}", fault=False)
    assert store.get(job.id).status == "queued"
    for number in range(10, store.rules.attempts):
        store.claim(hand(f"w{number}"))
        store.lost(f"w{number}", fault=False)
    assert store.get(job.id).error.code == "generation_failed"  # yet not for ever


def test_a_worker_that_was_ended_for_a_reason_takes_its_own_job_with_it(store, new, hand):
    first, second = store.add(new()), store.add(new())
    store.claim(hand("w1"))
    store.claim(hand("w2"))
    store.lost("w1", fault=False, error=JobError("out_of_memory", "Too large."))
    assert store.get(first.id).error.code == "out_of_memory"
    assert store.get(second.id).status == "in_progress"
    assert [hand.id for hand in store.hands()] == ["w2"]


def test_a_preview_is_there_while_the_job_runs(store, new, hand, handed_in, clock):
    job = store.add(new())
    claim = store.claim(hand())
    old, fresh = handed_in(claim, "preview"), handed_in(claim, "preview")
    assert store.show(claim, old, frame=3)
    assert store.show(claim, fresh, frame=9)
    assert store.get(job.id).assets["preview"].id == fresh.id
    assert [event.data for event in store.events(job.id) if event.kind == "preview"] == [{"frame": 3}, {"frame": 9}]
    store.complete(claim, {"video": handed_in(claim)}, RESULT)
    assert set(store.get(job.id).assets) == {"video"}
    assert not store.show(claim, fresh, frame=9)


def test_nobody_is_overtaken_without_cause(store, new, hand):
    store.add(new())
    store.claim(hand("w1"))
    store.claim(hand("w2"))
    assert store.overtaken(["w1", "w2", "w3"]) == set()
    assert {one.id: one.job_id is None for one in store.hands()} == {"w1": False, "w2": True}


def test_a_worker_long_silent_is_struck_from_the_list(store, hand, clock):
    store.claim(hand())
    clock.time += 301
    store.release_expired()
    assert store.hands() == []
