"""What is kept of webhooks: where deliveries go, and what is still to be delivered."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kinora.serve.store.tables import Row, Sequence


class EndpointRow(Row):
    """Where somebody wants to be told. The secret signs, so it is kept as it is; an old one signs too, `old_until`."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (Index(None, "owner", "seq"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    owner: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    url: Mapped[str] = mapped_column(Text)
    event_types: Mapped[list[str]] = mapped_column(JSON)
    secret: Mapped[str] = mapped_column(String(128))
    old_secret: Mapped[str | None] = mapped_column(String(128))
    old_until: Mapped[float | None]
    created_at: Mapped[float]
    updated_at: Mapped[float]


class DeliveryRow(Row):
    """One event for one endpoint. `body` is sent byte for byte at every attempt; `due_at` None is over, well or badly.

    event_id is the webhook-id header: the same at every attempt, so that a receiver can leave out what it has had.
    """

    __tablename__ = "webhook_deliveries"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), index=True)
    event_id: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(index=True)
    due_at: Mapped[float | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    delivered_at: Mapped[float | None]
