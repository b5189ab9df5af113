import numpy as np
import pytest

from kinora.safety.frames_flashing import FlashMeter


def flashes(meter: FlashMeter, frames: np.ndarray, chunk: int = 10_000) -> list[int]:
    """The frames at which the meter objects, shown `chunk` at a time."""
    found = []
    for start in range(0, len(frames), chunk):
        found += [start + finding.frame for finding in meter(frames[start : start + chunk])]
    return sorted(set(found))


def steady(seconds: float, fps: int, value: int = 128, size: int = 32) -> np.ndarray:
    return np.full((round(seconds * fps), size, size, 3), value, np.uint8)


def blinking(count: int, *, fps: int = 24, low: int = 0, high: int = 255, hz: float = 4.0, area: float = 1.0):
    """Grey, then `count` flashes at `hz` over the left part of the picture, then grey."""
    frames = steady(4, fps, low)
    half = round(fps / hz / 2)
    for index in range(count):
        start = fps + 2 * half * index
        frames[start : start + half, :, : round(32 * area)] = high
    return frames


def test_three_flashes_a_second_are_allowed_and_four_are_not():
    assert flashes(FlashMeter(24), blinking(3)) == []
    # Seven transitions: the fourth flash's beginning, 3 periods of 6 frames after the first.
    assert flashes(FlashMeter(24), blinking(4))[0] == 24 + 18


def test_flashes_that_come_slowly_are_allowed():
    assert flashes(FlashMeter(24), blinking(6, hz=3)) == []
    assert flashes(FlashMeter(24), blinking(8, hz=4)) != []


def test_a_quarter_of_the_picture_may_flash():
    assert flashes(FlashMeter(24), blinking(8, area=0.25)) == []
    assert flashes(FlashMeter(24), blinking(8, area=0.29)) != []


def test_small_changes_and_changes_among_bright_greys_are_allowed():
    # On a screen of 200 cd/m2, 128 is 47 and 150 is 66 cd/m2; 155 is 70 cd/m2; 231 is over 160.
    assert flashes(FlashMeter(24), blinking(8, low=128, high=148)) == []
    assert flashes(FlashMeter(24), blinking(8, low=128, high=156)) != []
    assert flashes(FlashMeter(24), blinking(8, low=232, high=255)) == []
    assert flashes(FlashMeter(24), blinking(8, low=220, high=250)) != []


def test_saturated_red_flashes_whatever_its_luminance():
    red = steady(2, 24, 0)
    red[::2] = (120, 0, 0)  # 7 cd/m2, far less than a transition of light
    assert flashes(FlashMeter(24), red) != []
    brown = steady(2, 24, 0)
    brown[::2] = (60, 40, 20)
    assert flashes(FlashMeter(24), brown) == []
    blue = steady(2, 24, 0)
    blue[::2] = (0, 0, 160)
    assert flashes(FlashMeter(24), blue) == []


def test_between_colours_of_one_luminance_red_counts():
    frames = steady(2, 24, 0)
    frames[::2], frames[1::2] = (220, 0, 0), (0, 116, 0)
    found = FlashMeter(24)(frames)
    assert found
    assert "saturated red" in found[0].reason


@pytest.mark.parametrize("chunk", [1, 2, 7, 8, 33])
def test_chunks_may_end_anywhere(chunk):
    frames = blinking(4)
    assert flashes(FlashMeter(24), frames, chunk) == flashes(FlashMeter(24), frames)


def test_a_ramp_that_turns_counts_by_its_turns_and_not_by_its_steps():
    rising = np.linspace(0, 255, 240).astype(np.uint8)
    frames = np.broadcast_to(rising[:, None, None, None], (240, 32, 32, 3))
    assert flashes(FlashMeter(24), frames) == []
    waves = (127 + 120 * np.sin(np.arange(96) / 24 * 2 * np.pi * 4)).astype(np.uint8)
    assert flashes(FlashMeter(24), np.broadcast_to(waves[:, None, None, None], (96, 32, 32, 3))) != []


def test_the_rate_decides_what_a_second_is():
    """Alternating frames are 4 Hz at 8 frames a second and 1 Hz at 2."""
    frames = steady(4, 8, 0)
    frames[::2] = 255
    assert flashes(FlashMeter(8), frames)[0] == 7
    assert flashes(FlashMeter(2), frames) == []


def test_cuts_between_pictures_are_no_flashes():
    scenes = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), np.uint8).repeat(16, axis=1).repeat(16, axis=2)
    frames = scenes.repeat(8, axis=0)  # a cut every third of a second
    assert flashes(FlashMeter(24), frames) == []


def test_tall_wide_and_large_frames_are_measured_alike():
    for height, width in ((20, 300), (300, 20), (721, 1281)):
        frames = np.zeros((24, height, width, 3), np.uint8)
        frames[::3] = 255
        assert flashes(FlashMeter(24), frames) != []
