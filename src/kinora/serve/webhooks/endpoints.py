"""Where deliveries go: made, listed, changed, rotated, removed, by their owner alone."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kinora.request import Real
from kinora.serve.errors import ApiError
from kinora.serve.schemas.webhooks import CreateEndpoint, UpdateEndpoint
from kinora.serve.store.database import Database
from kinora.serve.store.ids import moment_of, new_id
from kinora.serve.store.tables_webhooks import DeliveryRow, EndpointRow
from kinora.serve.webhooks.signing import new_secret

OVERLAP = 86_400.0
"""Seconds for which an old secret goes on signing, where that was asked for."""

MOST = 50
"""Endpoints of one owner."""


class Endpoints:
    """The endpoints of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, owner: str, asked: CreateEndpoint) -> EndpointRow:
        """A new endpoint with a new secret. Raises ApiError (400) when its owner has as many as may be."""
        with self._database.write() as session:
            count = select(func.count()).select_from(EndpointRow).where(EndpointRow.owner == owner)
            if (session.scalar(count) or 0) >= MOST:
                raise ApiError(400, f"There are {MOST} webhook endpoints, the most there may be.", code="too_many")
            now = self._database.now(session)
            row = EndpointRow(
                id=new_id("we", now),
                owner=owner,
                name=asked.name,
                url=asked.url,
                event_types=list(dict.fromkeys(asked.event_types)),
                secret=new_secret(),
                created_at=now,
                updated_at=now,
            )
            session.add(row)
            return row

    def get(self, owner: str, name: str) -> EndpointRow | None:
        """One of an owner's."""
        with self._database.read() as session:
            return _find(session, owner, name)

    def page(self, owner: str, after: str | None, limit: int) -> tuple[list[EndpointRow], bool]:
        """An owner's, newest first, and whether there are more; an `after` that is gone stands for when it was made."""
        query = select(EndpointRow).where(EndpointRow.owner == owner)
        with self._database.read() as session:
            if after is not None:
                row, moment = _find(session, owner, after), moment_of(after)
                if row is None and moment is None:
                    return [], False
                query = query.where(EndpointRow.created_at < moment if row is None else EndpointRow.seq < row.seq)
            rows = list(session.scalars(query.order_by(EndpointRow.seq.desc()).limit(limit + 1)))
            return rows[:limit], len(rows) > limit

    def update(self, owner: str, name: str, asked: UpdateEndpoint) -> EndpointRow | None:
        """Change what is given; a change of nothing is none."""
        with self._database.write() as session:
            row = _find(session, owner, name)
            if row is None:
                return None
            given = {field: value for field, value in asked.model_dump().items() if value is not None}
            if any(getattr(row, field) != value for field, value in given.items()):
                for field, value in given.items():
                    setattr(row, field, value)
                row.updated_at = self._database.now(session)
            return row

    def rotate(self, owner: str, name: str, *, keep: bool) -> EndpointRow | None:
        """Give it a new secret; the old one signs beside it for a day, or never again."""
        with self._database.write() as session:
            row = _find(session, owner, name)
            if row is None:
                return None
            now = self._database.now(session)
            row.old_secret, row.old_until = (row.secret, now + OVERLAP) if keep else (None, None)
            row.secret, row.updated_at = new_secret(), now
            return row

    def delete(self, owner: str, name: str) -> bool:
        """Remove it and what was still to be delivered to it. Whether there was one."""
        with self._database.write() as session:
            row = _find(session, owner, name)
            if row is None:
                return False
            session.execute(delete(DeliveryRow).where(DeliveryRow.endpoint_id == row.id))
            session.delete(row)
            return True


def keys_of(row: EndpointRow, now: Real) -> list[str]:
    """The secrets that sign now."""
    old = row.old_secret if row.old_until is not None and row.old_until > now else None
    return [row.secret, old] if old else [row.secret]


def _find(session: Session, owner: str, name: str) -> EndpointRow | None:
    return session.scalar(select(EndpointRow).where(EndpointRow.id == name, EndpointRow.owner == owner))
