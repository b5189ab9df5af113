"""Which model stays in memory, and that two never do."""

import weakref

import pytest

from kinora.checkpoints import store
from kinora.engine import runtime


class Loaded:
    """A model, as far as being held goes."""

    def __init__(self, name):
        self.name, self.itself = name, self  # networks whose blocks visit a device know themselves, too


@pytest.fixture
def asked(monkeypatch):
    """The names that were loaded, each with how many others were in memory then."""
    told, made = [], []

    def load_model(name, *_given, **_named):
        told.append((name, sum(one() is not None for one in made)))
        model = Loaded(name)
        made.append(weakref.ref(model))
        return model

    monkeypatch.setattr(store, "load_model", load_model)
    monkeypatch.setattr(runtime, "_LOADED", {})
    return told


def test_the_last_model_stays_and_goes_before_another_comes(asked):
    assert runtime.loaded("kinora-small", "cpu") is runtime.loaded("kinora-small", "cpu")
    assert asked == [("kinora-small", 0)]
    assert runtime.loaded("kinora-small", "cpu", "fast").name == "kinora-small"
    assert asked[1:] == [("kinora-small", 0)]
