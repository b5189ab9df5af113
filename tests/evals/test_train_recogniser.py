import numpy as np
import pytest
import torch

from kinora.evals.attributes import CORE, NAMES
from kinora.evals.recogniser import Recogniser
from kinora.evals.train_recogniser import accuracy, batches, framed, mirrored_labels, self_check, table, train
from kinora.evals.truth import Judged


@pytest.fixture(scope="module")
def data():
    """Clips whose setting is their brightness and whose subject is a light column that may stand left or right."""
    rng = np.random.default_rng(0)
    labels = np.zeros((24, len(NAMES)), np.int64)
    labels[:, NAMES.index("setting")] = np.arange(24) % 3
    labels[:, NAMES.index("action")] = [CORE["action"].index(("move_left", "move_right")[n % 2]) for n in range(24)]
    pictures = np.zeros((24, 17, 64, 64, 3), np.uint8)
    masks = np.zeros((24, 5, 32, 32), np.uint8)
    for n in range(24):
        pictures[n] = 40 + 60 * labels[n, NAMES.index("setting")]
        column = slice(0, 16) if n % 2 == 0 else slice(48, 64)
        pictures[n, :, :, column] += 60
        masks[n, :, :, column.start // 2 : column.stop // 2] = 255
    noisy = pictures + rng.integers(0, 8, pictures.shape, dtype=np.uint8)
    return Judged(pictures=noisy, masks=masks, labels=labels)


def test_a_mirrored_clip_gets_the_mirrored_words(data):
    generator = torch.Generator().manual_seed(0)
    action = NAMES.index("action")
    for pixels, masks, labels in batches(data, 8, generator):
        for clip, mask, label in zip(pixels, masks, labels, strict=True):
            bright_left = clip[..., :16].mean() > clip[..., -16:].mean()
            assert bright_left == (CORE["action"][label[action]] == "move_left")
            assert bright_left == (mask[..., :8].mean() > mask[..., -8:].mean())


def test_mirroring_twice_changes_no_word():
    rows = np.array(mirrored_labels())
    for row, name in zip(rows, NAMES, strict=True):
        words = np.arange(len(CORE[name]))
        np.testing.assert_array_equal(row[row[words]], words)
    assert (rows[NAMES.index("subject")] == np.arange(8)).all()


def test_a_new_cut_keeps_picture_and_mask_together():
    pixels = torch.zeros(1, 9, 3, 64, 64)
    masks = torch.zeros(1, 3, 32, 32)
    pixels[..., 20:40, 30:50], masks[..., 10:20, 15:25] = 1, 1
    for seed in range(8):
        cut, mask = framed(pixels, masks, torch.Generator().manual_seed(seed))
        assert cut.shape == pixels.shape
        small = torch.nn.functional.avg_pool2d(cut[:, ::4, 0], 2)
        assert (small - mask).abs().mean() < 0.03


def test_training_lowers_the_loss_and_reports(data, tmp_path):
    lines: list[str] = []
    recogniser = train(data, epochs=6, batch=8, say=lines.append)
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines]
    assert len(losses) == 6
    assert losses[-1] < 0.6 * losses[0]
    checked = self_check(recogniser, data)
    assert set(checked) == {"renders", "softened", "noise", "analytic", "chance"}
    assert checked["chance"]["setting"] == pytest.approx(1 / 3)
    assert table(checked).count("\n") == 6
    recogniser.save(tmp_path / "r.safetensors", checked=checked)
    assert Recogniser.load(tmp_path / "r.safetensors").checked == checked


def test_accuracy_counts_words_and_overlap(data):
    class Oracle(Recogniser):
        def __init__(self, data):
            self.rows = iter(zip(data.labels, data.masks, strict=True))

        def guess(self, pixels):
            from kinora.evals.network import Guess

            row, mask = next(self.rows)
            logits = {n: torch.eye(len(CORE[n]))[row[i]][None] for i, n in enumerate(NAMES)}
            full = torch.from_numpy(mask.astype(np.float32) - 128).repeat_interleave(4, 0)[:17]
            return Guess(logits, torch.zeros(1, 1), full[None])

    found = accuracy(Oracle(data), data, lambda x: x)
    assert set(found.values()) == {1.0}
