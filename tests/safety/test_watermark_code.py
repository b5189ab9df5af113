import numpy as np
import pytest

from kinora.safety import watermark_code
from kinora.safety.watermark_code import CHIPS, Payload, crc, decode, encode

PAYLOAD = Payload.of("kinora-small", "1", "job-17")


def soft(payload: Payload) -> np.ndarray:
    return encode(payload) * 2.0 - 1.0


def test_a_payload_comes_back():
    assert encode(PAYLOAD).shape == (CHIPS,)
    for payload in (PAYLOAD, Payload(0, 0, 0), Payload((1 << 12) - 1, 15, (1 << 24) - 1)):
        assert decode(soft(payload)) == payload


def test_the_checksum_is_the_published_one():
    assert crc(b"123456789") == 0x29B1  # the check value of CRC-16/CCITT-FALSE


def test_one_chip_in_eight_may_be_wrong():
    random = np.random.default_rng(0)
    read = 0
    for _ in range(20):
        chips = soft(PAYLOAD)
        chips[random.choice(CHIPS, CHIPS // 8, replace=False)] *= -1
        read += decode(chips) == PAYLOAD
    assert read >= 19


def test_noise_is_no_payload():
    random = np.random.default_rng(1)
    assert [decode(random.standard_normal(CHIPS)) for _ in range(40)] == [None] * 40


def test_a_payload_names_its_model_and_no_other():
    assert PAYLOAD.names("kinora-small", "1")
    assert not PAYLOAD.names("kinora-small", "2")
    assert not PAYLOAD.names("wan-2.1-1.3b", "1")
    assert Payload.of("kinora-small", "1", "job-18").job != PAYLOAD.job


def test_a_payload_too_large_is_a_bug_and_not_a_wrong_mark():
    with pytest.raises(AssertionError, match="12 bits"):
        Payload(1 << 12, 0, 0)


def test_a_reading_that_is_not_the_likeliest_is_taken_if_its_checksum_is_right():
    random = np.random.default_rng(4)
    noisy = [soft(PAYLOAD) * 0.65 + random.standard_normal(CHIPS) for _ in range(60)]
    alone = [next(watermark_code._paths(one)) for one in noisy]
    bits = next(watermark_code._paths(soft(PAYLOAD)))
    read = [decode(one) for one in noisy]
    assert read.count(PAYLOAD) > sum(one == bits for one in alone)
    assert set(read) == {PAYLOAD, None}
