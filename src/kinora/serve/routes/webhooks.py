"""/v1/webhook_endpoints and /v1/webhook_event_types."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from kinora.errors import InvalidRequest
from kinora.serve.errors import ApiError, not_found, of_kinora
from kinora.serve.routes.describing import GIVES, body_of, errors
from kinora.serve.routes.parts import Asking, now
from kinora.serve.schemas.base import Identifier
from kinora.serve.schemas.webhooks import (
    EVENT_TYPES,
    CreateEndpoint,
    DeletedEndpoint,
    Endpoint,
    Endpoints,
    EndpointWithSecret,
    EventTypes,
    RotateSecret,
    TestEndpoint,
    TestResult,
    UpdateEndpoint,
)
from kinora.serve.store.tables_webhooks import EndpointRow
from kinora.serve.webhooks import endpoints, outbox
from kinora.serve.webhooks.sending import Sender, Undelivered
from kinora.serve.webhooks.signing import hint, signed
from kinora.serve.wire import read_body

router = APIRouter(prefix="/v1", tags=["Webhooks"])

EndpointId = Annotated[Identifier, Path(description="The endpoint's id.")]
TAKES = errors(400, 404, 415)
PAGE = 20


def kept(request: Request) -> endpoints.Endpoints:
    """The server's endpoints."""
    found: endpoints.Endpoints = request.app.state.endpoints
    return found


def sender(request: Request) -> Sender:
    """What calls them."""
    found: Sender = request.app.state.sender
    return found


Kept = Annotated[endpoints.Endpoints, Depends(kept)]
Sending = Annotated[Sender, Depends(sender)]


@router.post("/webhook_endpoints", responses=TAKES, openapi_extra=body_of(CreateEndpoint))
async def create_endpoint(request: Request, asking: Asking, kept: Kept, sender: Sending) -> EndpointWithSecret:
    """Be told when videos are done. The answer's `signing_secret` is told only now."""
    async with read_body(request) as body:
        asked = body.read(CreateEndpoint)
    _check(sender, asked.url)
    row = await run_in_threadpool(kept.create, asking.id, asked)
    return with_secret(row)


@router.get("/webhook_endpoints", responses=GIVES)
async def list_endpoints(
    asking: Asking,
    kept: Kept,
    after: Annotated[Identifier | None, Query(description="The last id of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE,
) -> Endpoints:
    """The caller's endpoints, newest first."""
    rows, more = await run_in_threadpool(kept.page, asking.id, after, limit)
    data = [told(row) for row in rows]
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    return Endpoints(data=data, first_id=first, last_id=last, has_more=more)


@router.get("/webhook_endpoints/{webhook_endpoint_id}", responses=GIVES)
async def retrieve_endpoint(webhook_endpoint_id: EndpointId, asking: Asking, kept: Kept) -> Endpoint:
    """One endpoint."""
    return told(_found(await run_in_threadpool(kept.get, asking.id, webhook_endpoint_id), webhook_endpoint_id))


@router.post("/webhook_endpoints/{webhook_endpoint_id}", responses=TAKES, openapi_extra=body_of(UpdateEndpoint))
async def update_endpoint(
    webhook_endpoint_id: EndpointId, request: Request, asking: Asking, kept: Kept, sender: Sending
) -> Endpoint:
    """Change its name, address or event types."""
    async with read_body(request) as body:
        asked = body.read(UpdateEndpoint)
    if asked.url is not None:
        _check(sender, asked.url)
    row = await run_in_threadpool(kept.update, asking.id, webhook_endpoint_id, asked)
    return told(_found(row, webhook_endpoint_id))


@router.delete("/webhook_endpoints/{webhook_endpoint_id}", responses=GIVES)
async def delete_endpoint(webhook_endpoint_id: EndpointId, asking: Asking, kept: Kept) -> DeletedEndpoint:
    """Remove it; nothing more is delivered there."""
    if not await run_in_threadpool(kept.delete, asking.id, webhook_endpoint_id):
        raise not_found("webhook endpoint", webhook_endpoint_id, "webhook_endpoint_id")
    return DeletedEndpoint(id=webhook_endpoint_id)


@router.post(
    "/webhook_endpoints/{webhook_endpoint_id}/rotate_secret", responses=TAKES, openapi_extra=body_of(RotateSecret)
)
async def rotate_secret(
    webhook_endpoint_id: EndpointId, request: Request, asking: Asking, kept: Kept
) -> EndpointWithSecret:
    """Give it a new secret; the old one holds for another day, or ends now."""
    async with read_body(request) as body:
        keep = body.read(RotateSecret).keep_old_secret_active_for_24_hours
    row = await run_in_threadpool(kept.rotate, asking.id, webhook_endpoint_id, keep=keep)
    return with_secret(_found(row, webhook_endpoint_id))


@router.post("/webhook_endpoints/{webhook_endpoint_id}/test", responses=TAKES, openapi_extra=body_of(TestEndpoint))
async def test_endpoint(
    webhook_endpoint_id: EndpointId, request: Request, asking: Asking, kept: Kept, sender: Sending
) -> TestResult:
    """Deliver a sample event now, once, and say what the endpoint answered."""
    async with read_body(request) as body:
        kind = body.read(TestEndpoint).event_type
    row = _found(await run_in_threadpool(kept.get, asking.id, webhook_endpoint_id), webhook_endpoint_id)
    event = outbox.event_of(kind, "video_" + "0" * 32, now())
    text = outbox.body_of(event)
    headers = signed(event.id, event.created_at, text, endpoints.keys_of(row, time.time()))
    try:
        status = await run_in_threadpool(sender.post, row.url, text, headers)
    except (Undelivered, InvalidRequest) as error:
        raise ApiError(400, f"The test was not delivered: {error}.", code="webhook_undelivered", param="url") from error
    return TestResult(webhook_endpoint_id=row.id, event_type=kind, status_code=status)


@router.get("/webhook_event_types", responses=errors())
async def list_event_types(asking: Asking) -> EventTypes:  # noqa: ARG001 - for callers only
    """What can be delivered."""
    return EventTypes(data=list(EVENT_TYPES))


def told(row: EndpointRow) -> Endpoint:
    """An endpoint, its secret left out."""
    return Endpoint.model_validate(_fields(row))


def with_secret(row: EndpointRow) -> EndpointWithSecret:
    """An endpoint with its secret."""
    return EndpointWithSecret.model_validate({**_fields(row), "signing_secret": row.secret})


def _fields(row: EndpointRow) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "event_types": row.event_types,
        "signing_secret_hint": hint(row.secret),
        "created_at": int(row.created_at),
        "updated_at": int(row.updated_at),
    }


def _found(row: EndpointRow | None, name: str) -> EndpointRow:
    if row is None:
        raise not_found("webhook endpoint", name, "webhook_endpoint_id")
    return row


def _check(sender: Sender, url: str) -> None:
    try:
        sender.check(url)
    except InvalidRequest as error:
        raise of_kinora(error, "url") from error
