import json

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
