"""Everybody gets the same share, whoever queues how much; a job waits for the memory it needs."""

import pytest

from kinora.serve.store.jobs import JobStore
from kinora.serve.store.rows import Rules


@pytest.fixture
def store(database):
    return JobStore(database, Rules())


def served(store, hand, count):
    """Whose jobs `count` workers in turn are given, each done at once."""
    owners = []
    for _ in range(count):
        claim = store.claim(hand())
        owners.append(claim.job.owner)
        store.fail(claim, "generation_failed", "")
    return owners


def test_owners_take_turns_however_many_jobs_they_queue(store, new, hand):
    for _ in range(6):
        store.add(new("ada"))
    for _ in range(2):
        store.add(new("bob"))
    store.add(new("cyd"))
    assert served(store, hand, 9) == ["ada", "bob", "cyd", "ada", "bob", "ada", "ada", "ada", "ada"]


def test_one_owners_jobs_keep_their_order(store, new, hand):
    mine = [store.add(new()).id for _ in range(4)]
    assert [store.claim(hand(f"w{n}")).job.id for n in range(4)] == mine


def test_a_long_video_counts_for_as_many_short_ones(store, new, hand):
    for _ in range(2):
        store.add(new("ada", seconds=4))
    for _ in range(8):
        store.add(new("bob", seconds=1))
    assert served(store, hand, 10) == ["ada", "bob", "bob", "bob", "bob", "ada", "bob", "bob", "bob", "bob"]


def test_who_was_away_has_saved_nothing_up(store, new, hand):
    for _ in range(5):
        store.add(new("ada"))
    served(store, hand, 4)
    for _ in range(4):
        store.add(new("bob"))
        store.add(new("ada"))
    assert sorted(served(store, hand, 4)) == ["ada", "ada", "bob", "bob"]


def test_jobs_on_one_machine_share_its_memory(store, new, hand):
    for _ in range(3):
        store.add(new(memory=40))
    assert store.claim(hand("w1", "here", 100)) is not None
    assert store.claim(hand("w2", "here", 100)) is not None
    assert store.claim(hand("w3", "here", 100)) is None
    assert store.claim(hand("w4", "there", 100)) is not None


def test_a_large_job_is_overtaken_for_a_while_only(store, new, hand, clock):
    store.add(new("ada", memory=30))
    running = store.claim(hand("w1", "here", 100))
    large = store.add(new("ada", memory=90))
    small = store.add(new("bob", memory=10))
    assert store.claim(hand("w2", "here", 100)).job.id == small.id
    store.add(new("bob", memory=10))
    clock.time += 31
    assert store.claim(hand("w3", "here", 100)) is None  # room is being kept
    store.fail(running, "generation_failed", "")
    store.lost("w2", fault=False)
    assert store.claim(hand("w3", "here", 100)).job.id == large.id


def test_a_job_too_large_for_one_machine_is_left_to_another(store, new, hand, clock):
    large, small = store.add(new("ada", memory=500)), store.add(new("bob", memory=10))
    clock.time += 100
    assert store.claim(hand("w1", "here", 100)).job.id == small.id
    assert store.claim(hand("w2", "there", 1000)).job.id == large.id
