from dataclasses import replace
from itertools import pairwise

import numpy as np

from kinora.safety.noise_mark import SUSPICION, NoiseMark, inverted
from kinora.safety.watermark_code import Payload

PAYLOAD = Payload.of("kinora-small", "1", "job-17")
MARK = NoiseMark(b"a key")
SHAPE = (48, 9, 8, 8)


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


def blurred(values: np.ndarray, correlation: float) -> np.ndarray:
    return (correlation * values + np.sqrt(1 - correlation**2) * noise(99)).astype(np.float32)


def test_sizes_stay_as_the_seed_drew_them_and_signs_come_from_the_payload():
    plain = noise()
    marked = MARK.write(plain, PAYLOAD)
    assert np.array_equal(np.abs(marked), np.abs(plain))
    assert np.array_equal(np.sign(marked), np.sign(MARK.write(noise(1), PAYLOAD)))
    agree = (np.sign(marked) == np.sign(MARK.write(plain, replace(PAYLOAD, job=PAYLOAD.job ^ 1)))).mean(axis=(1, 2, 3))
    assert np.abs(agree - 0.5).max() < 0.3  # one bit of the payload changes half of the signs, everywhere


def test_over_keys_the_noise_is_normal_and_its_numbers_are_independent():
    plain = noise()[:, :2]
    signs = np.stack([np.sign(NoiseMark(b"%d" % key).write(plain, PAYLOAD)).ravel() for key in range(100)])
    assert abs(signs.mean()) < 0.01
    for far in (1, 64, plain[0].size // 2):  # neighbours in width, channel and time know nothing of one another
        assert np.abs((signs[:, :-far] * signs[:, far:]).mean(axis=0)).mean() < 0.11


def test_the_mark_is_read_from_noise_recovered_by_a_fifth():
    found = MARK.read(blurred(MARK.write(noise(), PAYLOAD), 0.2))
    assert found.found
    assert found.payload == PAYLOAD
    assert found.p_value < 1e-12


def test_blocks_marked_one_by_one_and_trims_are_read():
    plain = noise()
    marked = MARK.write(plain, PAYLOAD)
    assert np.array_equal(MARK.write(plain[:, 3:5], PAYLOAD, start=3), marked[:, 3:5])
    found = MARK.read(marked[:, 2:7])
    assert (found.payload, found.start) == (PAYLOAD, 2)


def test_other_noise_and_other_keys_say_nothing():
    marked = MARK.write(noise(), PAYLOAD)
    for found in (MARK.read(noise(5)), NoiseMark(b"another").read(marked)):
        assert not found.found
        assert found.payload is None
    assert min(NoiseMark(b"%d" % key).read(noise(5)).p_value for key in range(3)) > SUSPICION


def test_euler_is_undone():
    """Data N(1, 0.25): the velocity that leads there is known in closed form."""

    def velocity(x: np.ndarray, sigma: float) -> np.ndarray:
        variance = 0.25 * (1 - sigma) ** 2 + sigma**2
        clean = 1 + 0.25 * (1 - sigma) / variance * (x - (1 - sigma))
        return (x - clean) / sigma

    sigmas = [1.0, 0.9, 0.75, 0.6, 0.45, 0.3, 0.15, 0.0]
    start = MARK.write(noise(), PAYLOAD).astype(float)
    x = start
    for sigma, lower in pairwise(sigmas):
        x = x + (lower - sigma) * velocity(x, sigma)
    back = inverted(x, velocity, sigmas, rounds=40)
    assert np.abs(back - start).max() < 1e-3
    rough = inverted(x, velocity, sigmas, rounds=2)
    assert MARK.read(rough.astype(np.float32)).payload == PAYLOAD
