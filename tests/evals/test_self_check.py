import numpy as np
import pytest
import torch

from kinora.evals.attributes import CORE, NAMES
from kinora.evals.network import Guess, Network, NetworkConfig
from kinora.evals.recogniser import Recogniser
from kinora.evals.self_check import accuracy, pixels_of, self_check, table
from kinora.evals.truth import Sample


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    samples = []
    for n in range(6):
        mask = np.zeros((3, 32, 32), np.uint8)
        mask[:, 8 : 12 + n, 10:20] = 255
        labels = np.array([n % len(CORE[name]) for name in NAMES])
        clip = rng.integers(0, 256, (9, 128, 128, 3), dtype=np.uint8)
        samples.append(Sample(clip=clip, masks=lambda mask=mask: mask, labels=labels))
    return samples


class Oracle(Recogniser):
    """Says of the clips, asked in order, what they show; `mistakes` of them it calls the next word."""

    def __init__(self, data, mistakes=0):
        self.rows = iter(enumerate(data))
        self.mistakes = mistakes

    def guess(self, pixels, stride=1):
        n, sample = next(self.rows)
        said = [(row + (n < self.mistakes)) % len(CORE[name]) for name, row in zip(NAMES, sample.labels, strict=True)]
        logits = {name: torch.eye(len(CORE[name]))[word][None] for name, word in zip(NAMES, said, strict=True)}
        masks = torch.from_numpy(sample.masks().astype(np.float32) - 128).repeat_interleave(4 // stride, 0)
        return Guess(logits, torch.zeros(1, 1), masks[None])


def test_accuracy_counts_words_and_overlap(data):
    assert set(accuracy(Oracle(data), data, lambda x: x).values()) == {1.0}
    some = accuracy(Oracle(data, mistakes=2), data, lambda x: x)
    assert all(some[name] == pytest.approx(4 / 6) for name in NAMES)


def test_the_check_reads_renders_softened_noise_and_tells_chance(data):
    torch.manual_seed(0)
    checked = self_check(Recogniser(Network(NetworkConfig())), data)
    assert set(checked) == {"renders", "softened", "noise", "analytic", "chance"}
    assert checked["chance"]["weather"] == pytest.approx(0.5)
    assert checked["chance"]["subject"] == pytest.approx(1 / 6)
    assert table(checked).count("\n") == 6


def test_pixels_are_of_the_frames_asked_for(data):
    pixels = pixels_of(data[:2], slice(3, 5))
    assert pixels.shape == (2, 2, 3, 128, 128)
    np.testing.assert_allclose(pixels[1, 1].permute(1, 2, 0).numpy() * 255, data[1].clip[4], atol=1e-4)
