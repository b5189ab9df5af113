"""A day's jobs and seconds are counted once each, where the job is accepted, whoever asks at the same moment."""

import threading

import pytest

from kinora.serve.access import LOCAL, Caller, Limits
from kinora.serve.errors import ApiError
from kinora.serve.store.values import Idempotency, NewJob


def test_jobs_of_a_day_end_at_the_limit_and_begin_anew_at_midnight(ask, ada, clock, store):
    ask(ada, 1)
    ask(ada, 1)
    with pytest.raises(ApiError, match="2 jobs a day") as refused:
        ask(ada, 1)
    assert (refused.value.status, refused.value.code) == (429, "insufficient_quota")
    assert refused.value.headers == {"Retry-After": "43200", "x-should-retry": "false"}
    assert len(store.page(ada.id)[0]) == 2
    clock.now += 43_200
    ask(ada, 1)


def test_seconds_of_a_day_end_at_the_limit(ask, ada, access):
    ask(ada, 8)
    with pytest.raises(ApiError, match="has 2 s left"):
        ask(ada, 4)
    ask(ada, 2)
    used = access.quotas.used(ada.id)
    assert (used.jobs, used.seconds, used.at_once) == (2, 10, 2)


def test_deleting_a_video_gives_nothing_back(ask, ada, store, access):
    store.delete(ask(ada, 4).id, ada.id)
    assert (access.quotas.used(ada.id).jobs, access.quotas.used(ada.id).at_once) == (1, 0)


def test_only_so_many_jobs_wait_or_run_at_once(ask, store):
    eve = Caller("key_eve", "user", Limits(at_once=1))
    first = ask(eve)
    with pytest.raises(ApiError, match="wait for one to end") as refused:
        ask(eve)
    assert refused.value.headers["Retry-After"] == "5"
    store.cancel(first.id, eve.id)
    ask(eve)


def test_one_owners_limit_is_not_anothers(ask, ada):
    ask(ada, 10)
    ask(Caller("key_eve", "user", ada.limits), 10)


def test_who_has_no_limits_meets_none(ask):
    for _ in range(5):
        ask(LOCAL, 1_000)


def test_a_repeat_under_its_idempotency_key_counts_nothing(store, access, ada):
    new = NewJob(owner=ada.id, kind="generate", request={}, model="fake", size="64x64", seconds=10.0)
    again = Idempotency("once", "f" * 64)
    jobs = {store.add(new, idempotency=again, check=access.quotas.check(ada, seconds=10)).id for _ in range(3)}
    assert len(jobs) == 1
    assert access.quotas.used(ada.id).jobs == 1


def test_of_many_at_once_only_as_many_as_may_are_accepted(ask):
    eve, said = Caller("key_eve", "user", Limits(jobs=5)), []

    def one() -> None:
        try:
            said.append(ask(eve, 1).id)
        except ApiError as error:
            said.append(error.status)

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count(429) == 7
    assert len(set(said) - {429}) == 5
