"""What Kinora's own errors become for those who ask over HTTP."""

import pytest
from sqlalchemy.exc import OperationalError

from kinora import errors
from kinora.serve.errors import of_kinora


def test_a_full_disk_is_not_the_callers_fault():
    answer = of_kinora(errors.OutputError("uploads/a.png", rule="can't be written (no space left on device)"), "video")
    response = answer.response()
    assert (response.status_code, response.headers["retry-after"]) == (503, "30")
    assert "uploads" not in answer.message


@pytest.mark.parametrize("known", [True, False], ids=["in a route", "at the gate"])
def test_a_store_that_does_not_answer_is_worth_another_try(serve, monkeypatch, known):
    def read():
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    live = serve(workers=0)
    with live.client as client:
        if known:  # for a moment the gate asks nothing
            assert client.get("/videos").status_code == 200
        monkeypatch.setattr(live.app.state.store.database, "read", read)
        answer = client.get("/videos")
        monkeypatch.undo()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.json()["error"]["message"] == "The server's store does not answer now."


def test_what_the_caller_can_put_right_names_the_field():
    answer = of_kinora(errors.InvalidRequest("61 seconds", rule="too long"), "seconds")
    assert (answer.status, answer.param, answer.message) == (400, "seconds", "61 seconds: too long")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/videos", "GET, POST"),
        ("/v1/videos/video_1", "GET, DELETE"),
        ("/v1/videos/video_1/content", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
    ],
)
def test_a_method_that_there_is_not_is_answered_with_all_there_are(live, path, methods):
    with live.client as client:
        answer = client.put(live.url.removesuffix("/v1") + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)


def test_nobody_is_sent_elsewhere(live):
    """A redirect would name http and the Host header's host, and clients would take their key there."""
    with live.client as client:
        answer = client.post(live.url + "/videos/", json={"prompt": "a ball"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs"])
def test_who_looks_after_servers_may_ask_by_head(live, path):
    with live.client as client:
        assert client.head(live.url.removesuffix("/v1") + path).status_code == 200


def test_answers_are_kept_by_nobody_on_the_way(live):
    with live.client as client:
        assert client.get("/videos").headers["cache-control"] == "no-store"
