"""What is asked of and answered by /v1/webhook_endpoints and /v1/webhook_event_types."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from kinora.serve.schemas.base import Asked, Nested, Told

EventType = Literal["video.completed", "video.failed"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

Label = Annotated[str, Field(min_length=1, max_length=255)]
Address = Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^https?://")]
Types = Annotated[list[EventType], Field(min_length=1, max_length=10), Nested]


class CreateEndpoint(Asked):
    """POST /v1/webhook_endpoints."""

    name: Label
    url: Address
    event_types: Types


class UpdateEndpoint(Asked):
    """POST /v1/webhook_endpoints/{webhook_endpoint_id}: what is left out stays."""

    name: Label | None = None
    url: Address | None = None
    event_types: Types | None = None


class RotateSecret(Asked):
    """POST .../rotate_secret. With the old secret kept, deliveries are signed with both for a day."""

    keep_old_secret_active_for_24_hours: bool = False


class TestEndpoint(Asked):
    """POST .../test."""

    __test__ = False  # pytest takes it for a test otherwise

    event_type: EventType


class Endpoint(Told):
    """Where deliveries go."""

    id: str
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    name: str
    url: str
    event_types: list[EventType]
    signing_secret_hint: str | None
    created_at: int
    updated_at: int


class EndpointWithSecret(Endpoint):
    """The same with its secret, which is told when it is made and never again."""

    signing_secret: str


class Endpoints(Told):
    """One page of them."""

    object: Literal["list"] = "list"
    data: list[Endpoint]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedEndpoint(Told):
    """It is gone."""

    id: str
    object: Literal["webhook_endpoint.deleted"] = "webhook_endpoint.deleted"
    deleted: Literal[True] = True


class TestResult(Told):
    """What the endpoint answered to a test delivery."""

    __test__ = False

    object: Literal["webhook_endpoint.test"] = "webhook_endpoint.test"
    webhook_endpoint_id: str
    event_type: EventType
    status_code: int
    success: Literal[True] = True


class Event(Told):
    """What is delivered."""

    id: str
    object: Literal["event"] = "event"
    created_at: int
    type: EventType
    data: dict[str, str]


class EventTypes(Told):
    """What can be delivered."""

    object: Literal["list"] = "list"
    data: list[EventType]
