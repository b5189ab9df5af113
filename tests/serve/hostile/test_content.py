"""Hostile requests in what they carry: JSON and forms that are traps, and values beyond reason."""

import gzip
import json

import pytest

DEEP = 100_000
PROMPT = {"prompt": "a red ball"}


def body(text: str | bytes, kind: str = "application/json", **headers: str):
    return {"content": text, "headers": {"Content-Type": kind, **headers}}


JSON = {
    "half of it": (body('{"prompt": "a'), 400, "invalid_json"),
    "an array": (body('["a"]'), 400, "invalid_json"),
    "nested beyond reason": (body('{"prompt":' + "[" * DEEP + "]" * DEEP + "}"), 400, "invalid_json"),
    "not a number": (body('{"prompt": "a", "seconds": NaN}'), 400, "invalid_json"),
    "a number of a million digits": (body('{"prompt": "a", "seed": ' + "9" * 1_000_000 + "}"), 400, "invalid_json"),
    "a name that stands twice": (body('{"prompt": "a ball", "prompt": "another"}'), 400, "invalid_json"),
    "lists by the million": (body('{"prompt": [' + "[]," * 2_000_000 + "[]]}"), 400, "invalid_json"),
    "no UTF-8": (body(b'{"prompt": "\xff\xfe"}'), 400, "invalid_json"),
    "half a character": (body('{"prompt": "\\ud800"}'), 400, "invalid_value"),
    "NUL in a text": (body('{"prompt": "a\\u0000b"}'), 400, "invalid_value"),
    "XML with an entity": (body('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a/>', "text/xml"), 415, None),
    "text, which a page may send": (body(json.dumps(PROMPT), "text/plain"), 415, None),
    "a bomb of gzip": (
        body(gzip.compress(b'{"prompt": "' + b"a" * 20_000_000 + b'"}'), **{"Content-Encoding": "gzip"}), 415, None
    ),
    "more than may be": (body(b'{"prompt": "' + b"a" * (33 << 20) + b'"}'), 413, "request_too_large"),
    "a field that would change a class": (body('{"prompt": "a", "__class__": "x"}'), 400, "unknown_parameter"),
}  # fmt: skip

VALUES = {
    "no prompt": ({}, 400, "missing_required_parameter"),
    "a prompt of spaces": ({"prompt": "   "}, 400, "invalid_value"),
    "an empty prompt": ({"prompt": ""}, 400, "empty_string"),
    "a huge prompt": ({"prompt": "a" * 32_001}, 400, "string_above_max_length"),
    "a prompt that is an object": ({"prompt": {"$ne": ""}}, 400, "invalid_type"),
    "a size for giants": (PROMPT | {"size": "99999x99999"}, 400, "invalid_value"),
    "a size of nothing": (PROMPT | {"size": "0x0"}, 400, "invalid_value"),
    "a size that is code": (PROMPT | {"size": "128x128; rm -rf /"}, 400, "invalid_value"),
    "seconds for ages": (PROMPT | {"seconds": "1000000000"}, 400, "invalid_value"),
    "seconds below nothing": (PROMPT | {"seconds": "-4"}, 400, "invalid_value"),
    "seconds in exponents": (PROMPT | {"seconds": "1e308"}, 400, "invalid_value"),
    "steps without end": (PROMPT | {"steps": 10**9}, 400, "integer_above_max_value"),
    "a seed out of range": (PROMPT | {"seed": 2**200}, 400, "integer_above_max_value"),
    "a model that is a path": (PROMPT | {"model": "../../../tmp/weights"}, 404, "model_not_found"),
    "a model that is an address": (PROMPT | {"model": "https://evil.example/a.bin"}, 404, "model_not_found"),
    "a field of nobody's": (PROMPT | {"callback_url": "http://127.0.0.1/"}, 400, "unknown_parameter"),
    "a file by its path": (PROMPT | {"input_reference": "/etc/passwd"}, 400, "invalid_type"),
    "a file by an id that is a path": (PROMPT | {"input_reference": {"file_id": "../../x"}}, 400, "invalid_value"),
    "characters by the thousand": (PROMPT | {"characters": [{"id": "c"}] * 1000}, 400, "array_above_max_length"),
}  # fmt: skip

BOUND = "multipart/form-data; boundary=b"
PART = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'


def form(*fields: tuple[str, str], end: str = "--b--\r\n", kind: str = BOUND):
    return body("".join(PART.format(*field) for field in fields) + end, kind)


ASKED = ("prompt", "a red ball")
FORMS = {
    "no boundary": (form(ASKED, kind="multipart/form-data"), 400),
    "a boundary that is not there": (form(ASKED, kind="multipart/form-data; boundary=other"), 400),
    "a boundary without end": (form(ASKED, kind="multipart/form-data; boundary=" + "b" * 10_000), 400),
    "no end": (form(ASKED, end=""), 400),
    "parts by the thousand": (form(ASKED, *[("x", "y")] * 10_000), 400),
    "a part's header without end": (body('--b\r\nContent-Disposition: form-data; name="' + "x" * 100_000, BOUND), 400),
    "a part without a name": (body("--b\r\n\r\nx\r\n--b--\r\n", BOUND), 400),
    "names nested beyond reason": (form(ASKED, ("a" + "[b]" * 1000, "x")), 400),
    "an index beyond reason": (form(ASKED, ("characters[999999999][id]", "x")), 400),
    "a name at odds with itself": (form(ASKED, ("seed", "1"), ("seed[x]", "2")), 400),
    "a name that would change a class": (form(ASKED, ("__proto__[admin]", "1")), 400),
    "JSON beyond reason in a field": (form(ASKED, ("characters", "[" * DEEP)), 400),
    "the same field twice": (form(ASKED, ("prompt", "another")), 400),
    "NUL in a field": (form(("prompt", "a\0b")), 400),
}


def refused(target, asked, status, code=None, path="/v1/videos"):
    before = target.traces()
    given = {"json": asked} if not ("content" in asked and "headers" in asked) else asked
    answer = target.ask("POST", path, **given)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert code is None or error["code"] == code, error
    assert "Traceback" not in answer.text
    assert len(error["message"]) < 1000, "what was sent is sent back"
    assert target.traces() == before


@pytest.mark.parametrize(("asked", "status", "code"), JSON.values(), ids=JSON.keys())
def test_json(open_target, asked, status, code):
    refused(open_target, asked, status, code)


@pytest.mark.parametrize(("asked", "status", "code"), VALUES.values(), ids=VALUES.keys())
def test_values(open_target, asked, status, code):
    refused(open_target, asked, status, code)


@pytest.mark.parametrize(("asked", "status"), FORMS.values(), ids=FORMS.keys())
def test_forms(open_target, asked, status):
    refused(open_target, asked, status)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=-1", 400),
        ("limit=99999999999999999999999", 400),
        ("limit=1%20OR%201=1", 400),
        ("order=desc;DROP%20TABLE%20jobs", 400),
        ("after=%27%20OR%20%271%27=%271", 400),
        ("after=video_nobody", 404),
        ("limit=1&limit=2", 400),
    ],
)
def test_queries(open_target, query, status):
    answer = open_target.ask("GET", f"/v1/videos?{query}")
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("key", ["k" * 300, "caf\xe9", "a\tb"])
def test_idempotency_keys(open_target, key):
    before = open_target.traces()
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = open_target.ask("POST", "/v1/videos", headers, json={**PROMPT, "size": "64x64"})
    assert answer.status_code == 400
    assert open_target.traces() == before


def test_a_refused_prompt_leaves_nothing_but_its_line_in_the_log(open_target):
    before = open_target.traces()
    answer = open_target.ask("POST", "/v1/videos", json={"prompt": "a naked child"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "moderation_blocked")
    assert open_target.traces() == before
    (line, *_) = open_target.app.state.access.audit.search(limit=1)
    assert (line.request_id, line.verdict) == (answer.headers["x-request-id"], "block")
