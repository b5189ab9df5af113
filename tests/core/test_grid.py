import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinora.errors import InvalidRequest
from kinora.grid import Grid, format_size, parse_size

WAN_TI2V = Grid(stride=(4, 16, 16), patch=(1, 2, 2))


@given(seconds=st.floats(0.01, 70), fps=st.integers(1, 60))
def test_frames_are_the_smallest_4n_plus_1_that_covers_the_time(seconds, fps):
    frames = Grid().frames_for(seconds, fps)
    assert frames % 4 == 1
    assert frames >= seconds * fps - 1e-5
    assert frames - 4 < seconds * fps


@pytest.mark.parametrize(("seconds", "frames"), [(0.125, 1), (0.25, 5), (4.0, 33), (4.125, 33), (4.25, 37), (60, 481)])
def test_frames_for_at_eight_a_second(seconds, frames):
    assert Grid().frames_for(seconds, 8) == frames


def test_latents_and_tokens():
    assert Grid().latent_shape(33, 128, 160) == (9, 8, 10)
    assert Grid().token_count(33, 128, 160) == 720
    assert Grid().latent_shape(1, 16, 16) == (1, 1, 1)
    assert WAN_TI2V.token_count(121, 704, 1280) == 31 * 22 * 40


@given(frames=st.integers(1, 500), stride=st.integers(1, 8))
def test_latent_frames_hold_whole_groups_and_the_first_a_single_frame(frames, stride):
    grid = Grid(stride=(stride, 8, 8))
    latents = grid.latents_for(frames)
    assert grid.frames_of(1) == 1
    assert grid.frames_of(latents + 1) - grid.frames_of(latents) == stride
    assert grid.frames_of(latents) - stride < frames <= grid.frames_of(latents)
    assert grid.whole(frames) == max(n for n in range(1, frames + 1) if n % stride == 1 % stride)


@pytest.mark.parametrize("shape", [(32, 128, 128), (33, 120, 128), (33, 128, 100), (0, 128, 128)])
def test_sizes_off_the_grid_are_a_programming_error(shape):
    with pytest.raises(AssertionError):
        Grid().latent_shape(*shape)


@given(height=st.integers(1, 3000), width=st.integers(1, 3000))
def test_nearest_sizes_are_the_two_closest_by_brute_force(height, width):
    grid = Grid()
    near = grid.nearest_sizes(height, width, smallest=64)
    around = [
        (16 * h, 16 * w)
        for h in range(max(4, height // 16 - 2), max(4, height // 16 - 2) + 5)
        for w in range(max(4, width // 16 - 2), max(4, width // 16 - 2) + 5)
    ]
    distances = sorted(math.dist(size, (height, width)) for size in around)
    assert [math.dist(size, (height, width)) for size in near] == pytest.approx(distances[:2])
    assert all(grid.accepts(*size) and min(size) >= 64 for size in near)


@given(height=st.integers(1, 99999), width=st.integers(1, 99999))
def test_sizes_read_back_as_written(height, width):
    assert parse_size(format_size((height, width))) == (height, width)


def test_a_size_is_width_by_height():
    assert parse_size("160x96") == (96, 160)
    assert parse_size(" 160 × 96 ") == (96, 160)


@pytest.mark.parametrize("text", ["", "128", "128x", "x128", "axb", "-1x4", "1.5x3", "128x128x3", "1234567x1"])
def test_anything_else_is_no_size(text):
    with pytest.raises(InvalidRequest, match="WIDTHxHEIGHT"):
        parse_size(text)
