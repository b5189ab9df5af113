"""A request in every spelling that clients have comes out the same; what is none is told so in OpenAI's words."""

import asyncio
import json
import re

import pytest
from fastapi import Request

from kinora.serve.errors import ApiError
from kinora.serve.schemas.images import CreateImage
from kinora.serve.schemas.moderations import Moderate
from kinora.serve.schemas.videos import CreateVideo, EditVideo, TellStory
from kinora.serve.wire import Upload, read_body
from kinora.serve.wire.strict import MARKS

WANTED = {
    "prompt": "a ball",
    "seconds": "2.5",
    "seed": 7,
    "guidance": 4.5,
    "loop": False,
    "characters": [{"id": "char_1"}, {"id": "char_2"}],
}
BOUNDARY = "b0"


def multipart(parts: list[tuple[str, str]]) -> bytes:
    lines = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {name if '=' in name else f'name={chr(34)}{name}{chr(34)}'}"
        f"\r\n\r\n{value}\r\n"
        for name, value in parts
    ]
    return ("".join(lines) + f"--{BOUNDARY}--\r\n").encode()


def read(body: bytes, kind: str, model):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def run():
        headers = [(b"content-type", kind.encode())]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers, "app": None}
        async with read_body(Request(scope, receive)) as found:
            return found.read(model)

    return asyncio.run(run())


FORM = f"multipart/form-data; boundary={BOUNDARY}"
SCALARS = [("prompt", "a ball"), ("seconds", "2.5"), ("seed", "7"), ("guidance", "4.5"), ("loop", "false")]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps(WANTED).encode(), "application/json"),
        (json.dumps({**WANTED, "seconds": 2.5}).encode(), "application/json; charset=utf-8"),
        (json.dumps(WANTED).encode(), ""),
        (multipart([*SCALARS, ("characters[][id]", "char_1"), ("characters[][id]", "char_2")]), FORM),
        (multipart([*SCALARS, ("characters[0][id]", "char_1"), ("characters[1][id]", "char_2")]), FORM),
        (multipart([*SCALARS, ("characters", '[{"id": "char_1"}, {"id": "char_2"}]')]), FORM),
        (
            b"prompt=a+ball&seconds=2.5&seed=7&guidance=4.5&loop=false"
            b"&characters%5B%5D%5Bid%5D=char_1&characters%5B%5D%5Bid%5D=char_2",
            "application/x-www-form-urlencoded",
        ),
    ],
)
def test_every_spelling_is_the_same_request(body, kind):
    assert read(body, kind, CreateVideo) == CreateVideo.model_validate(WANTED)


def test_a_whole_number_may_be_written_with_a_point():
    given = read(b'{"prompt": "a ball", "seed": 7.0, "steps": 1e1, "seconds": 4.0}', "application/json", CreateVideo)
    assert (given.seed, given.steps, given.seconds) == (7, 10, 4.0)
    for half in (b"7.5", b"1e400"):
        with pytest.raises(ApiError, match="expected an integer, but got a decimal"):
            read(b'{"prompt": "a ball", "seed": ' + half + b"}", "application/json", CreateVideo)


def test_a_file_stays_a_file_whatever_it_is_called():
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="video"; filename="../../a.txt"\r\n'
    middle = "Content-Type: text/html\r\n\r\n"
    rest = f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n--{BOUNDARY}--\r\n'

    async def receive():
        return {"type": "http.request", "body": (head + middle).encode() + png + rest.encode(), "more_body": False}

    async def run():
        headers = [(b"content-type", FORM.encode())]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers, "app": None}
        async with read_body(Request(scope, receive)) as found:
            given = found.read(EditVideo).video
            assert isinstance(given, Upload)
            return given.file.read()

    assert asyncio.run(run()) == png


def test_json_text_that_is_no_object_stays_text():
    body = multipart([("prompt", '{"a": 1}'), ("model", "[x]")])
    read_as = read(body, FORM, CreateVideo)
    assert (read_as.prompt, read_as.model) == ('{"a": 1}', "[x]")
    shots = read(multipart([("shots", '[{"prompt": "a", "seconds": "2"}]')]), FORM, TellStory).shots
    assert [(one.prompt, one.seconds) for one in shots] == [("a", 2.0)]


@pytest.mark.parametrize(
    ("fields", "code", "param", "message"),
    [
        ({}, "missing_required_parameter", "prompt", "Missing required parameter: 'prompt'."),
        ({"prompt": 5}, "invalid_type", "prompt", "expected a string, but got an integer instead"),
        ({"prompt": "a", "seed": "7"}, "invalid_type", "seed", "expected an integer, but got a string instead"),
        ({"prompt": "a", "seed": True}, "invalid_type", "seed", "expected an integer, but got a boolean instead"),
        (
            {"prompt": "a", "input_reference": "a.png"},
            "invalid_type",
            "input_reference",
            "Invalid type for 'input_reference': expected an object, but got a string instead.",
        ),
        ({"prompt": "a", "characters": {}}, "invalid_type", "characters", "expected an array, but got an object"),
        ({"prompt": "a", "characters": [{}]}, "missing_required_parameter", "characters[0].id", "characters[0].id"),
        ({"prompt": "a", "colour": 1}, "unknown_parameter", "colour", "Unknown parameter: 'colour'."),
        ({"prompt": "a", "seconds": "soon"}, "invalid_value", "seconds", "number of seconds"),
        ({"prompt": "a", "seconds": 0}, "invalid_value", "seconds", "longer than 0"),
        ({"prompt": "a", "size": "big"}, "invalid_value", "size", "a size is WIDTHxHEIGHT in pixels, as 128x128."),
        ({"prompt": ""}, "empty_string", "prompt", "with minimum length 1, but got an empty string instead."),
        ({"prompt": "a", "seed": -1}, "integer_below_min_value", "seed", "Expected a value >= 0, but got -1 instead."),
        ({"prompt": "a", "steps": 10**9}, "integer_above_max_value", "steps", "integer above maximum value. Expected"),
        ({"prompt": "a", "guidance": 0.5}, "decimal_below_min_value", "guidance", "Expected a value >= 1, but got 0.5"),
        (
            {"prompt": "a", "fit": "crop"},
            "invalid_value",
            "fit",
            "Invalid value: 'crop'. Supported values are: 'cover', 'contain', and 'stretch'.",
        ),
        (
            {"prompt": "a", "characters": [{"id": "char_1"}] * 3},
            "array_above_max_length",
            "characters",
            "Expected an array with maximum length 2, but got an array with length 3 instead.",
        ),
        (
            {"prompt": "a", "characters": [{"id": "char 1"}]},
            "invalid_value",
            "characters[0].id",
            "string does not match pattern. Expected a string that matches the pattern '^[A-Za-z0-9_-]+$'.",
        ),
        ({"prompt": "a\0b"}, "invalid_value", "prompt", "it is not text"),
        ({"prompt": "a\ud800"}, "invalid_value", "prompt", "it is not text"),
        ({"prompt": "a", "input_reference": {}}, "invalid_value", "input_reference", "exactly one of"),
        ({"prompt": "a", "seed": 2**63}, "integer_above_max_value", "seed", "a value <= 9223372036854775807, but got"),
        (
            {"prompt": "x" * 32_001},
            "string_above_max_length",
            "prompt",
            "Expected a string with maximum length 32000, but got a string with length 32001 instead.",
        ),
    ],
)
def test_what_is_wrong_is_told_as_openai_tells_it(fields, code, param, message):
    with pytest.raises(ApiError) as error:
        read(json.dumps(fields).encode(), "application/json", CreateVideo)
    assert (error.value.status, error.value.code, error.value.param) == (400, code, param)
    assert message in error.value.message
    assert set(error.value.body()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"a"', b"NaN", b'{"a": Infinity}', b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(body):
    with pytest.raises(ApiError) as error:
        read(body, "application/json", CreateVideo)
    assert (error.value.status, error.value.code) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("shots", "code", "said"),
    [
        ('[{"prompt": "a\\u0000b"}]', "invalid_value", "'shots[0].prompt': it is not text"),
        ('[{"prompt": "a\\ud800b"}]', "invalid_value", "'shots[0].prompt': it is not text"),
        ('[{"prompt": "a", "prompt": "b"}]', "invalid_json", "'prompt' is given twice"),
        ("[" + "[]," * MARKS + "[]]", "invalid_json", "commas and brackets"),
        ('[{"prompt": "a", "seconds": NaN}]', "invalid_type", "expected an array, but got a string"),
    ],
    ids=["NUL", "half a character", "a name twice", "lists by the million", "not a number"],
)
def test_json_in_a_field_of_a_form_is_read_as_strictly_as_a_body(shots, code, said):
    with pytest.raises(ApiError, match=re.escape(said)) as error:
        read(multipart([("shots", shots)]), FORM, TellStory)
    assert (error.value.status, error.value.code) == (400, code)


def test_a_story_describes_so_many_names_and_no_more():
    names = {f"name {number}": "a man" for number in range(61)}
    with pytest.raises(ApiError, match="maximum length 60") as error:
        read(json.dumps({"prompt": "a. b.", "descriptions": names}).encode(), "application/json", TellStory)
    assert error.value.code == "object_above_max_length"


@pytest.mark.parametrize(
    ("story", "said"),
    [
        ({"prompt": "A ball rolls. " * 101}, "more than 100 sentences"),
        ({"shots": [{"prompt": "n1 walks " * 100, "style": "oil " * 50}] * 40}, "more than 32,000 characters together"),
        ({"prompt": "n1 walks.", "descriptions": {"n1": "a man " * 400}}, "maximum length 2000"),
    ],
    ids=["sentences", "words", "a description"],
)
def test_a_story_is_no_longer_than_can_be_read_while_others_wait(story, said):
    """Cutting 400 sentences into shots took half a minute of a busy core, 100 a second."""
    with pytest.raises(ApiError, match=said) as error:
        read(json.dumps(story).encode(), "application/json", TellStory)
    assert error.value.status == 400


def test_json_that_is_said_to_be_a_form_is_told_so():
    with pytest.raises(ApiError, match="send 'Content-Type: application/json'"):
        read(b'{"prompt": "a ball"}', "application/x-www-form-urlencoded", CreateVideo)


def test_a_rule_about_several_fields_names_none():
    with pytest.raises(ApiError) as error:
        read(b"{}", "application/json", TellStory)
    assert (error.value.message, error.value.param) == ("Invalid request: give either prompt or shots.", None)


def test_an_empty_list_to_judge_is_said_to_be_empty():
    with pytest.raises(ApiError) as error:
        read(b'{"input": []}', "application/json", Moderate)
    wanted = "Expected an array with minimum length 1, but got an empty array instead."
    assert (error.value.message, error.value.code) == (f"Invalid 'input': empty array. {wanted}", "empty_array")


def test_fields_of_openais_for_what_is_not_made_here_may_be_null():
    absent = {"style": None, "svg": None, "frame_count": None, "frame_duration_ms": None, "complexity": None}
    sent = {"prompt": "a ball", "n": None, "output_compression": 100, "stream": False, **absent}
    assert read(json.dumps(sent).encode(), "application/json", CreateImage).prompt == "a ball"
    with pytest.raises(ApiError, match="Invalid value for 'style': this server has nothing of the kind") as error:
        read(json.dumps({**sent, "style": "vivid"}).encode(), "application/json", CreateImage)
    assert (error.value.code, error.value.param) == ("invalid_value", "style")


def test_other_types_of_body_are_refused():
    with pytest.raises(ApiError) as error:
        read(b"<a/>", "text/xml", CreateVideo)
    assert error.value.status == 415
