"""Shards on disk: complete, resumable, the same however they are made."""

import json

import numpy as np
import pytest

from kinora.errors import InvalidRequest, OutputError
from kinora.world import VERSION
from kinora.world.dataset import render_dataset, sample_seed
from kinora.world.sample import sample_scene
from kinora.world.scene import Scene

SMALL = {"seed": 3, "size": (32, 32), "frames": 5, "samples": 1}


def test_seeds_depend_on_seed_kind_and_index_alone():
    assert sample_seed(3, "clips", 7) == sample_seed(3, "clips", 7)
    seeds = {sample_seed(s, kind, i) for s in (0, 1) for kind in ("clips", "images") for i in range(100)}
    assert len(seeds) == 400


def test_impossible_numbers_are_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="processes=0"):
        render_dataset(tmp_path, clips=1, images=0, processes=0, **SMALL)


@pytest.mark.usefixtures("gl")
def test_shards_hold_frames_scenes_and_captions_and_are_extended(tmp_path):
    heard = []
    first = render_dataset(tmp_path, clips=2, images=0, processes=1, progress=heard.append, **SMALL)
    assert heard == first
    assert [shard.path.name for shard in first] == ["clips-00000.npy"]
    clips = np.load(tmp_path / "clips-00000.npy")
    assert clips.shape == (2, 5, 32, 32, 3)
    assert clips.dtype == np.uint8
    assert clips.std() > 5
    index = json.loads((tmp_path / "clips-00000.json").read_text())
    assert index["version"] == VERSION
    assert len(index["samples"]) == 2
    scene = sample_scene(sample_seed(3, "clips", 1), frames=5, size=(32, 32))
    assert Scene.from_dict(index["samples"][1]["scene"]) == scene
    assert [caption["kind"] for caption in index["samples"][0]["captions"]] == ["medium", "medium", "long", "short"]

    again = render_dataset(tmp_path, clips=2, images=0, processes=1, **SMALL)
    assert [shard.fresh for shard in again] == [False]
    longer = render_dataset(tmp_path, clips=3, images=2, processes=2, **SMALL)
    assert [shard.fresh for shard in longer] == [True, True]
    assert np.array_equal(np.load(tmp_path / "clips-00000.npy")[:2], clips)
    assert np.load(tmp_path / "images-00000.npy").shape == (2, 1, 32, 32, 3)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}

    with pytest.raises(OutputError, match="new folder"):
        render_dataset(tmp_path, clips=3, images=0, **{**SMALL, "seed": 4})
