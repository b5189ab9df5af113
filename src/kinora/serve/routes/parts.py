"""What routes are made of: who asks, what came with the request, which errors an operation may answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

from kinora.serve.access import Caller, caller
from kinora.serve.errors import ApiError
from kinora.serve.ordering.inputs import Inputs
from kinora.serve.ordering.reception import Reception, Visit, reception_of
from kinora.serve.schemas.answers import Envelope
from kinora.serve.schemas.base import Identifier
from kinora.serve.wire import read_body

Model = TypeVar("Model", bound=BaseModel)

Asking = Annotated[Caller, Depends(caller)]
Desk = Annotated[Reception, Depends(reception_of)]
VideoId = Annotated[
    Identifier, Path(description="The video's id.", examples=["video_0123456789abcdef0123456789abcdef"])
]

ERRORS: dict[int, str] = {
    400: "The request can't be met as it is asked.",
    401: "No key, or none that holds.",
    403: "The key may not do this.",
    404: "There is no such thing.",
    405: "Not with this method.",
    408: "The request came too slowly.",
    413: "The request is too large.",
    415: "The body is neither JSON nor a form.",
    422: "The idempotency key came with another request before.",
    429: "The queue is full, or a quota is used up.",
    416: "The file has no such part.",
    500: "The server failed.",
    503: "The server can't take it now.",
}


async def known_query(request: Request) -> None:
    """Raise ApiError (400) for a query parameter that the operation doesn't have: nothing that is said is ignored."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        known = {one.alias for one in route.dependant.query_params}
        for name in request.query_params:
            if name not in known:
                shown = name if name.isprintable() and len(name) <= 80 else "..."
                raise ApiError(400, f"Unknown parameter: '{shown}'.", code="unknown_parameter", param=shown)


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


@asynccontextmanager
async def visiting(
    request: Request, reception: Reception, asking: Caller, model: type[Model]
) -> AsyncIterator[tuple[Visit, Model]]:
    """A request with a body: what is asked, and a `Visit` whose files last as long as the block."""
    async with read_body(request) as body:
        asked = body.read(model)
        async with Inputs(reception, asking) as inputs:
            yield Visit(request, asking, body, inputs), asked
