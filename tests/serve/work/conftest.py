"""A store and a storage of a test's own, and orders for colour bars."""

import itertools
import shutil

import pytest

from kinora.serve.schemas.order import Order
from kinora.serve.settings import Settings
from kinora.serve.store.database import Database
from kinora.serve.store.values import NewJob
from kinora.serve.work.desk import open_desk
from kinora.serve.work.machine import this_hand


@pytest.fixture(scope="session")
def upgraded(tmp_path_factory):
    path = tmp_path_factory.mktemp("work") / "template.db"
    database = Database(str(path))
    database.upgrade()
    database.close()
    return path


@pytest.fixture
def settings(tmp_path, upgraded):
    shutil.copy(upgraded, tmp_path / "kinora.db")
    return Settings(
        model="fake", database=str(tmp_path / "kinora.db"), storage=str(tmp_path / "files"), preview=0, threads=1
    )


@pytest.fixture
def desk(settings):
    desk = open_desk(settings)
    yield desk
    desk.store.database.close()


@pytest.fixture
def hand(settings):
    return this_hand("worker_here", settings)


@pytest.fixture
def order(desk):
    """Accept a job of half a second of bars, or whatever else is said of it; returns the job."""
    numbers = itertools.count()

    def accepted(prompt: str = "a red ball", *, owner: str = "ada", **said: object):
        fields = {"kind": "generate", "model": "fake", "seconds": 0.5, "size": "64x64", "seed": next(numbers)}
        order = Order(prompt=prompt, **{**fields, **said})
        inputs = tuple(order.inputs.values())
        new = NewJob(
            owner=owner,
            kind=order.kind,
            request=order.stored(),
            model="fake",
            size="64x64",
            seconds=0.5,
            inputs=inputs,
        )
        return desk.store.add(new)

    return accepted
