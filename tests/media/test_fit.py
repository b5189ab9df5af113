import numpy as np
import pytest

from kinora.errors import InvalidRequest
from kinora.media.fit import check_fit, described, fitted


def halves(height, width, dtype=np.uint8):
    """Left half white, right half black."""
    picture = np.zeros((height, width, 3), dtype)
    picture[:, : width // 2] = np.iinfo(dtype).max
    return picture


def test_a_picture_of_the_right_size_is_left_alone_to_the_bit():
    picture = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
    for fit in ("cover", "contain", "stretch"):
        assert fitted(picture, (32, 48), fit) is picture
    assert described((32, 48), (32, 48), "cover") is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_each_way_to_fit_a_wide_picture_into_a_square(dtype):
    wide, full = halves(40, 80, dtype), np.iinfo(dtype).max
    wide[:, 60:] = full // 2  # the outer quarters tell a crop from a squeeze
    covered, stretched, contained = (fitted(wide, (32, 32), fit) for fit in ("cover", "stretch", "contain"))
    assert {picture.shape for picture in (covered, stretched, contained)} == {(32, 32, 3)}
    assert {picture.dtype for picture in (covered, stretched, contained)} == {np.dtype(dtype)}
    assert covered[16, 30].max() < full // 20  # cropped: the grey quarter is gone
    assert abs(int(stretched[16, 30, 0]) - full // 2) <= full // 50  # squeezed: it is there
    assert contained[:7].max() == contained[-7:].max() == 0  # bars
    assert contained[16, 4, 0] >= full - full // 50


def test_pixels_that_are_not_square_are_shown_as_wide_as_they_are():
    tall = halves(40, 20)  # with pixels twice as wide as high it is shown at 40x40
    assert fitted(tall, (40, 40), "contain", shape=2.0)[:, [0, -1]].mean(axis=(0, 2)).tolist() == [255, 0]


@pytest.mark.parametrize(
    ("source", "fit", "words"),
    [
        ((256, 256), "cover", "scaled from 256x256 to 128x128"),
        ((64, 64), "stretch", "enlarged from 64x64 to 128x128"),
        ((480, 854), "cover", "cropped in the middle from 854x480 to 480x480, then scaled to 128x128"),
        ((480, 854), "contain", "scaled from 854x480 to 128x72, with black bars to 128x128"),
        ((480, 854), "stretch", "stretched out of shape from 854x480 to 128x128"),
    ],
)
def test_what_was_done_is_said(source, fit, words):
    assert described(source, (128, 128), fit) == words


def test_an_unknown_way_to_fit_is_refused():
    assert check_fit("contain") == "contain"
    with pytest.raises(InvalidRequest, match="zoom: pictures are fitted by cover, contain or stretch"):
        check_fit("zoom")
