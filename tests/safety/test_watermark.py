"""Marks in pictures of noise and gradients: what the benchmark measures on real ones, in small."""

import numpy as np
import pytest

from kinora.safety.watermark import SUSPICION, Watermark, views
from kinora.safety.watermark_code import Payload
from kinora.safety.watermark_search import Place, at, bound

PAYLOAD = Payload.of("kinora-small", "1", "job-17")
MARK = Watermark(b"a key")


def scenes(count: int = 3, height: int = 128, width: int = 128, *, seed: int = 0) -> np.ndarray:
    """A texture with the spectrum of pictures, that drifts."""
    random, frames = np.random.default_rng(seed), []
    length = np.hypot(*np.meshgrid(np.fft.rfftfreq(width), np.fft.fftfreq(height)))
    textures = np.fft.irfft2(
        np.fft.rfft2(random.standard_normal((3, height, width))) / (0.01 + length) ** 1.7, s=(height, width)
    )
    textures = textures[0] + textures * 0.3
    for index in range(count):
        frames.append(np.roll(textures / textures.std() * 40 + 120, 2 * index, axis=2))
    return np.clip(np.rint(np.moveaxis(frames, 1, -1)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def plain():
    return scenes()


@pytest.fixture(scope="module")
def marked(plain):
    return MARK.embed(plain, PAYLOAD)


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2, axis=(1, 2, 3)))


def test_the_mark_is_found_with_its_payload_and_costs_less_than_40_db(plain, marked):
    found = MARK.detect(marked)
    assert found.found
    assert found.payload == PAYLOAD
    assert found.p_value < 1e-20
    assert found.bit_confidence > 0.9
    assert psnr(marked, plain).min() > 40.2


def test_nothing_is_found_without_a_mark_or_with_another_key(plain, marked):
    for found in (MARK.detect(plain), Watermark(b"another key").detect(marked)):
        assert not found.found
        assert found.payload is None
        assert found.p_value > SUSPICION


def test_one_frame_carries_everything_and_is_marked_alike_alone_and_in_a_stream(plain, marked):
    assert MARK.detect(marked[1:2]).payload == PAYLOAD
    assert np.array_equal(MARK.embed(plain[1:2], PAYLOAD), marked[1:2])


def test_a_crop_a_reflection_and_another_size_keep_it(marked):
    crop = MARK.detect(marked[:, 20:116, 9:105])
    assert crop.found
    assert crop.p_value < 1e-9
    assert crop.share == pytest.approx(0.75, abs=0.01)
    turned = MARK.detect(marked[:, :, ::-1])
    assert (turned.payload, turned.mirrored) == (PAYLOAD, True)
    half = (marked[:, ::2, ::2].astype(float) + marked[:, 1::2, ::2] + marked[:, ::2, 1::2] + marked[:, 1::2, 1::2]) / 4
    assert MARK.detect(half.astype(np.uint8)).payload == PAYLOAD


def test_brightness_and_noise_keep_it(marked):
    noise = np.random.default_rng(3).normal(0, 8, marked.shape)
    worse = np.clip(marked * 0.7 + noise, 0, 255).astype(np.uint8)
    assert MARK.detect(worse).payload == PAYLOAD


def test_large_and_oblong_frames_are_marked_on_the_same_canvas():
    frames = scenes(1, 270, 480, seed=4)
    marked = MARK.embed(frames, PAYLOAD)
    assert psnr(marked, frames).min() > 40
    assert MARK.detect(marked).p_value < 1e-12
    assert MARK.detect(marked[:, 40:240, 60:400]).found


def test_black_and_flat_frames_are_marked_without_running_over():
    flat = np.full((2, 128, 128, 3), 128, np.uint8)
    assert MARK.detect(MARK.embed(flat, PAYLOAD)).payload == PAYLOAD
    black = MARK.embed(flat * 0, PAYLOAD)
    assert black.max() < 32  # nothing wraps round to white


def test_no_frames_are_marked_as_none(plain):
    assert MARK.embed(plain[:0], PAYLOAD).shape == plain[:0].shape


def test_the_bound_holds_over_keys(plain):
    """Under keys that have nothing to do with a clip, p-values are no smaller than they say."""
    from kinora.safety.watermark_pattern import Pattern

    seen = views(plain)
    p = [bound(at(seen, Pattern.of(b"%d" % key), Place()).statistic, 1) for key in range(400)]
    for level in (0.5, 0.1, 0.02):
        assert np.mean(np.array(p) < level) <= level
    assert min(p) > SUSPICION
