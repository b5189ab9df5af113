import json

import numpy as np
import pytest

from kinora.errors import BadInputFile
from kinora.evals.attributes import CORE, NAMES, words
from kinora.evals.truth import judged, small
from kinora.world.sample import sample_scene
from kinora.world.scene import Scene


def write_shard(folder, name, scenes):
    clips = np.random.default_rng(0).integers(0, 256, (len(scenes), 5, 128, 128, 3), dtype=np.uint8)
    np.save(folder / f"{name}.npy", clips)
    samples = [{"scene": scene.to_dict(), "captions": []} for scene in scenes]
    (folder / f"{name}.json").write_text(json.dumps({"version": "1", "samples": samples}))
    return clips


@pytest.fixture
def scenes():
    return [sample_scene(seed) for seed in range(5)]


def half(scene: Scene):
    """A mask that covers the left half."""
    mask = np.zeros((2, 128, 128), np.uint8)
    mask[:, :, :64] = 255
    return mask


def test_shards_become_small_pictures_masks_and_words(tmp_path, scenes):
    clips = write_shard(tmp_path, "clips-00000", scenes[:3])
    write_shard(tmp_path, "clips-00001", scenes[3:])
    data = judged(tmp_path, draw_masks=half)
    assert len(data) == 5
    np.testing.assert_array_equal(data[2].pictures(), clips[2])
    np.testing.assert_array_equal(data[2].pictures(slice(1, 3)), clips[2, 1:3])
    for sample in data:
        masks = sample.masks()
        assert masks.shape == (2, 32, 32)
        assert (masks[..., :16] == 255).all()
        assert (masks[..., 16:] == 0).all()
    read = [{name: CORE[name][sample.labels[i]] for i, name in enumerate(NAMES)} for sample in data]
    assert read == [words(scene) for scene in scenes]


def test_larger_clips_are_made_small(tmp_path, scenes):
    write_shard(tmp_path, "clips-00000", scenes[:1])
    clips = np.random.default_rng(1).integers(0, 256, (1, 5, 256, 128, 3), dtype=np.uint8)
    np.save(tmp_path / "clips-00000.npy", clips)
    pictures = judged(tmp_path, draw_masks=half)[0].pictures()
    assert pictures.shape == (5, 128, 128, 3)
    np.testing.assert_allclose(pictures[3, 7, 9], clips[0, 3, 14:16, 9].mean(0), atol=0.51)


def test_masks_are_drawn_once_and_only_if_asked_for(tmp_path, scenes):
    write_shard(tmp_path, "clips-00000", scenes[:2])

    def never(scene):
        raise AssertionError("drawn")

    assert len(judged(tmp_path, draw_masks=never)) == 2
    first = judged(tmp_path, draw_masks=half)[1].masks()
    np.testing.assert_array_equal(judged(tmp_path, draw_masks=never)[1].masks(), first)


def test_a_folder_without_clips_and_words_beyond_the_core_are_refused(tmp_path, scenes):
    with pytest.raises(BadInputFile, match="holds no rendered clips"):
        judged(tmp_path, draw_masks=half)
    data = scenes[0].to_dict()
    data["shots"][0]["setting"] = "moon"
    write_shard(tmp_path, "clips-00000", [Scene.from_dict(data)])
    with pytest.raises(BadInputFile, match="beyond the core tier"):
        judged(tmp_path, draw_masks=half)


def test_a_small_cell_is_the_mean_of_its_pixels():
    clip = np.arange(4 * 4, dtype=np.uint8).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(small(clip, 2)[0, :, :, 0], [[3, 5], [11, 13]])
