"""Hostile requests for what is somebody else's: other sites' pages, no keys, wrong keys, others' things, paths."""

import pytest

from kinora.serve.access import LOCAL
from kinora.serve.store.values import NewJob

OTHER = "http://evil.example"

FOREIGN = {
    "a name that was rebound to us": {"Host": "rebound.evil.example"},
    "a name that begins like ours": {"Host": "127.0.0.1.evil.example"},
    "a page of another site": {"Origin": OTHER},
    "a page without an origin": {"Origin": "null"},
    "a page on another port": {"Origin": "http://127.0.0.1:1"},
    "a page that the browser calls foreign": {"Sec-Fetch-Site": "cross-site"},
    "a proxy, open to the world": {"X-Forwarded-For": "203.0.113.9"},
    "a client that claims to be us": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
def test_others_do_not_speak_for_the_user(open_target, headers):
    before = open_target.traces()
    # The form of a web page: no preflight asks before it is sent.
    answer = open_target.ask(
        "POST", "/v1/videos", {"Authorization": "Bearer x", **headers}, files={"prompt": (None, "a ball")}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_not_granted")
    assert "access-control-allow-origin" not in answer.headers
    assert open_target.traces() == before


@pytest.fixture(scope="session")
def keys(keyed_target):
    """Secrets of several kinds."""
    made = keyed_target.app.state.access.keys
    revoked = made.create("revoked")
    made.revoke(revoked.key.id)
    return {
        "user": made.create("Eve").secret,
        "revoked": revoked.secret,
        "elsewhere": made.create("bound", networks=["203.0.113.0/24"]).secret,
    }


WRONG = {
    "none": None,
    "any": "Bearer any",
    "the right form": "Bearer sk-kinora-" + "0" * 12 + "-" + "0" * 64,
    "SQL": "Bearer ' OR 1=1 --",
    "another scheme": "Basic c2s6c2s=",
    "very long": "Bearer " + "k" * 20_000,
}


@pytest.mark.parametrize("key", WRONG.values(), ids=WRONG.keys())
def test_no_key_no_answer(keyed_target, keys, key):
    before = keyed_target.traces()
    headers = {} if key is None else {"Authorization": key}
    answer = keyed_target.ask("POST", "/v1/videos", headers, json={"prompt": "a ball"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert keyed_target.traces() == before


def test_a_revoked_key_is_none(keyed_target, keys):
    headers = {"Authorization": f"Bearer {keys['revoked']}"}
    assert keyed_target.ask("GET", "/v1/videos", headers).status_code == 401


def test_a_key_is_refused_where_it_is_not_meant_to_be(keyed_target, keys):
    headers = {"Authorization": f"Bearer {keys['elsewhere']}"}
    assert keyed_target.ask("GET", "/v1/videos", headers).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("GET", "/v1/keys", {}),
        ("POST", "/v1/keys", {"json": {"name": "me", "role": "admin"}}),
        ("GET", "/v1/audit", {}),
        ("GET", "/v1/review", {}),
        ("POST", "/v1/review/case_1", {"json": {"decision": "upheld"}}),
        ("GET", "/metrics", {}),
    ],
)
def test_a_user_is_no_administrator(keyed_target, keys, method, path, given):
    before = keyed_target.traces()
    answer = keyed_target.ask(method, path, {"Authorization": f"Bearer {keys['user']}"}, **given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_not_granted")
    assert keyed_target.traces() == before


@pytest.fixture(scope="session")
def theirs(keyed_target):
    """A video of somebody else's."""
    new = NewJob(owner=LOCAL.id, kind="generate", request={}, model="fake", size="64x64", seconds=4.0, prompt="mine")
    return keyed_target.app.state.store.add(new).id


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("GET", "/v1/videos/{}", {}),
        ("DELETE", "/v1/videos/{}", {}),
        ("POST", "/v1/videos/{}/cancel", {}),
        ("GET", "/v1/videos/{}/content", {}),
        ("POST", "/v1/videos/{}/remix", {"json": {"prompt": "mine now"}}),
        ("POST", "/v1/videos/edits", {"json": {"prompt": "mine now", "video": {"id": "{}"}}}),
        ("POST", "/v1/videos/extensions", {"json": {"prompt": "on", "seconds": "4", "video": {"id": "{}"}}}),
        ("POST", "/v1/appeals", {"json": {"video_id": "{}"}}),
    ],
)
def test_others_videos_look_as_if_they_were_not_there(keyed_target, keys, theirs, method, path, given):
    before = keyed_target.traces()
    if body := given.get("json"):
        filled = {
            name: {"id": theirs} if isinstance(value, dict) else value.format(theirs) for name, value in body.items()
        }
        given = {"json": filled}
    answer = keyed_target.ask(method, path.format(theirs), {"Authorization": f"Bearer {keys['user']}"}, **given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert keyed_target.traces() == before


def test_a_page_after_others_videos_is_one_after_none_there_is(keyed_target, keys, theirs):
    headers, nobodys = {"Authorization": f"Bearer {keys['user']}"}, theirs[:-8] + "0" * 8
    pages = [keyed_target.ask("GET", f"/v1/videos?after={one}", headers) for one in (theirs, nobodys)]
    assert [page.status_code for page in pages] == [200, 200]
    assert pages[0].json() == pages[1].json()


PATHS = {
    "up": b"/v1/videos/../../kinora.db",
    "up, coded": b"/v1/videos/%2e%2e%2f%2e%2e%2fkinora.db/content",
    "up, coded twice": b"/v1/videos/%252e%252e%252fkinora.db/content",
    "up, the other way": b"/v1/videos/..%5c..%5ckinora.db/content",
    "NUL": b"/v1/videos/video_1%00.mp4/content",
    "a broken byte": b"/v1/videos/%ff%fe/content",
    "a line's end, to split the answer": b"/v1/videos/video_1%0d%0aSet-Cookie:%20a=b",
    "a very long id": b"/v1/videos/video_" + b"0" * 10_000,
    "a variant that is a path": b"/v1/videos/video_1/content?variant=../../../etc/passwd",
    "a route of nobody's": b"/v1/../../../etc/passwd",
    "an absolute address": b"http://127.0.0.1:1/v1/videos/none",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_no_path_leads_out(open_target, path):
    before = open_target.traces()
    status, answer = open_target.say(b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert status in (400, 404)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b'"error"' in body
    assert b"root:" not in answer
    assert b"set-cookie" not in head.lower()
    assert open_target.traces() == before


@pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("PATCH", 405), ("TRACE", 405), ("DELETE", 405)])
def test_methods_that_there_are_not(open_target, method, status):
    answer = open_target.ask(method, "/v1/videos")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "method_not_allowed")
