"""The audit log: who asked what, when, and what was said to it.

    audit = Audit(database, keep_prompts=False)
    audit.record(caller, request_id, "videos.create", prompt="a red ball", verdict=verdict, subject="video_1c...")
    audit.search(prompt_sha256="9f...")          # from a file's Content Credentials to who asked for it

Prompts are kept as their SHA-256, the same that stands in a file's credentials, unless the operator keeps the words.
Whoever has the log can test a guess against it: it hides prompts from readers, not from somebody who suspects one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from kinora.safety.policy import Verdict
from kinora.safety.provenance_record import prompt_hash
from kinora.serve.access.caller import Caller
from kinora.serve.store.database import Database
from kinora.serve.store.rows import of_row
from kinora.serve.store.tables_access import AuditRow


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the log."""

    seq: int
    at: float
    request_id: str
    owner: str
    role: str
    action: str
    subject: str | None
    prompt_sha256: str | None
    prompt: str | None
    verdict: str
    categories: tuple[str, ...]
    details: Mapping[str, Any]


class Audit:
    """The log of a store."""

    def __init__(self, database: Database, *, keep_prompts: bool = False) -> None:
        self._database = database
        self._keep = keep_prompts

    def record(
        self,
        caller: Caller,
        request_id: str,
        action: str,
        *,
        prompt: str | None = None,
        verdict: Verdict | None = None,
        subject: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a line. `prompt` is the user's own words; `subject` the id of what was made or touched."""
        with self._database.write() as session:
            row = AuditRow(
                at=self._database.now(session),
                request_id=request_id,
                owner=caller.id,
                role=caller.role,
                action=action,
                subject=subject,
                prompt_sha256=None if prompt is None else prompt_hash(prompt),
                prompt=prompt if self._keep else None,
                verdict=verdict.action if verdict else "",
                categories=list(verdict.categories) if verdict else [],
                details=dict(details or {}),
            )
            session.add(row)

    def search(
        self,
        *,
        owner: str | None = None,
        subject: str | None = None,
        request_id: str | None = None,
        prompt_sha256: str | None = None,
        verdict: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Entry]:
        """Lines that match, newest first; `before` is the `seq` to go on from."""
        wanted = {
            AuditRow.owner: owner,
            AuditRow.subject: subject,
            AuditRow.request_id: request_id,
            AuditRow.prompt_sha256: prompt_sha256,
            AuditRow.verdict: verdict,
        }
        query = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
        for column, value in wanted.items():
            if value is not None:
                query = query.where(column == value)
        if before is not None:
            query = query.where(AuditRow.seq < before)
        with self._database.read() as session:
            return [of_row(Entry, row, categories=tuple(row.categories)) for row in session.scalars(query)]
