"""Jobs as askers see them: accepted once, found by their owner alone, paged, cancelled, deleted."""

import threading

import pytest

from kinora.serve.store.values import Idempotency, IdempotencyConflict, JobError, QueueFull

RESULT = {"frames": 8, "seconds": 1.0, "size": "64x64"}


def test_an_accepted_job_waits_and_is_found_by_its_owner_alone(store, new, clock):
    job = store.add(new(prompt="a red ball"))
    assert job.id.startswith("video_")
    assert len(job.id) == len("video_") + 32
    assert (job.status, job.progress, job.created_at, job.prompt) == ("queued", 0, clock.time, "a red ball")
    assert store.get(job.id, "ada") == store.get(job.id) == job
    assert store.get(job.id, "bob") is None
    assert store.get("video_nobody") is None


def test_pages_follow_each_other_in_both_orders_and_hold_ones_own(store, new):
    mine = [store.add(new()).id for _ in range(5)]
    store.add(new("bob"))
    first, more = store.page("ada", limit=2)
    assert ([job.id for job in first], more) == ([mine[4], mine[3]], True)
    second, more = store.page("ada", after=first[-1].id, limit=3)
    assert ([job.id for job in second], more) == ([mine[2], mine[1], mine[0]], False)
    forward, more = store.page("ada", after=mine[1], limit=2, order="asc")
    assert ([job.id for job in forward], more) == ([mine[2], mine[3]], True)
    assert len(store.page(None, limit=100)[0]) == 6
    assert store.page("bob", after=mine[0]) == ([], False)
    assert store.page("ada", limit=0) == ([], True)


def test_a_page_follows_one_that_was_deleted(store, new, clock):
    clock.time, mine = 1.8e9, []
    for owner in ("ada", "bob", "ada", "ada"):
        clock.time += 1
        mine.append(store.add(new(owner)).id)
    first, theirs, gone, last = mine
    store.delete(gone)
    for after in (gone, theirs):
        for order, following in (("desc", first), ("asc", last)):
            assert [job.id for job in store.page("ada", after=after, order=order)[0]] == [following]


def test_pictures_that_somebody_waits_for_are_in_no_list_of_videos(store, new):
    video, _ = store.add(new()).id, store.add(new(kind="image"))
    assert [job.id for job in store.page("ada", pictures=False)[0]] == [video]
    assert len(store.page("ada")[0]) == 2


def test_several_jobs_are_accepted_all_or_none(store, new):
    assert len({job.id for job in store.add_all([(new(), None)] * 4)}) == 4
    with pytest.raises(QueueFull):
        store.add_all([(new(), None)] * 7)
    assert len(store.page(None)[0]) == 4


def test_a_repeated_request_gives_the_job_it_gave_before(store, new, clock):
    job = store.add(new(), idempotency=Idempotency("key", "hash"))
    assert store.add(new(), idempotency=Idempotency("key", "hash")).id == job.id
    assert store.add(new("bob"), idempotency=Idempotency("key", "hash")).id != job.id
    with pytest.raises(IdempotencyConflict, match="key"):
        store.add(new(), idempotency=Idempotency("key", "another"))
    clock.time += store.rules.repeats + 1
    assert store.add(new(), idempotency=Idempotency("key", "another")).id != job.id


def test_the_same_key_from_many_at_once_makes_one_job(store, new):
    ids = in_parallel(lambda: store.add(new(), idempotency=Idempotency("key", "hash")).id, times=8)
    assert len(set(ids)) == 1


def test_a_full_queue_says_so_and_when_to_come_again(store, new):
    for _ in range(10):
        store.add(new())
    with pytest.raises(QueueFull, match="10 jobs of yours") as full:
        store.add(new())
    assert full.value.retry_after >= 1
    store.add(new("bob"))
    store.add(new("cyd"))
    with pytest.raises(QueueFull, match="12 jobs are waiting"):
        store.add(new("dan"))


def test_the_last_place_in_the_queue_is_given_once(store, new):
    for _ in range(9):
        store.add(new())

    def last():
        try:
            return store.add(new()).id
        except QueueFull:
            return None

    assert len([found for found in in_parallel(last, times=6) if found]) == 1


def test_a_check_within_the_acceptance_can_refuse_and_leaves_nothing(store, new):
    def refuse(_session):
        raise ValueError("quota")

    with pytest.raises(ValueError, match="quota"):
        store.add(new(), check=refuse)
    assert store.page(None) == ([], False)


def test_cancelling_ends_a_job_and_frees_its_place(store, new, hand):
    waiting, running = store.add(new()), store.add(new())
    claim = store.claim(hand())
    assert claim.job.id == waiting.id
    for job in (waiting, running):
        ended = store.cancel(job.id, "ada")
        assert (ended.status, ended.error.code) == ("failed", "cancelled")
    assert store.claim(hand("w2")) is None
    assert not store.heartbeat(claim, 50)
    assert store.overtaken(["w1", "w2"]) == {"w1"}
    assert store.cancel(waiting.id, "bob") is None


def test_what_has_ended_is_not_cancelled(store, new, hand):
    job = store.add(new())
    assert store.complete(store.claim(hand()), {}, RESULT)
    assert store.cancel(job.id).status == "completed"


def test_a_deleted_job_is_gone_and_its_worker_stops(store, new, hand):
    job = store.add(new(), idempotency=Idempotency("key", "hash"))
    claim = store.claim(hand())
    assert not store.delete(job.id, "bob")
    assert store.delete(job.id, "ada")
    assert not store.delete(job.id, "ada")
    assert store.get(job.id) is None
    assert store.events(job.id) == []
    assert not store.heartbeat(claim, 1)
    assert not store.complete(claim, {}, RESULT)
    assert store.add(new(), idempotency=Idempotency("key", "hash")).id != job.id


def test_events_tell_what_happened_since(store, new, hand):
    job = store.add(new())
    claim = store.claim(hand())
    store.heartbeat(claim, 40, "denoise")
    store.heartbeat(claim, 40, "denoise")
    store.complete(claim, {}, RESULT)
    told = store.events(job.id)
    assert [(event.kind, event.data.get("status", event.data.get("progress"))) for event in told] == [
        ("status", "queued"),
        ("status", "in_progress"),
        ("progress", 40),
        ("status", "completed"),
    ]
    assert store.events(job.id, since=told[1].seq) == told[2:]


def test_ends_are_announced_once(store, new, hand, database):
    done, cancelled, _waiting = store.add(new()), store.add(new()), store.add(new())
    store.complete(store.claim(hand()), {}, RESULT)
    store.cancel(cancelled.id)
    with database.write() as session:
        ended = store.unannounced(session)
        assert [job.id for job in ended] == [done.id, cancelled.id]
        store.mark_announced(session, [job.id for job in ended])
    with database.write() as session:
        assert store.unannounced(session) == []


def test_counts_are_by_status(store, new, hand):
    for _ in range(3):
        store.add(new())
    store.fail(store.claim(hand()), "generation_failed", "No.")
    store.claim(hand())
    assert store.counts() == {"queued": 1, "in_progress": 1, "failed": 1}
    assert store.page(None, limit=1, order="asc")[0][0].error == JobError("generation_failed", "No.")


def in_parallel(ask, *, times):
    """What `ask` answers to so many threads at once."""
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask())) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers
