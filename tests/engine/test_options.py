import inspect

import pytest

import kinora
from kinora.checkpoints.tiny import save_tiny_model
from kinora.engine.edits.planning import Options
from kinora.engine.edits.verbs import Given
from kinora.engine.options import Filming, parted
from kinora.engine.runtime import Runtime
from kinora.errors import InvalidRequest
from kinora.request import Sampling
from kinora.safety import lists_only_guard

VERBS = ("generate", "image", "story", "animate", "extend", "join", "blend", "loop", "remix")
FROM_WORDS = {name: field for kind in (Sampling, Runtime) for name, field in kind.__dataclass_fields__.items()}
FROM_SOURCES = FROM_WORDS | Options.__dataclass_fields__


@pytest.mark.parametrize("name", VERBS)
def test_help_shows_every_keyword_that_a_verb_takes_with_its_default(name):
    shown = inspect.signature(getattr(kinora, name)).parameters
    expected = FROM_WORDS if name in ("generate", "image", "story") else FROM_SOURCES
    assert {one: shown[one].default for one in expected} == {one: field.default for one, field in expected.items()}
    assert all(shown[one].kind is inspect.Parameter.KEYWORD_ONLY for one in expected)
    assert not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in shown.values())


def test_editors_are_told_the_same_keywords_and_types():
    for typed, told in ((Filming, FROM_WORDS), (Given, FROM_SOURCES)):
        keywords = {name: one.__forward_arg__ for name, one in typed.__annotations__.items()}
        assert keywords == {name: field.type for name, field in told.items()} | (
            {"size": "str | Size | None"} if typed is Given else {}
        )


@pytest.mark.parametrize("name", VERBS)
def test_a_keyword_that_there_is_not_is_refused_by_name(name):
    with pytest.raises(TypeError, match=rf"^{name}\(\) got an unexpected keyword argument 'sed'$"):
        getattr(kinora, name)("a", *["b"] * (name in ("animate", "join", "blend", "remix")), sed=7)


def test_what_is_left_out_is_left_to_the_model_and_a_tier_chooses_the_cache():
    runtime, sampling = parted({"seed": 7, "tier": "fast"})
    assert (runtime, sampling) == (Runtime(tier="fast"), {"cache": "safe", "seed": 7})
    assert parted({"tier": "fast", "cache": "off"})[1] == {"cache": "off"}
    with pytest.raises(InvalidRequest, match="tier slow: no such tier; there are exact, fast"):
        parted({"tier": "slow"})


def test_every_way_to_film_tells_how_long_the_model_took_to_load(tmp_path):
    asked = {"model": str(save_tiny_model(tmp_path / "tiny")), "guard": lists_only_guard(), "device": "cpu", "seed": 3}
    clip = kinora.generate("a red ball bounces", seconds=0.5, **asked)
    told = kinora.story("A ball rolls. Cut to a forest.", seconds=1, **asked)
    for made in (clip, told, kinora.extend(clip, **asked)):
        assert set(made.info["timings"]) == {"load", "read", "denoise", "decode"}
