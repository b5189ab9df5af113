"""The document is whole, and answers are what it says: some examples here, thousands in scripts/fuzz_api.py."""

import importlib
import pathlib
import warnings

import jsonschema_rs
import pytest

SCRIPTS = pathlib.Path(__file__).parents[3] / "scripts"
EXAMPLES = {"ours": 4, "openai": 3}
"""Of each operation of either document. The script's default is 1000."""


@pytest.fixture(scope="module")
def fuzz_api():
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.syspath_prepend(str(SCRIPTS))
        warnings.simplefilter("ignore")
        yield importlib.import_module("fuzz_api")


@pytest.fixture(scope="module")
def document(live) -> dict:
    return live.app.openapi()


BODIES = {"application/json", "multipart/form-data"}


def test_every_operation_names_its_errors_and_its_body(document):
    assert document["openapi"].startswith("3.")
    lacking = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not {"401", "403", "503"} <= set(operation["responses"]):
                lacking.append(f"{method} {path}: errors")
            if not operation.get("description"):
                lacking.append(f"{method} {path}: description")
            body = operation.get("requestBody", {}).get("content", {})
            if method == "post" and not path.endswith("/cancel") and set(body) != BODIES:
                lacking.append(f"{method} {path}: body")
    assert lacking == []


def test_every_reference_leads_somewhere(document):
    names, stack, wrong = set(document["components"]["schemas"]), [document], []
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and reference.removeprefix("#/components/schemas/") not in names:
                wrong.append(reference)
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    assert wrong == []


def test_a_form_takes_files_and_json_does_not(document):
    schemas = document["components"]["schemas"]
    kinds = {"format": "binary", "type": "string"}
    assert kinds in schemas["EditVideoForm"]["properties"]["video"]["oneOf"]
    assert kinds not in schemas["EditVideo"]["properties"]["video"]["oneOf"]


def test_a_case_that_was_decided_already_is_an_answer_of_the_document(document):
    assert "409" in document["paths"]["/v1/review/{case_id}"]["post"]["responses"]


OPENAI = {
    "Video": {
        *("id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at"),
        *("prompt", "size", "seconds", "remixed_from_video_id", "error"),
    },
    "Videos": {"object", "data", "first_id", "last_id", "has_more"},
    "DeletedVideo": {"id", "object", "deleted"},
    "Character": {"id", "name", "created_at"},
    "Moderation": {"flagged", "categories", "category_scores", "category_applied_input_types"},
    "ProvenanceCheck": {"object", "created_at", "results"},
    "Endpoint": {"id", "object", "name", "url", "event_types", "created_at"},
    "Error": {"message", "type", "param", "code"},
}
"""What OpenAI's own document requires of each object."""


@pytest.mark.parametrize("name", OPENAI)
def test_what_openais_document_requires_is_always_there(document, name):
    assert OPENAI[name] <= set(document["components"]["schemas"][name]["required"])


VIDEO = {
    "type": "object",
    "required": sorted(OPENAI["Video"]),
    "properties": {
        "id": {"type": "string"},
        "object": {"const": "video"},
        "model": {"type": "string"},
        "status": {"enum": ["queued", "in_progress", "completed", "failed"]},
        "progress": {"type": "integer", "minimum": 0, "maximum": 100},
        "created_at": {"type": "integer"},
        "completed_at": {"type": ["integer", "null"]},
        "expires_at": {"type": ["integer", "null"]},
        "prompt": {"type": ["string", "null"]},
        "size": {"type": "string", "pattern": "^[0-9]+x[0-9]+$"},
        "seconds": {"type": "string"},
        "remixed_from_video_id": {"type": ["string", "null"]},
        "error": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                },
            ]
        },
    },
}
"""OpenAI's Video, from its document; only `size` and `seconds` are freer there than their enumerations."""


def test_videos_in_every_state_are_openais(serve):
    live = serve(workers=0)
    with live.client as client:
        queued = client.post("/videos", json={"prompt": "a ball", "seconds": "1", "size": "64x64"}).json()
        failed = client.post(f"/videos/{queued['id']}/cancel").json()
        listed = client.get("/videos").json()
    for video in (queued, failed, *listed["data"]):
        jsonschema_rs.validate(VIDEO, video)


@pytest.mark.filterwarnings("ignore")
def test_requests_right_and_wrong_get_what_the_documents_promise(fuzz_api, tmp_path, capsys):
    with fuzz_api.serving(tmp_path) as target:
        failed = {name: fuzz_api.fuzz(target, name, count, "", 0) for name, count in EXAMPLES.items()}
    told = capsys.readouterr()
    assert failed == {"ours": 0, "openai": 0}, told.err
    done = [line for line in told.out.splitlines() if line.endswith(" ok")]
    assert len([line for line in done if line.startswith("ours")]) > 40
    assert len([line for line in done if line.startswith("openai")]) > 20
