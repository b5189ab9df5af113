"""The connection to the store: SQLite in a file, or PostgreSQL by URL.

    database = Database("sqlite:////var/lib/kinora/kinora.db")
    database.upgrade()
    with database.read() as session: ...
    with database.write() as session: ...           # committed at the end of the block, or not at all

SQLite runs in WAL mode, so that readers never wait for the writer, and flushes every commit to the disk. A write takes
the lock at once ("BEGIN IMMEDIATE"): a transaction that reads first and then writes would fail half way.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from kinora.errors import InvalidRequest, Unavailable

BUSY_SECONDS = 30
"""How long a writer of SQLite waits for another."""

QUEUE_LOCK = 0x6B696E6F
"""PostgreSQL's advisory lock under which the queue's decisions are made one after another."""

__all__ = ["Database", "normalised_url"]


def normalised_url(url: str) -> str:
    """A database's URL with the driver that we use; a plain path is SQLite's.

    Raises InvalidRequest for databases that are neither SQLite in a file nor PostgreSQL.
    """
    remedy = "for example sqlite:///kinora.db or postgresql://user@host/kinora"
    if "://" not in url:
        url = f"sqlite:///{Path(url).expanduser().absolute()}"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidRequest(url, rule="no database URL", remedy=remedy) from error
    kind = parsed.drivername.partition("+")[0]
    if kind in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if kind != "sqlite":
        raise InvalidRequest(kind, rule="the store is SQLite or PostgreSQL", remedy=remedy)
    if parsed.database in (None, "", ":memory:"):
        raise InvalidRequest(url, rule="workers are other processes, so the store is a file", remedy=remedy)
    return parsed.set(drivername="sqlite").render_as_string()


class Database:
    """Opens sessions. `clock` takes the place of the database's own time in tests."""

    def __init__(self, url: str, *, clock: Callable[[], float] | None = None, pool: int = 20) -> None:
        self.url = normalised_url(url)
        self.is_sqlite = self.url.startswith("sqlite")
        self._clock = clock
        options: dict[str, Any] = {"pool_size": pool, "max_overflow": 2 * pool, "pool_pre_ping": not self.is_sqlite}
        options["hide_parameters"] = True  # they hold prompts and secrets, and errors are logged
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        try:
            self.engine = create_engine(self.url, **options)
        except ModuleNotFoundError as error:
            raise Unavailable("PostgreSQL", rule=str(error), remedy="pip install 'kinora[postgres]'") from error
        if self.is_sqlite:
            _prepare(self.engine)
        self._writing = self.engine.execution_options(kinora_writes=True)
        self._watch: sqlite3.Connection | None = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only looks."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, *, queue: bool = False) -> Iterator[Session]:
        """A transaction, committed at the end of the block; with `queue` one after another with all others such."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            if queue and not self.is_sqlite:
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": QUEUE_LOCK})
            yield session

    def now(self, session: Session) -> float:
        """Seconds since 1970 by one clock for all machines: PostgreSQL's, or this machine's."""
        if self._clock is not None:
            return self._clock()
        if self.is_sqlite:
            return time.time()
        return float(session.scalar(select(func.extract("epoch", func.clock_timestamp()))) or 0)

    def version(self) -> int | None:
        """A number that every commit of anybody changes; None where there is none (PostgreSQL), or none to be had now.

        SQLite's `data_version`: some microseconds, and never a wait. For one thread.
        """
        if not self.is_sqlite:
            return None
        try:
            if self._watch is None:
                path = make_url(self.url).database or ""
                self._watch = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            (found,) = self._watch.execute("PRAGMA data_version").fetchone()
        except sqlite3.OperationalError:
            return None
        return int(found)

    def upgrade(self) -> None:
        """Create or upgrade the tables.

        Raises Unavailable if the database can't be reached, or is a newer version's.
        """
        from alembic.util import CommandError

        from kinora.serve.store.migrating import upgrade

        if self.is_sqlite:
            path = Path(make_url(self.url).database or "")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Unavailable(path, rule=f"no place for the store ({error.strerror})") from error
        shown = make_url(self.url).render_as_string(hide_password=True)
        try:
            with self._writing.connect() as connection:
                upgrade(connection, alone=not self.is_sqlite)
        except CommandError as error:
            rule, remedy = "the store was upgraded by a newer version of Kinora", "start that one, or use another store"
            raise Unavailable(shown, rule=rule, remedy=remedy) from error
        except SQLAlchemyError as error:
            raise Unavailable(shown, rule=f"the store can't be opened ({_first_line(error)})") from error

    def check(self) -> None:
        """Ask the database something. Raises SQLAlchemyError if it does not answer."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self.engine.dispose()


def _prepare(engine: Engine) -> None:
    """Take transactions out of the driver's hands, which begins them too late, and set up each new connection."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # FULL: an accepted job outlives a power cut, too.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("kinora_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
