"""The document of OpenAI's API, as their client states it: a judge of the server that Kinora didn't write.

    document()["paths"]["/v1/videos/{video_id}/remix"]["post"]

OpenAI generates its Python client from its document, so the client says the same. Every method is called once over a
transport that keeps the request and answers nothing: that shows the verb, the path, and where the arguments go. The
annotations say what an argument may be, and what is answered. What they can't say, limits, stands in BOUNDS; where
Kinora's answers differ on purpose, in PARTINGS.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import httpx2
import openai
from openai._types import FileTypes  # no public name; `Omit`, what an argument is by default, has one
from openai.types.shared.error_object import ErrorObject
from pydantic import BaseModel, Field, TypeAdapter, WithJsonSchema

METHODS = {
    "videos": [
        *("create", "list", "retrieve", "delete", "download_content"),
        *("remix", "edit", "extend", "create_character", "get_character"),
    ],
    "images": ["generate"],
    "moderations": ["create"],
    "content_provenance_checks": ["create"],
    "models": ["list", "retrieve"],
    "webhooks": ["create", "list", "retrieve", "update", "delete", "rotate_secret", "test"],
    "webhooks.event_types": ["list"],
}
"""The part of the API that Kinora answers: all of `videos` that sends one request, and what goes with it."""

BOUNDS: dict[str, dict[str, Any]] = {
    "prompt": {"minLength": 1, "maxLength": 32_000},
    "limit": {"minimum": 0, "maximum": 100},
    "name": {"minLength": 1, "maxLength": 80},
    "n": {"minimum": 1, "maximum": 10},
}
"""What OpenAI's document says of values and the types don't: facts of the contract, by the argument's name."""

SIZE = {"type": "string", "pattern": "^[0-9]+x[0-9]+$"}
EXTRA = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string", "pattern": "^kinora_"}}}
PARTINGS: dict[tuple[str, str], Callable[[Any], Any]] = {
    # The size that was made: the shipped model's are smaller than Sora's.
    ("Video", "size"): lambda _: SIZE,
    ("ImagesResponse", "size"): lambda _: SIZE,
    # Kinora has witnesses of its own beside Content Credentials.
    ("ContentProvenanceCheck", "results"): lambda theirs: {
        **theirs,
        "items": {"anyOf": [*theirs["items"].get("anyOf", [theirs["items"]]), EXTRA]},
    },
}
"""Schema and field: what docs/moving-from-sora.md says is answered otherwise here."""

OURS = {"extra_headers", "extra_query", "extra_body", "timeout"}
"""Arguments that are the client's own affair."""

File = Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]
REFERENCE = "#/components/schemas/{model}"


class ErrorResponse(BaseModel):
    """Every answer that is not the one asked for."""

    error: ErrorObject


def document() -> dict[str, Any]:
    """OpenAPI 3.1, of the client that is installed."""
    paths: dict[str, Any] = {}
    shapes = Shapes()
    for resource, names in METHODS.items():
        for name in names:
            method = inspect.getattr_static(type(_resource(_client([]), resource)), name)
            sent, known = _sent(resource, name), _arguments(method)
            path, inside = _template(sent.url.path, known)
            operation = _operation(shapes, sent, {one: known[one] for one in known if one not in inside})
            operation["parameters"] += [_parameter(shapes, one, "path", known[one]) for one in inside]
            operation["responses"] = _answers(shapes, method)
            paths.setdefault(path, {})[sent.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "OpenAI, as its client states it", "version": openai.__version__},
        "paths": paths,
        "components": {"schemas": shapes.finished()},
    }


class Shapes:
    """Schemas by name, as components of one document."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def of(self, kind: Any, *, sent: bool = False) -> dict[str, Any]:
        """The schema of a type; what it refers to is kept. What is sent has no fields but those that are named."""
        schema = TypeAdapter(kind).json_schema(ref_template=REFERENCE)
        if sent:
            _close(schema)
        self._found |= schema.pop("$defs", {})
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            name = re.sub(r"\W", "_", kind.__name__)
            self._found[name] = schema
            return {"$ref": REFERENCE.format(model=name)}
        return schema

    def finished(self) -> dict[str, Any]:
        """All of them, as Kinora is held to them."""
        for (name, field), parting in PARTINGS.items():
            fields = self._found[name]["properties"]
            fields[field] = parting(fields[field])
        # All four of an error's fields are required; the type can't tell what may be null from what may be absent.
        self._found["ErrorObject"]["required"] = ["message", "type", "param", "code"]
        return self._found


def _close(schema: Any) -> None:
    """Allow no field beside those that are named, however deep."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema["additionalProperties"] = False
        for one in schema.values():
            _close(one)
    elif isinstance(schema, list):
        for one in schema:
            _close(one)


def _client(kept: list[httpx2.Request]) -> openai.OpenAI:
    """A client that reaches nobody; what it sends is kept."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        kept.append(request)
        return httpx2.Response(400, json={})

    transport = httpx2.MockTransport(answer)
    return openai.OpenAI(api_key="any", base_url="http://here/v1", http_client=httpx2.Client(transport=transport))


def _resource(client: openai.OpenAI, name: str) -> Any:
    found: Any = client
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _sent(resource: str, name: str) -> httpx2.Request:
    """The request of a method that is called with what it needs."""
    kept: list[httpx2.Request] = []
    method = getattr(_resource(_client(kept), resource), name)
    needed = {one: _example(one, kind) for one, (kind, required) in _arguments(method).items() if required}
    with warnings.catch_warnings(), suppress(openai.BadRequestError):
        warnings.simplefilter("ignore", DeprecationWarning)
        method(**needed)
    (request,) = kept
    return request


def _example(name: str, kind: Any) -> Any:
    if File in typing.get_args(kind) or kind is File:
        return b"bytes"
    return [] if typing.get_origin(kind) is list else f"the-{name}"


def _arguments(method: Any) -> dict[str, tuple[Any, bool]]:
    """The types of a method's arguments, and whether each is required."""
    hints = typing.get_type_hints(method)
    known = {}
    for one in inspect.signature(method).parameters.values():
        if one.name != "self" and one.name not in OURS:
            required = one.default is inspect.Parameter.empty
            known[one.name] = _plain(hints[one.name], BOUNDS.get(one.name)), required
    return known


def _plain(hint: Any, bounds: dict[str, Any] | None) -> Any:
    """A type without "not given", in which whatever is a file is `File`."""
    kinds = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    files = typing.get_args(FileTypes)
    found = [one for one in kinds if one is not openai.Omit and one not in files]
    if len(found) + (openai.Omit in kinds) < len(kinds):
        found.append(File)
    plain = typing.Union[tuple(found)]  # noqa: UP007 - of as many as there are
    return Annotated[plain, Field(json_schema_extra=bounds)] if bounds else plain


def _template(path: str, known: dict[str, Any]) -> tuple[str, list[str]]:
    """A path with the names of arguments for their examples, and those names."""
    inside = [one for one in known if f"the-{one}" in path.split("/")]
    for one in inside:
        path = path.replace(f"the-{one}", f"{{{one}}}")
    return path, inside


def _operation(shapes: Shapes, sent: httpx2.Request, known: dict[str, tuple[Any, bool]]) -> dict[str, Any]:
    """Where the arguments go that are no part of the path: into the query, or the body."""
    if sent.method == "GET":
        return {"parameters": [_parameter(shapes, name, "query", one) for name, one in known.items()]}
    operation: dict[str, Any] = {"parameters": []}
    if known:
        kind = sent.headers["content-type"].partition(";")[0]
        content = {kind: {"schema": _object(shapes, known)}}
        text = {name: (_without_files(one), required) for name, (one, required) in known.items()}
        if all(one is not None for one, _ in text.values()):  # their guide sends JSON too where it can be written
            content["application/json"] = {"schema": _object(shapes, text)}
        operation["requestBody"] = {"required": any(one[1] for one in known.values()), "content": content}
    return operation


def _without_files(kind: Any) -> Any:
    """The type with files left out; None where nothing is left."""
    if kind is File:
        return None
    if typing.get_origin(kind) is typing.Union:
        return typing.Union[tuple(one for one in typing.get_args(kind) if one is not File)]  # noqa: UP007
    return kind


def _object(shapes: Shapes, known: dict[str, tuple[Any, bool]]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: shapes.of(kind, sent=True) for name, (kind, _) in known.items()},
        "required": [name for name, (_, required) in known.items() if required],
    }


def _parameter(shapes: Shapes, name: str, place: str, known: tuple[Any, bool]) -> dict[str, Any]:
    kind, required = known
    return {"name": name, "in": place, "required": required, "schema": shapes.of(kind)}


def _answers(shapes: Shapes, method: Any) -> dict[str, Any]:
    """What a method gives, under 200, and what else may come: an error of the caller's, as their client reads it."""
    given = typing.get_type_hints(method)["return"]
    kinds = typing.get_args(given) if typing.get_origin(given) in (typing.Union, types.UnionType) else (given,)
    models = [one for one in kinds if inspect.isclass(one) and issubclass(one, BaseModel)]
    json = {"schema": shapes.of(models[0])} if models else {}
    content = {"application/json": json} if models else {"video/*": {}, "image/*": {}}
    return {
        "200": {"description": "What was asked for.", "content": content},
        "4XX": {
            "description": "An error.",
            "content": {"application/json": {"schema": shapes.of(ErrorResponse)}},
        },
    }
