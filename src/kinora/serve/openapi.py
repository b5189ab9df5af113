"""The OpenAPI document, and /docs, a page without scripts that works where nothing but the server is reachable.

FastAPI describes answers and parameters; bodies are read by `wire`, so what they look like is added here: once as JSON
and once as a form, in which files may stand.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from pydantic.json_schema import models_json_schema

from kinora import __version__
from kinora.serve.docs_page import page
from kinora.serve.routes.describing import BODIES

FORM = "Form"
"""How the names of the shapes of forms end."""

ABOUT = """OpenAI's Videos API, over models that run on your own machines.

A program written for `/v1/videos` changes its `base_url` and works again. Everything that a model makes is reviewed,
marked and signed. What OpenAI's objects have no field for stands under `kinora`; paths that OpenAI doesn't have are
said to be ours."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What /docs may load: nothing but the style that stands in it."""


def install(app: FastAPI, *, keys: bool) -> None:
    """Give `app` its document at /openapi.json and its page at /docs; `keys`: no request goes without one."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = completed(app, keys=keys)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page(document()), headers={"Content-Security-Policy": POLICY})


def completed(app: FastAPI, *, keys: bool) -> dict[str, Any]:
    """The document with the shapes of all bodies, and the key that requests carry."""
    found = get_openapi(title="Kinora", version=__version__, description=ABOUT, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas |= _shapes("", files=False) | _shapes(FORM, files=True)
    for operation in (one for operations in found["paths"].values() for one in operations.values()):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if kind == "multipart/form-data":
                content["schema"] = {"$ref": f"{content['schema']['$ref']}{FORM}"}
        if _is_default(operation["responses"].get("422", {})):
            del operation["responses"]["422"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"key": []}] if keys else [{"key": []}, {}]
    return found


def _shapes(suffix: str, *, files: bool) -> dict[str, Any]:
    """The schemas of all bodies and of what stands in them, named with `suffix`; in JSON there are no files."""
    models = [(model, "validation") for model in BODIES.values()]
    _, found = models_json_schema(models, ref_template=f"#/components/schemas/{{model}}{suffix}")  # type: ignore[arg-type]
    return {f"{name}{suffix}": one if files else _without_files(one) for name, one in found["$defs"].items()}


def _without_files(schema: Any) -> Any:
    """A schema with what is a file left out wherever there is something else."""
    if isinstance(schema, list):
        return [_without_files(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    for word in ("oneOf", "anyOf"):
        if word in schema:
            schema = {**schema, word: [one for one in schema[word] if one.get("format") != "binary"]}
    return {name: _without_files(one) for name, one in schema.items()}


def _is_default(answer: dict[str, Any]) -> bool:
    """Whether FastAPI described errors of its own shape, which no answer here has."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).endswith("HTTPValidationError")
