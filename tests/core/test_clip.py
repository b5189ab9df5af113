import dataclasses

import numpy as np
import pytest

from kinora.clip import Clip


def make_clip(**info):
    frames = np.zeros((8, 16, 32, 3), np.uint8)
    frames[:, :, ::4] = np.arange(8, dtype=np.uint8)[:, None, None, None] * 30
    return Clip(frames=frames, fps=8, prompt='a "red" ball', seed=7, model="test", info=info)


def test_a_clip_knows_its_size_and_length():
    clip = make_clip()
    assert clip.size == (16, 32)
    assert clip.seconds == 1.0
    assert repr(clip) == """<Clip 1 s, 32x16 at 8 fps, seed 7: 'a "red" ball'>"""


@pytest.mark.parametrize("shape", [(8, 8, 3), (2, 8, 8, 4), (2, 8, 8)])
def test_frames_are_t_h_w_3(shape):
    with pytest.raises(AssertionError):
        Clip(frames=np.zeros(shape, np.uint8), fps=8, prompt="p", seed=0, model="test")


def test_frames_nobody_reviewed_are_reviewed_when_they_are_saved(tmp_path):
    claimed = make_clip(frames_reviewed=7)
    assert claimed.save(tmp_path / "clip.mp4").exists()
    assert claimed.info["frames_reviewed"] == 8


def test_a_notebook_shows_a_playing_video_with_the_prompt_escaped():
    page = make_clip()._repr_html_()
    assert 'src="data:video/mp4;base64,' in page
    assert "a &quot;red&quot; ball" in page


def test_a_notebook_shows_a_picture_as_a_picture():
    clip = make_clip()
    page = dataclasses.replace(clip, frames=clip.frames[:1], info={})._repr_html_()
    assert page.startswith("<img ")
    assert 'src="data:image/png;base64,' in page
