"""The store opens where it is told, with the tables that the code knows."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kinora.errors import InvalidRequest, Unavailable
from kinora.serve.store.database import Database, normalised_url
from kinora.serve.store.tables import metadata


def test_migrations_give_the_tables_that_the_code_knows(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata()) == []


def test_upgrading_again_changes_nothing(database):
    database.upgrade()
    database.check()


def test_sqlite_flushes_what_is_accepted_and_lets_readers_read(tmp_path):
    database = Database(str(tmp_path / "kinora.db"))
    with database.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
    database.close()


def test_a_write_that_fails_leaves_nothing(database):
    def failing():
        with database.write() as session:
            session.execute(text("INSERT INTO turns (owner, begun) VALUES ('ada', 1)"))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        failing()
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM turns")) == 0


def test_decisions_of_the_queue_are_made_one_after_another(database):
    def raise_by_one():
        with database.write(queue=True) as session:
            begun = session.scalar(text("SELECT begun FROM turns WHERE owner = 'ada'"))
            session.execute(text("UPDATE turns SET begun = :begun"), {"begun": begun + 1})

    with database.write() as session:
        session.execute(text("INSERT INTO turns (owner, begun) VALUES ('ada', 0)"))
    threads = [threading.Thread(target=raise_by_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.scalar(text("SELECT begun FROM turns")) == 8


@pytest.mark.parametrize(
    ("url", "normalised"),
    [
        ("/var/kinora.db", "sqlite:////var/kinora.db"),
        ("sqlite:////var/kinora.db", "sqlite:////var/kinora.db"),
        ("postgres://ada:secret@host/kinora", "postgresql+psycopg://ada:secret@host/kinora"),
        ("postgresql+psycopg://host/kinora", "postgresql+psycopg://host/kinora"),
    ],
)
def test_urls_are_those_of_the_drivers_we_use(url, normalised):
    assert normalised_url(url) == normalised


@pytest.mark.parametrize("url", ["mysql://host/kinora", "sqlite://", "sqlite:///:memory:", "://"])
def test_other_databases_are_refused(url):
    with pytest.raises(InvalidRequest, match=r"store|URL"):
        normalised_url(url)


def test_a_store_of_a_newer_version_is_left_alone(tmp_path):
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="by a newer version of Kinora; start that one"):
        database.upgrade()
    database.close()


def test_an_error_of_the_store_tells_nobodys_words(database):
    with pytest.raises(SQLAlchemyError) as error, database.write() as session:
        session.execute(text("INSERT INTO nothing (prompt) VALUES (:prompt)"), {"prompt": "my secret words"})
    assert "INSERT INTO nothing" in str(error.value)
    assert "secret" not in str(error.value)


def test_a_store_that_cannot_be_reached_says_so_without_its_password(tmp_path):
    with pytest.raises(Unavailable) as error:
        Database("postgresql://ada:secret@127.0.0.1:1/kinora").upgrade()
    assert "secret" not in str(error.value)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="no place"):
        Database(str(tmp_path / "file" / "kinora.db")).upgrade()
