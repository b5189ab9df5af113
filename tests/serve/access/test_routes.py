"""Accounts over HTTP: an administrator manages keys, a user reports and appeals, a person decides."""

import io
from dataclasses import replace

import httpx
import pytest
from PIL import Image

from kinora.safety import Verdict


@pytest.fixture
def server(serve):
    """A server with keys, and one of each kind that is needed: (ask, live)."""
    live = serve(keys=True, workers=0)
    made = live.app.state.access.keys
    secrets = {role: made.create(role, role=role).secret for role in ("admin", "user", "artist")}

    def ask(role: str, method: str, path: str, **given: object) -> httpx.Response:
        return httpx.request(
            method, live.url + path, headers={"Authorization": f"Bearer {secrets[role]}"}, timeout=60, **given
        )

    return ask, live


@pytest.fixture
def ask(server):
    return server[0]


def test_who_asks_is_told_what_they_may_and_have_used(ask):
    ask("user", "POST", "/videos", json={"prompt": "a red ball", "seconds": "2"})
    told = ask("user", "GET", "/me").json()
    assert (told["role"], told["may"]) == ("user", [])
    assert told["limits"] == {"jobs": 100, "seconds": 1200, "at_once": 10}
    assert told["used"] == {"jobs": 1, "seconds": 2, "at_once": 1}


def test_a_key_lives_and_dies_over_http(ask, server):
    live = server[1]
    made = ask("admin", "POST", "/keys", json={"name": "Ada", "role": "artist", "limits": {"jobs": 1}}).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert httpx.get(live.url + "/me", headers=headers, timeout=60).json()["limits"]["jobs"] == 1
    listed = ask("admin", "GET", "/keys").json()["data"]
    assert [key["secret"] for key in listed] == [None] * 4
    assert ask("admin", "POST", f"/keys/{made['id']}", json={"role": "user"}).json()["role"] == "user"
    assert ask("admin", "DELETE", f"/keys/{made['id']}").json()["revoked_at"]
    assert ask("admin", "GET", f"/keys/{made['id']}").json()["revoked_at"]
    assert ask("admin", "GET", "/keys/key_nobody").status_code == 404
    actions = [line["action"] for line in ask("admin", "GET", "/audit").json()["data"]]
    assert actions == ["keys.revoke", "keys.change", "keys.create"]


def test_quotas_hold_at_the_door(ask, server):
    made = ask("admin", "POST", "/keys", json={"name": "Ada", "limits": {"jobs": 1}}).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    create = {"headers": headers, "json": {"prompt": "a red ball"}, "timeout": 60}
    assert httpx.post(server[1].url + "/videos", **create).status_code == 200
    answer = httpx.post(server[1].url + "/videos", **create)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"


def test_a_report_that_is_upheld_takes_the_video_away(ask):
    video = ask("user", "POST", "/videos", json={"prompt": "a red ball"}).json()["id"]
    report = {"video_id": video, "category": "likeness", "text": "that is my ball"}
    case = ask("artist", "POST", "/reports", json=report).json()
    assert (case["state"], case["subject"]) == ("open", video)
    (waiting,) = ask("admin", "GET", "/review").json()["data"]
    assert [line["action"] for line in waiting["evidence"]] == ["videos.generate"]
    assert ask("user", "GET", f"/reports/{case['id']}").status_code == 404
    decided = ask("admin", "POST", f"/review/{case['id']}", json={"decision": "upheld", "note": "it is"}).json()
    assert decided["state"] == "upheld"
    assert ask("user", "GET", f"/videos/{video}").status_code == 404
    assert ask("artist", "GET", f"/reports/{case['id']}").json()["note"] == "it is"
    assert ask("admin", "GET", "/review").json()["data"] == []


def test_a_report_that_is_dismissed_leaves_the_video(ask):
    video = ask("user", "POST", "/videos", json={"prompt": "a red ball"}).json()["id"]
    case = ask("artist", "POST", "/reports", json={"video_id": video, "category": "other"}).json()
    ask("admin", "POST", f"/review/{case['id']}", json={"decision": "dismissed"})
    assert ask("user", "GET", f"/videos/{video}").status_code == 200
    again = ask("admin", "POST", f"/review/{case['id']}", json={"decision": "upheld"})
    assert (again.status_code, again.headers["x-should-retry"]) == (409, "false")


def test_a_refusal_can_be_appealed_by_whom_it_met(ask):
    refused = ask("user", "POST", "/videos", json={"prompt": "a naked child"})
    request = refused.headers["x-request-id"]
    assert refused.status_code == 400
    assert ask("artist", "POST", "/appeals", json={"request_id": request}).status_code == 404
    case = ask("user", "POST", "/appeals", json={"request_id": request, "text": "a doll"}).json()
    (waiting,) = ask("admin", "GET", "/review").json()["data"]
    (evidence,) = waiting["evidence"]
    assert (evidence["verdict"], evidence["prompt"], len(evidence["prompt_sha256"])) == ("block", None, 64)
    ask("admin", "POST", f"/review/{case['id']}", json={"decision": "dismissed", "note": "no"})
    assert ask("user", "GET", f"/appeals/{case['id']}").json()["state"] == "dismissed"


def test_what_was_not_refused_can_not_be_appealed(ask):
    made = ask("user", "POST", "/videos", json={"prompt": "a red ball"})
    for about in ({"request_id": made.headers["x-request-id"]}, {"video_id": made.json()["id"]}):
        answer = ask("user", "POST", "/appeals", json=about)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_refused")


def test_a_user_keeps_no_characters(ask):
    files = {"name": (None, "Bobo"), "video": ("a.mp4", b"", "video/mp4")}
    answer = ask("user", "POST", "/videos/characters", files=files)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_not_granted")


@pytest.mark.parametrize(
    "report",
    [
        {"category": "likeness"},
        {"category": "likeness", "video_id": "video_1", "prompt_sha256": "0" * 64},
        {"category": "boring", "video_id": "video_1"},
        {"category": "other", "prompt_sha256": "0" * 63},
    ],
)
def test_reports_that_say_nothing_are_refused(ask, report):
    assert ask("user", "POST", "/reports", json=report).status_code == 400


@pytest.mark.parametrize(("role", "status"), [("user", 403), ("artist", 200)])
def test_only_who_may_uploads_people(ask, server, monkeypatch, role, status):
    """The detector is not there to be asked: what it would say is said in its place, where it would run."""

    async def run(look, *arguments):
        seen = look(*arguments)
        return replace(seen, people=True if arguments[-1] else None)

    monkeypatch.setattr(server[1].app.state.reception.eyes, "run", run)
    stream = io.BytesIO()
    Image.new("RGB", (128, 128)).save(stream, "PNG")
    files = {"prompt": (None, "a red ball"), "input_reference": ("me.png", stream.getvalue(), "image/png")}
    answer = ask(role, "POST", "/videos", files=files)
    assert answer.status_code == status
    if status == 403:
        assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (
            "access_not_granted",
            "input_reference",
        )


def test_a_refused_file_is_in_the_log(ask, server, monkeypatch):
    async def run(look, *arguments):
        return replace(look(*arguments), verdict=Verdict(False, ("flashing",), "it flashes", "block"))

    monkeypatch.setattr(server[1].app.state.reception.eyes, "run", run)
    stream = io.BytesIO()
    Image.new("RGB", (128, 128)).save(stream, "PNG")
    files = {"prompt": (None, "a red ball"), "input_reference": ("me.png", stream.getvalue(), "image/png")}
    answer = ask("artist", "POST", "/videos", files=files)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "moderation_blocked")
    (line,) = ask("admin", "GET", "/audit?verdict=block").json()["data"]
    assert (line["action"], line["categories"], line["details"]) == (
        "uploads.refuse",
        ["flashing"],
        {"param": "input_reference"},
    )
    assert line["request_id"] == answer.headers["x-request-id"]
