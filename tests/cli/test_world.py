import json

import numpy as np
import pytest

from kinora.media import read_video

pytestmark = pytest.mark.gl


def test_rendering_writes_shards_and_goes_on_where_it_stopped(kinora, tmp_path):
    arguments = ("world", "render", "data", "--clips", 2, "--images", 3, "--size", "48x32", "--frames", 5)
    done = kinora(*arguments, "--processes", 1)
    assert (done.returncode, done.stdout) == (0, "data\n"), done.stderr
    shard = tmp_path / "data" / "clips-00000.npy"
    assert np.load(shard).shape == (2, 5, 32, 48, 3)
    assert len(json.loads(shard.with_suffix(".json").read_text())["samples"]) == 2
    written = shard.stat().st_mtime_ns
    assert kinora(*arguments).returncode == 0
    assert shard.stat().st_mtime_ns == written


def test_showing_a_scene_prints_its_caption(kinora, tmp_path):
    chosen = ("--subject", "cube", "--colour", "purple", "--action", "spin", "--setting", "beach", "--camera", "static")
    done = kinora("world", "show", *chosen, "--seconds", 1, "--size", "64x64", "-o", "cube.mp4")
    assert done.returncode == 0, done.stderr
    caption, path = done.stdout.splitlines()
    assert path == "cube.mp4"
    assert "purple cube" in caption
    assert "beach" in caption
    frames, _ = read_video(tmp_path / "cube.mp4")
    assert frames.shape[1:] == (64, 64, 3)


def test_a_word_the_world_lacks_is_refused_with_the_words_it_has(kinora, tmp_path):
    done = kinora("world", "show", "--colour", "mauve", "-o", "x.mp4")
    assert done.returncode == 2
    assert "'mauve': is not a colour of the world; one of red, orange" in done.stderr
    assert list(tmp_path.iterdir()) == []
