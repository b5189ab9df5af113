"""Documents made fit for schemathesis.

It sends a form's field as a file only where the document allows nothing else, so here a field that may be a file is
one. What else may stand there, references to things by id, stands in JSON too.
"""

from __future__ import annotations

import copy
from typing import Any

FORM = "multipart/form-data"


def with_files(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of an OpenAPI document with that changed."""
    document = copy.deepcopy(document)
    for operation in (one for operations in document["paths"].values() for one in operations.values()):
        content = operation.get("requestBody", {}).get("content", {})
        if FORM in content:
            schema = copy.deepcopy(_found(document, content[FORM]["schema"]))
            for name, field in schema["properties"].items():
                schema["properties"][name] = _file(field) or field
            content[FORM]["schema"] = schema
    return document


def optional(document: dict[str, Any], operation: dict[str, Any], kind: str) -> set[str]:
    """The fields that an operation's body of that media type may leave out."""
    schema = _found(document, operation["requestBody"]["content"][kind]["schema"])
    return set(schema["properties"]) - set(schema.get("required", []))


def _found(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _file(field: dict[str, Any]) -> dict[str, Any] | None:
    """The file that a field may be, however deep in its alternatives."""
    if field.get("format") == "binary":
        return field
    for one in [*field.get("oneOf", []), *field.get("anyOf", [])]:
        if (found := _file(one)) is not None:
            return found
    return None
