"""/docs: the OpenAPI document as one page. No script, no font, no address but the server's own: it works offline."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{margin:1.8rem 0 .3rem;font:600 1rem ui-monospace,monospace}
b{display:inline-block;min-width:4.2rem;color:#0a5}table{border-collapse:collapse;margin:.5rem 0}
td{padding:.15rem .9rem .15rem 0;vertical-align:top}td:first-child{font-family:ui-monospace,monospace}
small{color:#666}p{margin:.4rem 0;white-space:pre-line}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}b{color:#5d9}small{color:#999}}
"""


def page(document: dict[str, Any]) -> str:
    """The page of a document."""
    return "".join(_page(document))


def _page(document: dict[str, Any]) -> Iterator[str]:
    about = document["info"]
    title = f"{about['title']} {about['version']}"
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    yield f"<h1>{escape(title)}</h1><p>{escape(about.get('description', ''))}</p>"
    yield '<p>The same for programs: <a href="openapi.json">openapi.json</a></p>'
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for tag in dict.fromkeys(operation.get("tags", ["Other"])[0] for _, _, operation in operations):
        yield f"<h2>{escape(tag)}</h2>"
        for path, method, operation in operations:
            if operation.get("tags", ["Other"])[0] == tag:
                yield from _operation(document, path, method, operation)
    yield "</html>"


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h3><b>{escape(method.upper())}</b> {escape(path)}</h3>"
    yield f"<p>{escape(operation.get('description', ''))}</p><table>"
    for one in operation.get("parameters", ()):
        yield _row(one["name"], one.get("schema", {}), one.get("description", ""), needed=one.get("required", False))
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("multipart/form-data") or content.get("application/json")
    if body:
        schema = _resolved(document, body["schema"])
        for name, field in schema.get("properties", {}).items():
            yield _row(name, field, field.get("description", ""), needed=name in schema.get("required", ()))
    yield "</table>"
    answers = ", ".join(f"{status} {answer['description']}" for status, answer in operation["responses"].items())
    yield f"<p><small>{escape(answers)}</small></p>"


def _row(name: str, schema: dict[str, Any], about: str, *, needed: bool) -> str:
    said = " — ".join(part for part in (_kind(schema), about) if part)
    return f"<tr><td>{escape(name)}{'' if needed else '<small>?</small>'}<td>{escape(said)}"


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kinds = dict.fromkeys(_kind(one) for one in schema[word] if one.get("type") != "null")
            return " or ".join(kinds)
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2].removesuffix("Form")
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("format") == "binary":
        return "file"
    kind = str(schema.get("type", "anything"))
    limits = [f"{name} {schema[name]}" for name in _LIMITS if name in schema]
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return f"{kind} ({', '.join(limits)})" if limits else kind


_LIMITS = ("minimum", "exclusiveMinimum", "maximum", "minLength", "maxLength")


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"].get(name, schema)
    return found
