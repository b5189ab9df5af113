from functools import partial

import numpy as np
import pytest
import torch

from kinora.evals.attributes import CORE, NAMES
from kinora.evals.course import Course
from kinora.evals.degrade import fitted_components
from kinora.evals.network import Network, NetworkConfig
from kinora.evals.self_check import pixels_of
from kinora.evals.train_moves import looks, train_moves
from kinora.evals.train_recogniser import (
    Stage,
    clips,
    framed,
    mirrored_labels,
    overview_objective,
    second_objective,
    shaken,
    still_objective,
    stills,
    train,
)
from kinora.evals.truth import Sample

ACTION = NAMES.index("action")


@pytest.fixture(scope="module")
def data():
    """Clips whose setting is their brightness and whose subject is a light column that may stand left or right."""
    rng = np.random.default_rng(0)
    samples = []
    for n in range(16):
        labels = np.zeros(len(NAMES), np.int64)
        labels[NAMES.index("setting")] = n % 3
        labels[ACTION] = CORE["action"].index(("move_left", "move_right")[n % 2])
        clip = np.full((17, 128, 128, 3), 40 + 60 * (n % 3), np.uint8)
        mask = np.zeros((5, 32, 32), np.uint8)
        column = slice(0, 8) if n % 2 == 0 else slice(24, 32)
        clip[:, :, column.start * 4 : column.stop * 4] += 60
        mask[:, :, column] = 255
        clip += rng.integers(0, 8, clip.shape, dtype=np.uint8)
        samples.append(Sample(clip=clip, masks=lambda mask=mask: mask, labels=labels))
    return samples


def undrawn():
    raise AssertionError("a mask was drawn")


def stage_of(network, name, data):
    return {
        "overview": Stage(
            name=name,
            part=network.overview,
            objective=overview_objective,
            data=data,
            batches=partial(clips, masked=True),
        ),
        "stills": Stage(name=name, part=network.second, objective=still_objective, data=data, batches=stills),
        "clips": Stage(
            name=name, part=network.second, objective=second_objective, data=data, batches=partial(clips, masked=False)
        ),
    }[name]


def test_a_mirrored_clip_gets_the_mirrored_words(data):
    for pixels, masks, labels in clips(data, torch.Generator().manual_seed(0), masked=True):
        for clip, mask, label in zip(pixels, masks, labels, strict=True):
            bright_left = clip[..., :32].mean() > clip[..., -32:].mean()
            assert bright_left == (CORE["action"][label[ACTION]] == "move_left")
            assert bright_left == (mask[..., :8].mean() > mask[..., -8:].mean())


def test_a_still_keeps_its_mask_when_mirrored_and_has_its_neighbours(data):
    pixels, masks, labels = next(stills(data, torch.Generator().manual_seed(0)))
    assert pixels.shape == (48, 3, 3, 128, 128)
    assert masks.shape == (48, 1, 32, 32)
    assert len(labels) == 48
    bright_left = pixels[..., :32].mean((1, 2, 3, 4)) > pixels[..., -32:].mean((1, 2, 3, 4))
    assert torch.equal(bright_left, masks[..., :8].mean((1, 2, 3)) > masks[..., -8:].mean((1, 2, 3)))
    assert 0 < bright_left.sum() < 48


def test_no_mask_is_drawn_unless_it_is_asked_for(data):
    blind = [Sample(clip=s.clip, masks=undrawn, labels=s.labels) for s in data]
    _, masks, _ = next(clips(blind, torch.Generator().manual_seed(0), masked=False))
    assert masks.abs().max() == 0


def test_mirroring_twice_changes_no_word():
    rows = np.array(mirrored_labels())
    for row, name in zip(rows, NAMES, strict=True):
        words = np.arange(len(CORE[name]))
        np.testing.assert_array_equal(row[row[words]], words)
    assert (rows[NAMES.index("subject")] == np.arange(8)).all()


def test_a_new_cut_keeps_picture_and_mask_together():
    pixels = torch.zeros(1, 9, 3, 128, 128)
    masks = torch.zeros(1, 3, 32, 32)
    pixels[..., 40:80, 60:100], masks[..., 10:20, 15:25] = 1, 1
    unchanged = 0
    for seed in range(12):
        cut, mask = framed(pixels, masks, torch.Generator().manual_seed(seed))
        assert cut.shape == pixels.shape
        small = torch.nn.functional.avg_pool2d(cut[:, ::4, 0], 4)
        assert (small - mask).abs().mean() < 0.03
        unchanged += torch.equal(cut, pixels)
    assert 2 <= unchanged <= 10


def test_a_shaken_course_stays_near():
    course = Course.of(torch.ones(64, 1, 32, 32))
    other = shaken(course)
    assert 0 < (other.x - course.x).abs().max() < 0.4
    assert (other.height / course.height - 1).abs().max() < 0.7


@pytest.mark.parametrize("name", ["overview", "stills", "clips"])
def test_every_stage_lowers_its_loss_and_leaves_the_other_look_alone(data, name):
    torch.manual_seed(0)
    network = Network(NetworkConfig())
    stage = stage_of(network, name, data)
    other = network.second if name == "overview" else network.overview
    before = {key: value.clone() for key, value in other.state_dict().items()}
    lines, kept = [], []
    train(network, stage, epochs=5, say=lines.append, keep=lambda: kept.append(1))
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines]
    assert len(losses) == len(kept) == 5
    assert losses[-1] < 0.85 * losses[0]
    assert all(torch.equal(value, before[key]) for key, value in other.state_dict().items())


def test_the_last_stage_learns_from_kept_looks_and_changes_nothing_else(data):
    torch.manual_seed(0)
    network = Network(NetworkConfig())
    components = fitted_components(pixels_of(data))
    generator = torch.Generator().manual_seed(0)
    taken = looks(network, clips(data, generator, masked=False), components, generator)
    assert [len(look.truth) for look in taken] == [16]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    once = train_moves(network, taken, epochs=1)
    assert train_moves(network, taken, epochs=12) < 0.7 * once
    changed = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert changed
    assert all(key.startswith("second.moves.") for key in changed)
