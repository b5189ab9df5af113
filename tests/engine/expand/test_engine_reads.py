"""What the engine does with an expander: words screened before and after, the result told first."""

import dataclasses

import numpy as np
import pytest

from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import DEFAULTS, save_tiny_model
from kinora.engine.engine import Engine
from kinora.engine.events import Done, Read, Refused, collect
from kinora.engine.expand import Expansion
from kinora.request import Shot
from kinora.safety import default_guard


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(save_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


class Fixed:
    """An expander that always writes the same."""

    def __init__(self, prompt: str) -> None:
        self.prompt, self.asked = prompt, []

    def expand(self, prompt, *, seconds, image=False, previous=""):
        self.asked.append((prompt, seconds, image))
        return Expansion(self.prompt, changed=self.prompt != prompt, notes=("a note",))


def film(model, expander, **asked):
    engine = Engine(model, default_guard(), expander)
    return list(engine.generate(Shot(**({"prompt": "a bunny", "seed": 7, "seconds": 0.5} | asked))))


def test_the_expansion_is_told_first_filmed_and_kept_in_the_clip(model):
    first, *_, last = film(model, Fixed("a red ball bounces"))
    assert first == Read("a bunny", "a red ball bounces", ("a note",))
    assert isinstance(last, Done)
    assert last.clip.prompt == "a red ball bounces"
    assert last.clip.info["prompt_asked"] == "a bunny"
    assert last.clip.info["expansion"] == ["a note"]
    (*_, plain) = film(model, None, prompt="a red ball bounces")
    assert np.array_equal(plain.clip.frames, last.clip.frames)


def test_words_that_stay_as_they_are_are_told_by_nothing(model):
    events = film(model, Fixed("a bunny"))
    assert not any(isinstance(event, Read) for event in events)
    assert "prompt_asked" not in events[-1].clip.info


def test_expansion_can_be_switched_off(model):
    expander = Fixed("a red ball bounces")
    (*_, last) = film(model, expander, expand=False)
    assert last.clip.prompt == "a bunny"
    assert expander.asked == []


def test_a_single_frame_is_expanded_as_a_picture(model):
    expander = Fixed("a red ball")
    film(model, expander, seconds=0.125)
    assert expander.asked == [("a bunny", 0.125, True)]


def test_refused_words_never_reach_the_expander(model):
    expander = Fixed("a red ball bounces")
    (event,) = film(model, expander, prompt="hardcore porn")
    assert isinstance(event, Refused)
    assert expander.asked == []


def test_what_an_expander_writes_is_screened_too(model):
    *_, last = film(model, Fixed("hardcore porn"))
    assert isinstance(last, Refused)


def test_a_model_can_name_its_expander(model):
    worldly = dataclasses.replace(model, defaults=dataclasses.replace(DEFAULTS, expander="world"))
    engine = Engine(worldly, default_guard())
    clip = collect(engine.generate(Shot("a blue bunny in the woods", seed=7, seconds=0.5)), "")
    assert clip.prompt.startswith("A blue fluffy creature hops up and down in an enchanted forest")
    assert Engine(model, default_guard()).read("a bunny", seconds=1) == Expansion("a bunny", changed=False)
