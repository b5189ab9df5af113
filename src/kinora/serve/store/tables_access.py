"""What is kept of accounts: keys, what they asked for in a day, who asked what, reports and appeals."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kinora.serve.store.tables import Row, Sequence


class KeyRow(Row):
    """Somebody who may ask. `hash` is the secret's SHA-256, `hint` its last four characters, for telling keys apart.

    jobs, seconds, at_once: limits of this key's own, where it has not the role's. networks: where it may be used from;
    empty is everywhere. A revoked key stays, so that what it did can still be told.
    """

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16))
    hash: Mapped[str] = mapped_column(String(64))
    hint: Mapped[str] = mapped_column(String(8))
    jobs: Mapped[int | None]
    seconds: Mapped[float | None]
    at_once: Mapped[int | None]
    networks: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
    revoked_at: Mapped[float | None]
    used_at: Mapped[float | None]


class AllowanceRow(Row):
    """What an owner was promised in one UTC day (days since 1970): accepted jobs, and seconds of video."""

    __tablename__ = "allowances"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    jobs: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)


class AuditRow(Row):
    """Who asked what, and what was said to it. Rows are added, never changed and never removed.

    prompt_sha256 is the hash that a file's Content Credentials carry, so that the two can be brought together; the
    words themselves are there only if the operator keeps them. verdict: "allow", "warn", "block", or "" where none
    was needed.
    """

    __tablename__ = "audit"
    __table_args__ = (Index(None, "owner", "seq"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    at: Mapped[float] = mapped_column(index=True)
    request_id: Mapped[str] = mapped_column(String(64), index=True)
    owner: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str | None] = mapped_column(String(64), index=True)
    prompt_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    prompt: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(String(16), default="")
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class CaseRow(Row):
    """Something for a person to decide: a report about a video, or an appeal against a refusal.

    kind: "report" or "appeal". subject: the video's id, or the id of the refused request. state: "open", then "upheld"
    (who complained is right) or "dismissed".
    """

    __tablename__ = "cases"
    __table_args__ = (Index(None, "state", "created_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str] = mapped_column(String(64), index=True)
    subject: Mapped[str] = mapped_column(String(64), index=True)
    category: Mapped[str] = mapped_column(String(32), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default="open")
    created_at: Mapped[float]
    decided_at: Mapped[float | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
