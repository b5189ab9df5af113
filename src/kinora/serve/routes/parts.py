"""What routes are made of: who asks, and what came with the request."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

from kinora.serve.access import Caller, caller
from kinora.serve.errors import ApiError
from kinora.serve.ordering.inputs import Inputs, RefusedFile
from kinora.serve.ordering.reception import Reception, Visit, reception_of
from kinora.serve.schemas.base import Identifier
from kinora.serve.wire import read_body

Model = TypeVar("Model", bound=BaseModel)

Asking = Annotated[Caller, Depends(caller)]
AtReception = Annotated[Reception, Depends(reception_of)]
VideoId = Annotated[
    Identifier, Path(description="The video's id.", examples=["video_0123456789abcdef0123456789abcdef"])
]


def now() -> int:
    """The time, as the API writes it."""
    return int(time.time())


async def known_query(request: Request) -> None:
    """Raise ApiError (400) for a query parameter that the operation doesn't have: nothing that is said is ignored."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        known = {one.alias for one in route.dependant.query_params}
        given = [name for name, _ in request.query_params.multi_items()]
        for name in given:
            shown = name if name.isprintable() and len(name) <= 80 else "..."
            if name not in known:
                raise ApiError(400, f"Unknown parameter: '{shown}'.", code="unknown_parameter", param=shown)
            if given.count(name) > 1:
                raise ApiError(400, f"Invalid '{shown}': it is given twice.", code="invalid_value", param=shown)


@asynccontextmanager
async def visiting(
    request: Request, reception: Reception, asking: Caller, model: type[Model]
) -> AsyncIterator[tuple[Visit, Model]]:
    """A request with a body: what is asked, and a `Visit` whose files last as long as the block."""
    async with read_body(request) as body:
        asked = body.read(model)
        async with Inputs(reception, asking) as inputs:
            try:
                yield Visit(request, asking, body, inputs), asked
            except RefusedFile as error:
                await reception.access.note(request, "uploads.refuse", verdict=error.verdict, param=error.param)
                raise
