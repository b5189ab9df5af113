import numpy as np
import pytest
import torch

from kinora.errors import CorruptWeights, InvalidRequest
from kinora.evals.attributes import CORE, NAMES
from kinora.evals.network import MASK_SIDE, Network, NetworkConfig, with_differences
from kinora.evals.recogniser import Recogniser, at_rate, prepared


@pytest.fixture(scope="module")
def untrained():
    torch.manual_seed(0)
    return Recogniser(Network(NetworkConfig()))


def noise(frames, height=64, width=64):
    return np.random.default_rng(0).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(9, 64, 64), (10, 128, 128), (33, 72, 128)])
def test_any_length_and_size_gives_a_word_for_every_attribute(untrained, size):
    reading = untrained.read(noise(*size))
    assert tuple(reading.words) == NAMES
    assert all(reading.words[name] in CORE[name] for name in NAMES)
    assert all(1 / len(CORE[name]) <= reading.confidence[name] <= 1 for name in NAMES)
    assert reading.masks.shape == (size[0], MASK_SIDE, MASK_SIDE)
    assert reading.features.shape == (128,)


def test_a_clip_is_read_alike_alone_and_among_others(untrained):
    clips = [noise(9), noise(17)]
    together = untrained.read_all(clips)
    np.testing.assert_allclose(together[1].features, untrained.read(clips[1]).features, atol=1e-6)


def test_masks_for_every_frame_change_no_word(untrained):
    pixels = prepared(noise(17))[None]
    with torch.inference_mode():
        few, all_frames = untrained.network(pixels, stride=2), untrained.network(pixels, stride=1)
    torch.testing.assert_close(few.features, all_frames.features)
    torch.testing.assert_close(few.masks, all_frames.masks[:, ::2])


def test_differences_are_of_luma_and_zero_at_the_ends():
    pixels = torch.rand(1, 9, 3, 4, 4)
    stacked = with_differences(pixels)
    luma = (pixels * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(2)
    assert stacked[0, 0, 3].abs().max() == 0
    assert stacked[0, -1, 4].abs().max() == 0
    torch.testing.assert_close(stacked[0, 4, 3], 4 * (luma[0, 4] - luma[0, 3]))
    torch.testing.assert_close(stacked[0, 4, 4], 4 * (luma[0, 5] - luma[0, 4]))


def test_other_frame_rates_are_brought_to_eight():
    frames = noise(49)
    assert len(at_rate(frames, 24)) == 17
    np.testing.assert_array_equal(at_rate(frames, 24)[-1], frames[-1])
    assert at_rate(frames, 8) is frames


def test_a_clip_too_short_for_motion_is_refused(untrained):
    with pytest.raises(InvalidRequest, match="8 frames at 8 fps: the recogniser needs 9 frames"):
        untrained.read(noise(8))
    with pytest.raises(InvalidRequest, match="at least 25 frames"):
        untrained.read(noise(20), fps=24)


def test_weights_survive_the_file_to_half_precision(untrained, tmp_path):
    path = tmp_path / "recogniser.safetensors"
    untrained.save(path, checked={"renders": {"subject": 0.99}})
    loaded = Recogniser.load(path)
    assert loaded.checked == {"renders": {"subject": 0.99}}
    np.testing.assert_allclose(loaded.read(noise(9)).features, untrained.read(noise(9)).features, atol=2e-2)
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_size < 3_000_000


@pytest.mark.parametrize("damage", [b"", b"not weights at all", None])
def test_damaged_weights_are_named(untrained, tmp_path, damage):
    path = tmp_path / "recogniser.safetensors"
    if damage is not None:
        path.write_bytes(damage)
    with pytest.raises(CorruptWeights, match=r"recogniser\.safetensors: not a recogniser's weights; make them"):
        Recogniser.load(path)
