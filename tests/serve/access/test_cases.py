"""Reports and appeals wait in one queue until a person decides, once."""

import pytest

from kinora.serve.access import LOCAL
from kinora.serve.access.cases import OPEN_AT_ONCE
from kinora.serve.errors import ApiError


def test_the_queue_is_oldest_first_and_loses_what_is_decided(access, ada, clock):
    first = access.cases.open("report", ada, subject="video_1", category="likeness", text="that is me")
    clock.now += 1
    second = access.cases.open("appeal", ada, subject="req_1")
    assert [case.id for case in access.cases.waiting()] == [first.id, second.id]
    decided = access.cases.decide(first.id, by=LOCAL, state="upheld", note="it is")
    assert (decided.state, decided.note, decided.decided_by, decided.decided_at) == (
        "upheld",
        "it is",
        "local",
        clock.now,
    )
    assert [case.id for case in access.cases.waiting()] == [second.id]
    assert [case.id for case in access.cases.waiting("upheld")] == [first.id]


def test_a_case_is_decided_once(access, ada):
    case = access.cases.open("report", ada, subject="video_1")
    access.cases.decide(case.id, by=LOCAL, state="dismissed")
    with pytest.raises(ApiError, match="decided already") as refused:
        access.cases.decide(case.id, by=LOCAL, state="upheld")
    assert refused.value.status == 409
    assert access.cases.get(case.id).state == "dismissed"


def test_the_same_report_twice_is_one_case(access, ada):
    assert access.cases.open("report", ada, subject="video_1") == access.cases.open("report", ada, subject="video_1")
    assert access.cases.open("report", LOCAL, subject="video_1").owner == "local"
    assert len(access.cases.waiting()) == 2


def test_nobody_floods_the_queue(access, ada):
    for number in range(OPEN_AT_ONCE):
        access.cases.open("report", ada, subject=f"video_{number}")
    with pytest.raises(ApiError) as refused:
        access.cases.open("report", ada, subject="video_last")
    assert refused.value.status == 429
    access.cases.open("report", LOCAL, subject="video_last")


def test_anothers_case_is_not_found(access, ada):
    case = access.cases.open("report", ada, subject="video_1")
    assert access.cases.get(case.id, ada.id) == case
    with pytest.raises(ApiError) as refused:
        access.cases.get(case.id, "key_eve")
    assert refused.value.status == 404
