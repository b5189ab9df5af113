"""Alembic without its command line: migrations ship with the package, and run on the connection they are given.

upgrade(connection, alone=True)             # what Database.upgrade does
python scripts/migration.py add_colour      # writes the next migration, from what the tables in the code now say
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

MIGRATION_LOCK = 0x6B696E6F + 1
"""PostgreSQL's advisory lock under which servers that start at the same time upgrade one after another."""


def scripts() -> ScriptDirectory:
    """The migrations there are."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return ScriptDirectory.from_config(config)


def upgrade(connection: Connection, *, alone: bool) -> None:
    """Bring the tables up to date in one transaction; `alone`: hold off other servers that start at the same time.

    SQLite does so by itself: a writing transaction has the database to itself.
    """
    found = scripts()

    def steps(revision: Any, _context: object) -> Sequence[Any]:
        return found._upgrade_revs("head", revision)  # what Alembic's own `upgrade` calls

    with connection.begin(), EnvironmentContext(Config(), found, fn=steps) as environment:
        if alone:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        environment.configure(connection=connection, render_as_batch=True)  # SQLite changes a table by copying it
        environment.run_migrations()
