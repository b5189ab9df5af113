import dataclasses
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinora.errors import InvalidRequest
from kinora.grid import parse_size
from kinora.request import Limits, Shot

LIMITS = Limits(size=(128, 128), fps=8, seconds=4.0, max_seconds=4.0, steps=24, guidance=4.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prompt": ""}, "empty prompt"),
        ({"prompt": " \n\t"}, "empty prompt"),
        ({"seconds": 0}, "0 seconds: .* try 4"),
        ({"seconds": -1.5}, "-1.5 seconds"),
        ({"seconds": math.nan}, "nan seconds"),
        ({"seconds": math.inf}, "inf seconds"),
        ({"fps": 0}, "0 fps"),
        ({"steps": 0}, "0 steps: steps go from 1 to 200"),
        ({"steps": 201}, "201 steps"),
        ({"guidance": 0.5}, "guidance 0.5"),
        ({"guidance": math.nan}, "guidance nan"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**63}, "seed 9223372036854775808"),
    ],
)
def test_no_model_could_make_these(wrong, message):
    with pytest.raises(InvalidRequest, match=message):
        Shot(**({"prompt": "a red ball"} | wrong))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": (3, 3)}, "3x3: sides are at least 64 pixels; for example 128x128"),
        ({"size": (200, 113)}, "113x200: sides must be multiples of 16; nearest: 112x208 or 112x192"),
        ({"size": (64, 256)}, "256x64: the longer side is at most 3 times the shorter; for example 128x128"),
        ({"size": (1024, 1024)}, "1024x1024: 1,048,576 pixels a frame; this model goes up to 262,144"),
        ({"fps": 24}, "24 fps: this model makes 8 frames a second; use --fps 8 or leave it out"),
        ({"seconds": 10_000.0}, "10000 seconds: this model makes up to 4 seconds; try 4"),
        ({"seconds": 2.3}, "2.3 seconds: a clip is whole frames at 8 fps; nearest: 2.25 or 2.375"),
        ({"seconds": 0.01}, "0.01 seconds: a clip is whole frames at 8 fps; nearest: 0.125 or 0.25"),
    ],
)
def test_this_model_can_not_make_these_and_says_what_it_can(wrong, message):
    with pytest.raises(InvalidRequest) as caught:
        LIMITS.plan(Shot("a red ball", **wrong))
    assert str(caught.value).startswith(message)


def test_open_choices_take_the_models_defaults_and_made_choices_stay():
    plan = LIMITS.plan(Shot("a red ball", seconds=1.5, guidance=1.0, seed=3))
    expected = {"size": (128, 128), "fps": 8, "frames": 12, "seed": 3, "steps": 24, "guidance": 1.0}
    sampling = {"sampler": "unipc", "shift": 1, "guidance_high": None, "boundary": None, "cache": "off"}
    assert vars(plan) == {"prompt": "a red ball", "negative": "", **expected, **sampling}
    assert plan.seconds == 1.5


TWO = replace(
    LIMITS, guidance=3.0, guidance_high=4.0, boundary=0.875, negative="blurred", sampler="wan-unipc", shift=12.0
)


@pytest.mark.parametrize(
    ("asked", "low", "high"),
    [
        ({}, 3.0, 4.0),
        ({"guidance": 5.0}, 5.0, 5.0),
        ({"guidance": 5.0, "guidance_high": 6.0}, 5.0, 6.0),
        ({"guidance_high": 6.0}, 3.0, 6.0),
    ],
)
def test_two_experts_have_a_guidance_each(asked, low, high):
    plan = TWO.plan(Shot("a red ball", **asked))
    assert (plan.guidance, plan.guidance_high) == (low, high)
    assert plan.sampling == {"sampler": "wan-unipc", "shift": 12.0, "guidance_high": high, "boundary": 0.875}


def test_a_model_with_one_expert_has_no_second_guidance():
    with pytest.raises(InvalidRequest, match="a second guidance of 4: is for models with two experts"):
        LIMITS.plan(Shot("a red ball", guidance_high=4))


@pytest.mark.parametrize(("asked", "read"), [("", "blurred"), ("rain", "rain"), (" ", "")])
def test_an_empty_negative_is_the_models_own_and_one_of_spaces_is_none(asked, read):
    assert TWO.plan(Shot("a red ball", negative=asked)).negative == read


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sampler": "ddim"}, "ddim: no such sampler; there are unipc, "),
        ({"shift": 0}, "shift 0: a shift lies above 0"),
        ({"guidance_high": 99}, "guidance 99: guidance goes from 1"),
        ({"cache": "wild"}, "cache wild: no such cache; there are off, safe, fast"),
    ],
)
def test_how_it_is_sampled_is_checked(wrong, message):
    with pytest.raises(InvalidRequest) as caught:
        Shot("a red ball", **wrong)
    assert str(caught.value).startswith(message)


def test_a_seed_nobody_chose_is_drawn():
    assert LIMITS.plan(Shot("a red ball")).seed != LIMITS.plan(Shot("a red ball")).seed


@given(height=st.integers(60, 600), width=st.integers(60, 600))
def test_the_sizes_named_instead_can_be_had(height, width):
    try:
        LIMITS.plan(Shot("a red ball", size=(height, width)))
    except InvalidRequest as error:
        offered = re.findall(r"\d+x\d+", error.remedy)
        assert offered
        assert all(LIMITS.plan(Shot("a red ball", size=parse_size(one))) for one in offered)


@pytest.mark.parametrize("size", [(128, 384), (96, 160), (128, 128), (160, 96), (384, 128)])
@pytest.mark.parametrize("frames", [1, 2, 33, 34, 159, 480])
def test_any_shape_and_any_number_of_frames_are_planned_exactly(size, frames):
    limits = dataclasses.replace(LIMITS, max_seconds=60)
    plan = limits.plan(Shot("a red ball", size=size, seconds=frames / 8))
    assert (plan.size, plan.frames) == (size, frames)


@given(height=st.integers(1, 700), width=st.integers(1, 700))
def test_a_size_is_made_exactly_or_refused(height, width):
    try:
        plan = LIMITS.plan(Shot("a red ball", size=(height, width)))
    except InvalidRequest:
        return
    assert plan.size == (height, width)
    assert LIMITS.grid.accepts(height, width)
