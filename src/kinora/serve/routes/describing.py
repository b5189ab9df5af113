"""What the document says of an operation beside what FastAPI knows: the errors it may answer, the body it takes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from kinora.serve.schemas.answers import Envelope

ERRORS: dict[int, str] = {
    400: "The request can't be met as it is asked.",
    401: "No key, or none that holds.",
    403: "The key may not do this.",
    404: "There is no such thing.",
    405: "Not with this method.",
    408: "The request came too slowly.",
    409: "It was decided already.",
    413: "The request is too large.",
    415: "The body is neither JSON nor a form.",
    422: "The idempotency key came with another request before.",
    429: "The queue is full, or a quota is used up.",
    416: "The file has no such part.",
    500: "The server failed.",
    503: "The server can't take it now.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of an operation, for the document; what every one may answer is added."""
    told = sorted({*statuses, 401, 403, 408, 413, 503})
    return {status: {"model": Envelope, "description": ERRORS[status]} for status in told}


TAKES = errors(400, 404, 415, 422, 429)
"""Of an operation that takes a body and queues work."""

GIVES = errors(400, 404)
"""Of an operation that looks something up."""


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """The document's part on a body: the same fields as JSON and as a form; `openapi.completed` fills in the shapes."""
    shape = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    content = {"application/json": shape, "multipart/form-data": shape}
    BODIES[model.__name__] = model
    return {"requestBody": {"required": True, "content": content}}


BODIES: dict[str, type[BaseModel]] = {}
"""Models of bodies that operations name, for the document."""
