import json

import numpy as np
from PIL import Image

from kinora.safety.watermark import Watermark
from kinora.safety.watermark_code import Payload
from kinora.safety.watermark_keys import OPEN_KEY, VARIABLE


def picture() -> np.ndarray:
    random = np.random.default_rng(0)
    return np.kron(random.integers(60, 190, (16, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)


def test_a_marked_picture_is_told_in_words_and_in_json(kinora, tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    payload = Payload.of("kinora-small", "1", "job-17")
    Image.fromarray(Watermark(OPEN_KEY).embed(picture()[None], payload)[0]).save(tmp_path / "marked.png")
    told = kinora("verify", "marked.png")
    assert told.returncode == 0
    assert told.stdout.startswith("Made with Kinora")
    assert f"job {payload.job:06x}" in told.stdout
    found = json.loads(kinora("verify", "marked.png", "--json").stdout)
    assert found["verdict"] == "made"
    assert found["watermark"]["payload"] == payload.hex
    assert found["credentials"]["state"] == "not_present"


def test_an_unmarked_picture_is_an_answer_too_and_says_what_it_is_worth(kinora, tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    Image.fromarray(picture()).save(tmp_path / "plain.png")
    told = kinora("verify", "plain.png")
    assert told.returncode == 0
    assert "proves nothing" in told.stdout


def test_what_cannot_be_read_is_an_error_in_one_line(kinora, tmp_path):
    (tmp_path / "words.mp4").write_text("no video")
    for name in ("words.mp4", "missing.mp4"):
        told = kinora("verify", name)
        assert told.returncode == 2
        assert told.stderr.startswith(f"kinora: {name}")
        assert len(told.stderr.splitlines()) == 1
