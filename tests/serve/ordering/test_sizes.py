import math

import pytest

from kinora.errors import InvalidRequest
from kinora.grid import parse_size
from kinora.request import Limits
from kinora.serve.ordering.sizes import LARGER, SORA, nearest, offered, own_size

SMALL = Limits(size=(128, 128), fps=8, seconds=4, max_seconds=60, steps=24, guidance=4)
LARGE = Limits(size=(720, 1280), fps=16, seconds=5, max_seconds=10, steps=50, guidance=5, max_pixels=1280 * 720)


@pytest.mark.parametrize("asked", SORA)
def test_soras_sizes_are_met_in_shape_and_said_to_be(asked):
    size, note = offered(SMALL, asked, alias=True)
    height, width = parse_size(asked)
    assert abs(math.log(size[1] / size[0]) - math.log(width / height)) < 0.06
    assert 1 / LARGER <= size[0] * size[1] / (128 * 128) <= LARGER
    assert note == f"{asked} is not a size that this model makes: made at {size[1]}x{size[0]}, the nearest in shape"


def test_a_size_that_the_model_makes_is_made():
    assert offered(LARGE, "1280x720", alias=True) == ((720, 1280), "")
    assert offered(SMALL, "64x96", alias=True) == ((96, 64), "")
    assert offered(SMALL, None, alias=True) == (None, "")


def test_only_soras_own_sizes_and_only_for_its_own_programs():
    with pytest.raises(InvalidRequest, match="921,600 pixels a frame"):
        offered(SMALL, "1280x720", alias=False)
    with pytest.raises(InvalidRequest, match="nearest: 112x208"):
        offered(SMALL, "113x200", alias=True)


def test_the_nearest_of_the_models_own_shape_is_its_own():
    assert nearest(SMALL, (1024, 1024)) == (128, 128)


def test_an_edit_keeps_the_size_of_its_source_where_the_model_makes_it():
    assert own_size(SMALL, (96, 160)) == (96, 160)
    assert own_size(SMALL, (480, 854)) == (128, 128)
    assert own_size(SMALL, (100, 100)) == (128, 128)
