"""The shipped recogniser and the analytic checks against the renderer's truth, on scenes that no training has seen."""

import numpy as np
import pytest
import torch

from kinora.evals.analytic import analyse
from kinora.evals.attributes import NAMES, words
from kinora.evals.motion import resized
from kinora.evals.recogniser import SHIPPED, Recogniser
from kinora.evals.suites import EVALUATION
from kinora.evals.truth import MASK_EVERY, rendered_mask
from kinora.world.sample import sample_scene

pytestmark = pytest.mark.gl

COUNT = 24

REACHED = {"action": 0.94}
"""What the shipped judge reads today (2026-11-22) where that is below the 0.98 that is asked of it: some that stand are
read as moving or spinning, and some that move or spin as standing. To be raised with every better one, until this table
is empty; docs/results.md has the figures."""


@pytest.fixture(scope="module")
def renders():
    from kinora.world.render import Renderer

    scenes = [sample_scene(EVALUATION + 77 * n, split="any", frames=33) for n in range(COUNT)]
    with Renderer(128, 128) as renderer:
        return [(scene, renderer.render(scene)) for scene in scenes]


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser.load()


def test_the_shipped_recogniser_is_small_and_was_checked(recogniser):
    assert SHIPPED.stat().st_size < 3_000_000
    checked = recogniser.checked
    assert all(checked["renders"][name] >= REACHED.get(name, 0.98) for name in NAMES)
    assert all(checked["noise"][name] < checked["chance"][name] + 0.15 for name in NAMES if name != "weather")


def test_it_reads_renders(recogniser, renders):
    wrong = [
        f"{words(scene)[name]} read as {reading.words[name]}"
        for scene, frames in renders
        for reading in [recogniser.read(frames)]
        for name in NAMES
        if reading.words[name] != words(scene)[name]
    ]
    # What is expected of 24 clips at these rates, and as many again as two standard deviations.
    expected = sum(COUNT * (1 - REACHED.get(name, 0.98)) for name in NAMES)
    assert len(wrong) <= expected + 2 * expected**0.5, wrong


def test_it_marks_the_subject(recogniser, renders):
    scene, frames = renders[0]
    true = resized(rendered_mask(scene).astype(np.float32) / 255, 32) > 0.5
    found = recogniser.read(frames).masks[::MASK_EVERY] > 0.5
    assert (true & found).sum() / (true | found).sum() > 0.7


def test_noise_is_read_as_nothing_in_particular(recogniser, renders):
    generator = torch.Generator().manual_seed(0)
    noise = [recogniser.read((torch.rand(17, 64, 64, 3, generator=generator) * 255).byte().numpy()) for _ in range(4)]
    hits = [
        reading.words[name] == words(scene)[name]
        for reading in noise
        for scene, _ in renders
        for name in ("subject", "colour", "setting", "action", "camera")
    ]
    assert np.mean(hits) < 0.3


def test_the_analytic_checks_agree_with_the_truth(recogniser, renders):
    agreed = {"colour": [], "camera": [], "action": []}
    for scene, frames in renders:
        for name, said in analyse(frames, recogniser.read(frames).masks).agrees(words(scene)).items():
            agreed[name].append(said)
    assert np.mean(agreed["colour"]) > 0.9
    assert np.mean(agreed["camera"]) > 0.85
    assert np.mean(agreed["action"]) > 0.85
