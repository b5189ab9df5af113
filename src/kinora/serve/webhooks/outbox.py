"""What is owed: when a job has ended, one delivery for each endpoint that wants to hear of it, until it is delivered.

A job's end and its deliveries are brought together in one transaction, so that a server killed in between owes them
still; a delivery is taken for a while before it is sent, so that another server, or this one after a crash, sends it
again. At least once, then: receivers tell a repeat by its webhook-id.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, exists, select, update

from kinora.request import Real
from kinora.serve.schemas.webhooks import Event, EventType
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.tables import JobRow
from kinora.serve.store.tables_webhooks import DeliveryRow, EndpointRow
from kinora.serve.store.values import ENDED
from kinora.serve.webhooks.endpoints import keys_of

DELAYS = (0.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 3 * 3600.0, 12 * 3600.0, 24 * 3600.0)
"""Seconds before each attempt, counted from the one before: almost two days in all."""

HELD = 60.0
"""Seconds for which a delivery is held by whoever sends it."""

KEPT = 7 * 86_400.0
"""Seconds for which it stays on record."""

BATCH = 50


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one endpoint. `keys` sign it; `attempt` counts from 1."""

    seq: int
    event_id: str
    body: str
    url: str
    keys: tuple[str, ...]
    attempt: int


class Outbox:
    """The deliveries of a store."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._database = store.database

    def collect(self) -> int:
        """Enter deliveries for the jobs that have ended since; count them."""
        with self._database.read() as session:
            waiting = select(exists().where(~JobRow.announced, JobRow.status.in_(ENDED)))
            if not session.scalar(waiting):
                return 0
        with self._database.write() as session:
            now, count = self._database.now(session), 0
            jobs = self._store.unannounced(session)
            owners = {job.owner for job in jobs}
            listening = session.scalars(select(EndpointRow).where(EndpointRow.owner.in_(owners))).all()
            for job in jobs:
                if job.kind == "image":
                    continue  # whoever asked has the picture in the answer, and the job is gone by then
                kind: EventType = "video.completed" if job.status == "completed" else "video.failed"
                for row in listening:
                    if row.owner == job.owner and kind in row.event_types:
                        event = event_of(kind, job.id, int(job.completed_at or now))
                        session.add(_delivery(row.id, event, now))
                        count += 1
            self._store.mark_announced(session, [job.id for job in jobs])
            return count

    def due(self) -> list[Delivery]:
        """Take what is to be sent now."""
        with self._database.read() as session:
            now = self._database.now(session)
            if not session.scalar(select(exists().where(DeliveryRow.due_at <= now))):
                return []
        with self._database.write() as session:
            now = self._database.now(session)
            query = (
                select(DeliveryRow, EndpointRow)
                .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
                .where(DeliveryRow.due_at <= now)
                .order_by(DeliveryRow.due_at)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            taken = []
            for row, endpoint in session.execute(query):
                row.attempts += 1
                row.due_at = now + HELD
                keys = tuple(keys_of(endpoint, now))
                taken.append(Delivery(row.seq, row.event_id, row.body, endpoint.url, keys, row.attempts))
            return taken

    def sent(self, delivery: Delivery, status: int | None) -> bool:
        """Enter what came of an attempt: done for 2xx, over for 410 or after the last one, else due again later."""
        with self._database.write() as session:
            now = self._database.now(session)
            good = status is not None and 200 <= status < 300
            over = good or status == 410 or delivery.attempt >= len(DELAYS)
            session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.seq == delivery.seq)
                .values(
                    status=status,
                    delivered_at=now if good else None,
                    due_at=None if over else now + DELAYS[delivery.attempt],
                )
            )
            return good

    def forget(self) -> None:
        """Strike deliveries from the record that were over long ago."""
        with self._database.write() as session:
            old = self._database.now(session) - KEPT
            session.execute(delete(DeliveryRow).where(DeliveryRow.due_at.is_(None), DeliveryRow.created_at < old))


def event_of(kind: EventType, video: str, moment: int) -> Event:
    """An event as OpenAI writes it."""
    return Event(id=f"evt_{secrets.token_hex(16)}", created_at=moment, type=kind, data={"id": video})


def body_of(event: Event) -> str:
    """The body of a delivery."""
    return json.dumps(event.model_dump(mode="json"), separators=(",", ":"))


def _delivery(endpoint: str, event: Event, now: Real) -> DeliveryRow:
    return DeliveryRow(
        endpoint_id=endpoint,
        event_id=event.id,
        body=body_of(event),
        created_at=now,
        due_at=now + DELAYS[0],
        attempts=0,
    )
