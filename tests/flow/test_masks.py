import pytest
import torch

from kinora.flow.masks import token_mask


def test_a_token_may_change_if_any_of_its_pixels_may():
    pixels = torch.zeros(9, 8, 8)
    pixels[0, 0, 0] = 1
    pixels[5, 7, 3] = 0.5
    mask = token_mask(pixels, (4, 4, 4))
    assert mask.shape == (1, 1, 3, 2, 2)
    assert mask.nonzero()[:, 2:].tolist() == [[0, 0, 0], [2, 1, 0]]
    assert mask[0, 0, 2, 1, 0] == 0.5


def test_one_picture_serves_every_frame():
    pixels = torch.zeros(1, 8, 8)
    pixels[0, 2, 6] = 1
    assert token_mask(pixels, (4, 4, 4))[0, 0].tolist() == [[[0, 1], [0, 0]]]


def test_frames_in_the_midst_of_a_clip_have_no_single_first_one():
    pixels = torch.zeros(8, 4, 4)
    pixels[4] = 1
    assert token_mask(pixels, (4, 4, 4), opening=False).flatten().tolist() == [0, 1]


def test_what_does_not_fit_the_grid_is_an_error():
    for shape in ((8, 8, 8), (5, 6, 8)):
        with pytest.raises(ValueError, match="a mask of"):
            token_mask(torch.zeros(shape), (4, 4, 4))
