import numpy as np
import pytest
import torch

from kinora.errors import CorruptWeights, InvalidRequest
from kinora.evals.attributes import CORE, NAMES
from kinora.evals.network import MASK_SIDE, SIDE, Network, NetworkConfig
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


def test_pictures_are_brought_to_the_networks_size_and_keep_their_colours():
    frames = np.full((9, 60, 200, 3), (10, 120, 250), np.uint8)
    pixels = prepared(frames)
    assert pixels.shape == (9, 3, SIDE, SIDE)
    torch.testing.assert_close(pixels[4, :, 7, 9] * 255, torch.tensor([10.0, 120.0, 250.0]))


def test_the_second_look_replaces_subject_and_weather_and_leaves_the_setting(untrained):
    pixels = prepared(noise(9))[None]
    with torch.inference_mode():
        first, both = untrained.network.overview(pixels), untrained.network(pixels)
    for name in ("setting", "light", "camera"):
        torch.testing.assert_close(first.logits[name], both.logits[name])
    for name in ("subject", "colour", "weather", "action"):
        assert (first.logits[name] - both.logits[name]).abs().max() > 1e-3


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
