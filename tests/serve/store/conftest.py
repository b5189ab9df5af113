"""A fresh store for every test, on SQLite and on PostgreSQL, whose clock stands still until it is moved."""

import shutil

import pytest
from sqlalchemy import text

from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.rows import Rules
from kinora.serve.store.tables import metadata
from kinora.serve.store.values import Hand, NewJob


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A SQLite file with all tables."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    database = Database(str(path))
    database.upgrade()
    database.close()
    return path


@pytest.fixture(scope="session")
def upgraded(cluster):
    database = Database(cluster)
    database.upgrade()
    database.close()
    return cluster


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path, clock):
    if request.param == "sqlite":
        url = str(shutil.copy(request.getfixturevalue("template"), tmp_path / "kinora.db"))
    else:
        url = request.getfixturevalue("upgraded")
    database = Database(url, clock=clock)
    if not database.is_sqlite:
        with database.write() as session:
            names = ", ".join(table.name for table in metadata().sorted_tables)
            session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield database
    database.close()


@pytest.fixture
def store(database):
    return JobStore(database, Rules(waiting=12, waiting_each=10, lease=30, faults=3, retention=0))


@pytest.fixture
def new():
    """A NewJob of somebody, with whatever else is said."""

    def made(owner: str = "ada", **said: object) -> NewJob:
        fields = {"kind": "generate", "request": {"prompt": "a ball"}, "model": "fake", "size": "64x64", "seconds": 1}
        return NewJob(owner=owner, **{**fields, **said})

    return made


@pytest.fixture
def hand():
    """A worker by name."""

    def made(name: str = "w1", host: str = "here", budget: int = 0) -> Hand:
        return Hand(id=name, host=host, pid=1, born=0.0, budget=budget)

    return made
