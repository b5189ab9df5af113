"""What people decide: reports about videos, and appeals against refusals, in one queue.

cases = Cases(database)
case = cases.open("report", caller, subject="video_1c...", category="likeness", text="that is me")
cases.waiting()                                      # oldest first
cases.decide(case.id, by=caller, state="upheld", note="taken down")
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select

from kinora.serve.access.caller import Caller
from kinora.serve.errors import ApiError, not_found
from kinora.serve.store.database import Database
from kinora.serve.store.rows import of_row
from kinora.serve.store.tables_access import CaseRow

Kind = Literal["report", "appeal"]
State = Literal["open", "upheld", "dismissed"]
Decision = Literal["upheld", "dismissed"]

OPEN_AT_ONCE = 100
"""Open cases of one caller: more is not complaining but flooding."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A report or an appeal. "upheld": who complained is right; the video goes, or the refusal was wrong."""

    id: str
    kind: Kind
    owner: str
    subject: str
    category: str
    text: str
    state: State
    created_at: float
    decided_at: float | None = None
    decided_by: str | None = None
    note: str = ""


class Cases:
    """The queue of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, kind: Kind, caller: Caller, *, subject: str, category: str = "", text: str = "") -> Case:
        """Enter a case; the same caller's open case about the same subject is returned as it is.

        Raises ApiError (429) if the caller has too many open.
        """
        with self._database.write() as session:
            mine = select(CaseRow).where(CaseRow.owner == caller.id, CaseRow.state == "open")
            before = session.scalar(mine.where(CaseRow.subject == subject, CaseRow.kind == kind))
            if before is not None:
                return of_row(Case, before)
            if (session.scalar(select(func.count()).select_from(mine.subquery())) or 0) >= OPEN_AT_ONCE:
                raise ApiError(429, f"{OPEN_AT_ONCE} of your reports and appeals are open: wait for a decision.")
            row = CaseRow(
                id=f"case_{secrets.token_hex(16)}",
                kind=kind,
                owner=caller.id,
                subject=subject,
                category=category,
                text=text,
                state="open",
                created_at=self._database.now(session),
                note="",
            )
            session.add(row)
            session.flush()
            return of_row(Case, row)

    def get(self, case_id: str, owner: str | None = None) -> Case:
        """A case, of that owner if one is given. Raises ApiError (404)."""
        with self._database.read() as session:
            row = session.get(CaseRow, case_id)
            if row is None or owner not in (None, row.owner):
                raise not_found("case", case_id, "case_id")
            return of_row(Case, row)

    def waiting(self, state: State = "open", *, limit: int = 100) -> Sequence[Case]:
        """Cases in that state, oldest first."""
        query = select(CaseRow).where(CaseRow.state == state)
        with self._database.read() as session:
            return [of_row(Case, row) for row in session.scalars(query.order_by(CaseRow.created_at).limit(limit))]

    def decide(self, case_id: str, *, by: Caller, state: Decision, note: str = "") -> Case:
        """Close a case. Raises ApiError (404, or 409 if it is closed)."""
        with self._database.write() as session:
            row = session.get(CaseRow, case_id, with_for_update=True)
            if row is None:
                raise not_found("case", case_id, "case_id")
            if row.state != "open":
                raise ApiError(409, f"Case '{case_id}' was decided already: {row.state}.", code="already_decided")
            row.state, row.note, row.decided_by = state, note, by.id
            row.decided_at = self._database.now(session)
            session.flush()
            return of_row(Case, row)
