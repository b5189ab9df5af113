"""Bodies have a size and a pace, answers have a time, whatever headers claim."""

import asyncio

import pytest

from kinora.serve.guarding.bodies import Bodies, Pace

SMALL = Pace(multipart=1000, other=100, idle=0.2, grace=0.2, rate=1000, answer=0.3, reading=0.2, linger=0.1)


@pytest.fixture
def guarded(echo):
    return Bodies(echo, pace=SMALL)


def test_a_body_within_its_size_goes_through(ask, guarded):
    answer = ask(guarded, "POST", pieces=[b"x" * 60, b"x" * 40])
    assert (answer.status, answer.body) == (200, b"100")


def test_what_is_announced_too_large_is_refused_unread(ask, guarded):
    answer = ask(guarded, "POST", headers={"content-length": "101"}, pieces=[b"x" * 101])
    assert (answer.status, answer.error["code"], answer.headers["connection"]) == (413, "request_too_large", "close")


@pytest.mark.parametrize("headers", [{}, {"content-length": "1"}, {"transfer-encoding": "chunked"}])
def test_what_turns_out_too_large_is_refused_whatever_was_announced(ask, guarded, headers):
    answer = ask(guarded, "POST", headers=headers, pieces=[b"x" * 60] * 10)
    assert answer.status == 413


def test_forms_may_be_larger_than_json(ask, guarded):
    form = {"content-type": "Multipart/Form-Data; boundary=x"}
    assert ask(guarded, "POST", headers=form, pieces=[b"x" * 1000]).status == 200
    assert ask(guarded, "POST", headers=form, pieces=[b"x" * 1001]).status == 413


def test_a_body_that_stops_is_refused(ask, guarded):
    answer = ask(guarded, "POST", headers={"content-length": "50"}, pieces=[b"x", b"x"], pauses=1.0)
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (408, "request_timeout", "false")


def test_a_body_that_trickles_is_refused_though_it_never_stops(ask, guarded):
    assert ask(guarded, "POST", pieces=[b"x"] * 50, pauses=0.05).status == 408


def test_the_app_can_not_answer_over_a_refusal(ask):
    async def swallows(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"fine"})

    answer = ask(Bodies(swallows, pace=SMALL), "POST", pieces=[b"x" * 60] * 10)
    assert answer.status == 413
    assert b"fine" not in answer.body


def test_an_answer_that_does_not_begin_in_time_is_given_up(ask):
    async def sleeps(scope, receive, send):
        await asyncio.sleep(10)

    answer = ask(Bodies(sleeps, pace=SMALL))
    assert (answer.status, answer.error["code"]) == (503, "timeout")


def test_an_answer_that_has_begun_may_take_its_time(ask):
    async def streams(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(4):
            await asyncio.sleep(0.15)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    assert ask(Bodies(streams, pace=SMALL)).body == b"xxxx"


def test_who_does_not_read_is_cut_off():
    async def streams(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})

    async def stuck(message):
        if message["type"] == "http.response.body":
            await asyncio.sleep(10)

    async def silent():
        await asyncio.sleep(10)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(TimeoutError):
        asyncio.run(Bodies(streams, pace=SMALL)(scope, silent, stuck))


def test_an_apps_own_failure_passes_through(ask):
    async def fails(scope, receive, send):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(Bodies(fails, pace=SMALL))
