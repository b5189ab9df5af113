import json

import pytest
from PIL import Image

from kinora.media import read_video

BOARD = """
characters: {Bobo: a blue fluffy creature}
shots:
  - {prompt: Bobo hops, seconds: 0.5}
  - {prompt: Bobo spins, seconds: 0.375}
"""


def test_a_storyboard_becomes_one_video_of_its_length(kinora, tiny, tmp_path):
    (tmp_path / "story.yaml").write_text(BOARD)
    done = kinora("story", "story.yaml", "--model", tiny, "--seed", 7, "-o", "story.mp4", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [shot["start"] for shot in report["shots"]] == [0, 0.5]
    assert report["shots"][1]["prompt"] == "A blue fluffy creature spins."
    assert len(read_video(tmp_path / "story.mp4")[0]) == 7


def test_a_story_that_can_not_be_made_is_one_line_and_no_file(kinora, tiny, tmp_path):
    (tmp_path / "story.yaml").write_text(BOARD.replace("0.375", "9"))
    done = kinora("story", "story.yaml", "--model", tiny)
    assert done.returncode == 2
    assert done.stderr.startswith("kinora: story.yaml:5, shot 2: 9 seconds: this model makes up to 2 seconds")
    assert done.stderr.count("\n") == 1
    done = kinora("story", "story.yaml", "--model", tiny, "--seconds", 2)
    assert "each shot of a storyboard has its own" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["story.yaml"]


def test_the_files_of_shots_are_looked_at_before_the_model_is_loaded(kinora, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("kinora.engine.runtime.loaded", lambda *_: pytest.fail("loaded"))
    (tmp_path / "notes.txt").write_text("neither")
    for field, file, message in (
        ("image", "none.png", "none.png: no such file"),
        ("image", "notes.txt", "notes.txt: not a readable picture"),
        ("clip", "notes.txt", "notes.txt: not a readable video"),
    ):
        (tmp_path / "story.yaml").write_text(f"shots: [{{prompt: a ball, seconds: 1, {field}: {file}}}]")
        done = kinora("story", "story.yaml", "--model", tiny)
        assert done.returncode == 2
        assert f"kinora: story.yaml:1, shot 1: {message}" in done.stderr


def test_what_is_done_to_a_shots_picture_is_said(kinora, tiny, tmp_path):
    Image.new("RGB", (128, 64)).save(tmp_path / "wide.png")
    (tmp_path / "story.yaml").write_text("shots: [{prompt: a ball, seconds: 0.5, image: wide.png}]")
    done = kinora("story", "story.yaml", "--model", tiny)
    assert done.returncode == 0, done.stderr
    assert "kinora: wide.png: cropped in the middle from 128x64 to 64x64" in done.stderr


def test_a_file_that_is_no_storyboard_is_not_taken_for_a_text(kinora, tiny, tmp_path):
    (tmp_path / "story.txt").write_text("A ball rolls.")
    done = kinora("story", "story.txt", "--model", tiny)
    assert done.returncode == 2
    assert done.stderr.startswith("kinora: story.txt: is a file, and storyboards are .yaml, .yml, .json; rename it")


def test_expand_shows_what_the_model_reads_and_films_nothing(kinora, tmp_path):
    done = kinora("expand", "a scared bunny in the woods at dusk")
    assert done.returncode == 0
    assert "fluffy creature hops up and down in an enchanted forest at sunset" in done.stdout
    assert 'kinora: could not place "scared"\n' in done.stderr
    report = json.loads(kinora("expand", "a scared bunny in the woods at dusk", "--json").stdout)
    assert report["prompt"] + "\n" == done.stdout
    assert set(report) == {"prompt_asked", "prompt", "changed", "notes"}
    assert list(tmp_path.iterdir()) == []


def test_expand_screens_what_is_asked(kinora):
    assert kinora("expand", "hardcore porn").returncode == 2


def test_the_chat_options_are_checked_together(kinora, tiny):
    done = kinora("generate", "x", "--model", tiny, "--chat", "http://localhost:1/v1", "--no-expand")
    assert (done.returncode, "contradict each other" in done.stderr) == (2, True)
    assert "give --chat, too" in kinora("generate", "x", "--model", tiny, "--chat-model", "m").stderr
    assert "http or https address" in kinora("expand", "x", "--chat", "nowhere", "--chat-model", "m").stderr
