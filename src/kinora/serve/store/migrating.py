"""Alembic, run from Python: its scripts ship with the package, and no ini file is needed."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

MIGRATION_LOCK = 0x6B696E6F + 1


def configuration(connection: Connection) -> Config:
    """Alembic's settings for scripts in migrations/, on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, *, alone: bool) -> None:
    """Bring the tables up to date in one transaction; `alone`: hold off other servers that start at the same time.

    SQLite does so by itself: a writing transaction has the database to itself.
    """
    with connection.begin():
        if alone:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        command.upgrade(configuration(connection), "head")
