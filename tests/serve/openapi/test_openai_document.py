"""The document that is made of OpenAI's client: it says what that client sends, and judges what it is to judge."""

import importlib
import pathlib

import jsonschema_rs
import pytest

SCRIPTS = pathlib.Path(__file__).parents[3] / "scripts"


@pytest.fixture(scope="module")
def made():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        yield importlib.import_module("fuzzing.openai_document")


@pytest.fixture(scope="module")
def theirs(made) -> dict:
    return made.document()


def test_all_operations_on_videos_are_there(theirs):
    found = {(method, path) for path, one in theirs["paths"].items() for method in one if "/videos" in path}
    assert found == {
        ("post", "/v1/videos"),
        ("get", "/v1/videos"),
        ("get", "/v1/videos/{video_id}"),
        ("delete", "/v1/videos/{video_id}"),
        ("get", "/v1/videos/{video_id}/content"),
        ("post", "/v1/videos/{video_id}/remix"),
        ("post", "/v1/videos/edits"),
        ("post", "/v1/videos/extensions"),
        ("post", "/v1/videos/characters"),
        ("get", "/v1/videos/characters/{character_id}"),
    }


def test_each_is_an_operation_of_ours(theirs, live):
    ours = live.app.openapi()["paths"]
    lacking = [
        f"{method} {path}"
        for path, one in theirs["paths"].items()
        for method in one
        if method not in ours.get(path, {})
    ]
    assert lacking == []


def test_arguments_go_where_the_client_sends_them(theirs):
    listed = theirs["paths"]["/v1/videos"]["get"]["parameters"]
    assert {one["name"]: one["in"] for one in listed} == {"after": "query", "limit": "query", "order": "query"}
    remix = theirs["paths"]["/v1/videos/{video_id}/remix"]["post"]
    assert [(one["name"], one["in"]) for one in remix["parameters"]] == [("video_id", "path")]
    assert list(remix["requestBody"]["content"]) == ["application/json"]
    create = theirs["paths"]["/v1/videos"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert create["required"] == ["prompt"]
    assert create["properties"]["seconds"]["enum"] == ["4", "8", "12"]
    assert {"format": "binary", "type": "string"} in create["properties"]["input_reference"]["anyOf"]


@pytest.mark.parametrize("change", [{"status": "done"}, {"progress": "50"}, {"object": "clip"}, {"size": "large"}])
def test_a_video_that_the_client_does_not_state_is_a_breach(theirs, serve, change):
    with serve(workers=0).client as client:
        video = client.post("/videos", json={"prompt": "a ball", "seconds": "1", "size": "64x64"}).json()
    schema = {**theirs["components"]["schemas"]["Video"], "components": theirs["components"]}
    jsonschema_rs.validate(schema, video)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema, {**video, **change})
