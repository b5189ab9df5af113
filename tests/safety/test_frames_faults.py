import numpy as np
import pytest

from kinora.safety.frames_faults import FaultFinder, roughness
from kinora.safety.frames_findings import Showing


def scene(count: int, size: int = 32) -> np.ndarray:
    """A square that moves over a smooth ground."""
    y, x = np.mgrid[:size, :size]
    frames = np.repeat(np.stack([x * 4, y * 4, 128 + x - y], axis=-1).astype(np.uint8)[None], count, axis=0)
    for index, frame in enumerate(frames):
        frame[8:14, index % 24 : index % 24 + 6] = (250, 20, 30)
    return frames


def faults(frames: np.ndarray, prompt: str = "a ball", chunk: int = 1000, fps: int = 8) -> list[tuple[int, str]]:
    finder, found = FaultFinder(Showing(fps=fps, prompt=prompt)), []
    for start in range(0, len(frames), chunk):
        found += [(start + one.frame, one.category) for one in finder(frames[start : start + chunk])]
    return found


def test_a_moving_scene_has_no_faults():
    assert faults(scene(40)) == []


@pytest.mark.parametrize(("value", "word"), [(3, "black"), (252, "white")])
def test_one_blank_frame_is_seen(value, word):
    frames = scene(20)
    frames[13] = value
    finder = FaultFinder(Showing(fps=8))
    assert [(one.frame, one.reason) for one in finder(frames)] == [(13, f"some frames are {word}")]


@pytest.mark.parametrize("chunk", [1, 5, 100])
def test_a_second_without_motion_is_seen_across_chunks(chunk):
    frames = scene(40)
    frames[10:30] = frames[10]
    assert faults(frames, chunk=chunk) == [(index, "frozen") for index in range(18, 30)]
    assert faults(frames, chunk=chunk, fps=24) == []


def test_a_small_thing_that_moves_is_motion_and_grain_is_not():
    frames = np.full((30, 32, 32, 3), 90, np.uint8)
    grain = frames + np.random.default_rng(0).integers(0, 3, frames.shape, np.uint8)
    assert len(faults(grain)) == 22
    frames[np.arange(30), 16, np.arange(30)] = 255
    assert faults(frames) == []


def test_noise_is_seen_and_texture_is_not():
    frames = scene(20)
    frames[7] = np.random.default_rng(0).integers(0, 256, frames[0].shape, np.uint8)
    assert faults(frames) == [(7, "noise")]
    rng = np.random.default_rng(1)
    texture = rng.integers(0, 256, (4, 16, 16, 3), np.uint8).repeat(2, axis=1).repeat(2, axis=2)
    stripes = np.where(np.arange(32) % 4 < 2, 255, 0).astype(np.uint8)[None, None, :, None].repeat(32, 1).repeat(3, 3)
    assert roughness(texture).max() < 0.6
    assert roughness(stripes).max() < 0.6
    assert roughness(scene(1)).max() < 0.3


@pytest.mark.parametrize(
    ("prompt", "category"),
    [
        ("a still photograph of a chair", "frozen"),
        ("fade to black", "blank"),
        ("snow on an old television", "noise"),
    ],
)
def test_what_was_asked_for_is_no_fault(prompt, category):
    frames = scene(40)
    frames[5], frames[20:] = 0, frames[20]
    frames[9] = np.random.default_rng(0).integers(0, 256, frames[0].shape, np.uint8)
    assert {name for _, name in faults(frames)} == {"blank", "frozen", "noise"}
    assert category not in {name for _, name in faults(frames, prompt)}


def test_a_camera_that_stands_still_is_no_wish_for_a_frozen_picture():
    frames = scene(40)
    frames[20:] = frames[20]
    for prompt in ("a ball, static camera", "a still camera, a ball", "a ball while the camera is static"):
        assert faults(frames, prompt), prompt
    assert not faults(frames, "a still life of fruit")
