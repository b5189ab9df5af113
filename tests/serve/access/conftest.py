"""A store of one's own, with a clock that stands still until it is moved."""

import pytest

from kinora.serve.access import Access, Caller, Limits
from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore

NOON = 20_000 * 86_400.0 + 43_200


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    database = Database(str(tmp_path / "kinora.db"), clock=clock)
    database.upgrade()
    yield JobStore(database)
    database.close()


@pytest.fixture
def access(store):
    return Access(store)


@pytest.fixture
def ada():
    return Caller("key_ada", "user", Limits(jobs=2, seconds=10, at_once=None), "Ada")


@pytest.fixture
def ask(store, access):
    """Queue a job as a route would."""
    from kinora.serve.store.values import NewJob

    def asked(caller: Caller, seconds: float = 4):
        new = NewJob(owner=caller.id, kind="generate", request={}, model="fake", size="64x64", seconds=float(seconds))
        return store.add(new, check=access.quotas.check(caller, seconds=seconds))

    return asked
