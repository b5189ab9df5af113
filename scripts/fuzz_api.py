"""Send thousands of requests, right ones and wrong ones, to every operation of the API, as two documents say.

    python scripts/fuzz_api.py --examples 1000 --log fuzz.log

schemathesis makes the requests from an OpenAPI document and judges the answers: no 5xx, only statuses, types and
shapes that the document names, nothing accepted that it forbids. One document is the server's own; the other is
OpenAI's, as their client states it (fuzzing/openai_document.py). Half of the requests name things that are there and
carry files that can be read. Prints a line per operation - what was sent, and how many of that was accepted - and exits
with 1 if anything failed. With `--log`, what a line of that file says is done is not done again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hypothesis
import schemathesis
from fuzzing import documents, openai_document
from fuzzing.target import Target, serving
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
    use_after_free,
)

SHAPES = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OURS = [*SHAPES, negative_data_rejection, missing_required_header, unsupported_method, use_after_free]
"""Not among them: that whatever fits the document is accepted. It can't say which ids there are or which sizes."""

UNREAD = {"invalid_type", "missing_required_parameter", "unknown_parameter", "invalid_json", "invalid_form"}
UNREAD |= {"invalid_name", "unsupported_media_type", "method_not_allowed", "request_too_large"}
"""Codes of errors that say that a request is of the wrong shape, whatever stands in it."""

FORM = "multipart/form-data"


def main() -> int:
    """Fuzz every operation, or those whose path contains `--only`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--document", choices=["ours", "openai", "both"], default="both")
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    failed = 0
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as target:
        for name in ("ours", "openai"):
            if asked.document in (name, "both"):
                failed += fuzz(target, name, asked.examples, asked.only, asked.seed, asked.log)
    return min(1, failed)


def fuzz(target: Target, document: str, examples: int, only: str, seed: int, log: Path | None = None) -> int:
    """Send `examples` requests to each operation of a document; how many operations failed."""
    schema = schemathesis.openapi.from_dict(loaded(target, document))
    schema.config.update(base_url=target.url)
    done = log.read_text().splitlines() if log and log.exists() else []
    failed = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        name = f"{document:7}{operation.method.upper():7}{operation.path:58}"
        if only not in operation.path or any(line.startswith(name) and line.endswith(" ok") for line in done):
            continue
        start, sent = time.perf_counter(), Counter[str]()
        said = attempt(operation, target, examples, seed, sent)
        failed += bool(said)
        spent, outcome = time.perf_counter() - start, "FAILED" if said else "ok"
        line = f"{name}{sent.total():6} sent {sent['2']:6} accepted {spent:7.1f} s  {outcome}"
        print(line, flush=True)
        if log:
            with log.open("a") as file:
                file.write(f"{line}\n")
        if said:
            print(said, file=sys.stderr, flush=True)
    return failed


def loaded(target: Target, document: str) -> dict[str, Any]:
    """A document, made fit for sending files."""
    if document == "openai":
        return documents.with_files(openai_document.document())
    found: dict[str, Any] = target.session.get(f"{target.url}/openapi.json").json()
    return documents.with_files(found)


def attempt(operation: APIOperation, target: Target, examples: int, seed: int, sent: Counter[str]) -> str:
    """Send the requests of one operation, counting answers by their status's first digit; what failed, "" if nothing.

    Theirs is a document of what may be sent, and what it doesn't name may be sent here as well: it judges shapes alone,
    and that what it does name is understood.
    """
    theirs = operation.schema.raw_schema["info"]["title"] != "Kinora"
    last: list[schemathesis.Case] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate,),
    )
    @hypothesis.given(case=cases(operation, target))
    def send(case: schemathesis.Case) -> None:
        last[:] = [case]
        response = case.call(session=target.session, timeout=120)
        sent[str(response.status_code)[0]] += 1
        judges = [*SHAPES, understood] if theirs else OURS
        # In a form everything is text, so what is a number there and what a word is for the reader to say.
        if case.media_type == FORM or not arrived(case, response):
            judges = [one for one in judges if one is not negative_data_rejection]
        case.validate_response(response, checks=judges, transport_kwargs={"session": target.session})

    try:
        send()
    except (Failure, FailureGroup) as error:
        parts = error.exceptions if isinstance(error, FailureGroup) else [error]
        said = "\n".join(f"{type(one).__name__}: {one}" for one in parts)
        return f"{said}\n{last[0].as_curl_command()[:2000]}"
    return ""


def cases(operation: APIOperation, target: Target) -> st.SearchStrategy[schemathesis.Case]:
    """Requests that fit the document and requests that don't; half of them about something that is there."""
    there = {**target.there, **({"video_id": target.running} if operation.path.endswith("/live") else {})}
    names = {one: there[one] for one in there if f"{{{one}}}" in operation.path}
    kinds = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    if operation.method == "delete":
        return st.one_of([*kinds, removing(operation, target)])
    if names:
        kinds += [operation.as_strategy(generation_mode=mode, path_parameters=names) for mode in GenerationMode]
    if operation.body or operation.query:
        kinds += [sensible(operation.as_strategy(path_parameters=names or None), target)] * len(kinds)
    return st.one_of(kinds)


@st.composite
def removing(draw: st.DrawFn, operation: APIOperation, target: Target) -> schemathesis.Case:
    """The removal of something that was there until then."""
    (name,) = (one.name for one in operation.path_parameters)
    draw(st.integers())  # else all of these are one example, which is sent once
    return draw(operation.as_strategy(path_parameters={name: target.fresh(name)}))


@st.composite
def sensible(draw: st.DrawFn, fitting: st.SearchStrategy[schemathesis.Case], target: Target) -> schemathesis.Case:
    """A request with few fields, in most of which stands what the server knows."""
    case = draw(fitting)
    plants: Mapping[str, Any] = target.form if case.media_type == FORM else target.body
    if isinstance(case.body, dict):
        raw = case.operation.definition.raw
        free = documents.optional(case.operation.schema.raw_schema, raw, str(case.media_type))
        free -= {name for name in sorted(free & case.body.keys()) if draw(st.integers(0, 2)) < 1 + (name in plants)}
        body = {name: one for name, one in case.body.items() if name not in free}
        chosen = [name for name in sorted(body.keys() & plants.keys()) if draw(st.integers(0, 3))]
        case.body = {**body, **{name: plants[name] for name in chosen}}
    if "after" in case.query and draw(st.booleans()):
        case.query = {**case.query, "after": target.there["video_id"]}
    return case


def arrived(case: schemathesis.Case, response: Any) -> bool:
    """Whether what is wrong in the query shows in the URL: an empty list doesn't, nor that a single thing is a list."""
    sent = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    query = case.query or {}
    return query.keys() <= sent.keys() and not any(isinstance(value, list) for value in query.values())


def understood(_: Any, response: Any, case: schemathesis.Case) -> None:
    """A check: a request of the document's shape is not said to be of the wrong one."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE or response.status_code < 400:
        return
    code = response.json()["error"]["code"]
    if code in UNREAD:
        raise AssertionError(f"{response.json()['error']['message']} ({code})")


if __name__ == "__main__":
    sys.exit(main())
