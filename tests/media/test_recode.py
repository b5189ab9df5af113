import numpy as np
import pytest

from kinora.media import as_gif, as_jpeg, recoded


@pytest.fixture(scope="module")
def frames():
    rows, columns = np.mgrid[:48, :64]
    moving = [np.stack([rows * 4, columns * 3, np.full_like(rows, 20 * index)], axis=-1) for index in range(4)]
    return np.stack(moving).astype(np.uint8)


def difference(one, other):
    return np.abs(one.astype(float) - other).mean()


@pytest.mark.parametrize("codec", ["h264", "h265", "vp9"])
def test_a_codec_gives_as_many_frames_and_loses_more_at_a_higher_factor(frames, codec):
    fine, coarse = (recoded(frames, codec=codec, crf=crf, fps=8) for crf in (10, 45))
    assert fine.shape == coarse.shape == frames.shape
    assert difference(fine, frames) < 6
    assert difference(fine, frames) < difference(coarse, frames)


def test_a_gif_has_256_colours(frames):
    shown = as_gif(frames, fps=8)
    assert shown.shape == frames.shape
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) <= 256
    assert difference(shown, frames) < 12


def test_jpeg_is_a_frame_at_a_time(frames):
    assert difference(as_jpeg(frames, quality=95), frames) < 4
    assert np.array_equal(as_jpeg(frames, quality=50)[2:3], as_jpeg(frames[2:3], quality=50))
