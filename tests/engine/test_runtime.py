"""Which model stays in memory, that two never do, and on which device."""

import weakref

import pytest

from kinora.checkpoints import store
from kinora.engine import runtime
from kinora.errors import InvalidRequest


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


@pytest.mark.parametrize(
    ("device", "message"), [("gpu", "device gpu: is none; there are cpu, cuda"), ("cuda:99", "of this kind here")]
)
def test_a_device_that_is_not_there_is_refused(device, message):
    with pytest.raises(InvalidRequest, match=message):
        runtime.device_of(device)
