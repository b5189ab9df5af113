"""What the store knows of files: each is entered before it is written, so that none is forgotten.

id = store.enter(owner="local", name="upload", path="uploads/...", type="image/png")
store.ready(assets.put(data, path, type=..., id=id))
...
for id, path in store.doomed(): assets.delete(path); store.forget(id)
"""

from __future__ import annotations

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from kinora.serve.assets import Asset, new_id
from kinora.serve.store.rows import Part, of_row
from kinora.serve.store.tables import AssetRow, CharacterRow, InputRow, JobRow

WRITING = 600.0
"""How long a single file may take to be written."""

UNUSED = 3600.0
"""Seconds after which an upload that no job reads and no character shows may go."""


class Files(Part):
    """The asset store's index."""

    def enter(self, *, owner: str, name: str, path: str, type: str) -> str:
        """Announce a file that is about to be written; returns its id."""
        with self.database.write() as session:
            id = new_id()
            session.add(pending(id, owner, name, path, type, self.database.now(session)))
            return id

    def ready(self, asset: Asset) -> None:
        """Say that a file is whole."""
        with self.database.write() as session:
            make_ready(session, asset)

    def asset(self, id: str, owner: str | None = None) -> Asset | None:
        """A whole file by its id, or None if there is none of that owner."""
        with self.database.read() as session:
            row = session.get(AssetRow, id)
            if row is None or row.state != "ready" or owner not in (None, row.owner):
                return None
            return of_row(Asset, row)

    def doom(self, id: str) -> None:
        """Let a file go as soon as no job reads it any more."""
        with self.database.write() as session:
            session.execute(update(AssetRow).where(AssetRow.id == id).values(state="doomed"))

    def expire(self) -> int:
        """Doom files whose time is over, uploads that nobody uses, writes that came to nothing; count them."""
        with self.database.write() as session:
            now = self.database.now(session)
            over = select(JobRow.id).where(JobRow.expires_at < now)
            read = exists().where(InputRow.asset_id == AssetRow.id)
            shown = exists().where(CharacterRow.asset_id == AssetRow.id)
            old = AssetRow.created_at < now - UNUSED
            running = exists().where(JobRow.id == AssetRow.job_id, JobRow.token == AssetRow.token)
            unused = (AssetRow.job_id.is_(None)) & old & ~read & ~shown
            abandoned = (AssetRow.state == "pending") & (AssetRow.job_id.is_not(None)) & ~running
            going = or_(AssetRow.job_id.in_(over), unused, abandoned)
            query = update(AssetRow).where(AssetRow.state != "doomed", going).values(state="doomed")
            return int(session.execute(query.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]

    def doomed(self, limit: int = 100) -> list[tuple[str, str]]:
        """Files that may be removed now, as (id, path)."""
        read = exists().where(InputRow.asset_id == AssetRow.id)
        with self.database.read() as session:
            # A write that nobody waits for any more may still be under way: removed too early, it would come back.
            still = (AssetRow.sha256 == "") & (AssetRow.created_at > self.database.now(session) - WRITING)
            query = select(AssetRow.id, AssetRow.path).where(AssetRow.state == "doomed", ~read, ~still)
            return [(id, path) for id, path in session.execute(query.limit(limit))]

    def forget(self, id: str) -> None:
        """Strike a file that has been removed."""
        with self.database.write() as session:
            session.execute(delete(AssetRow).where(AssetRow.id == id))


def pending(id: str, owner: str, name: str, path: str, type: str, now: float) -> AssetRow:
    """The row of a file that is about to be written."""
    return AssetRow(
        id=id, owner=owner, name=name, path=path, type=type, bytes=0, sha256="", state="pending", created_at=now
    )


def make_ready(session: Session, asset: Asset) -> None:
    """Enter what is known of a file once it is whole."""
    known = {"bytes": asset.bytes, "sha256": asset.sha256, "state": "ready"}
    session.execute(update(AssetRow).where(AssetRow.id == asset.id, AssetRow.state == "pending").values(**known))
