import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kinora.media import read_video, write_clip


@pytest.fixture
def sources(tmp_path):
    """A clip of half a second, another one, a picture and a mask, beside a file that is none of these."""
    y, x = np.mgrid[:64, :64]
    frames = np.stack([np.stack([x * 3, y * 3, np.full_like(x, 30 * index)], axis=-1) for index in range(8)])
    frames = frames.astype(np.uint8)
    write_clip(tmp_path / "a.mp4", frames[:4], fps=8)
    write_clip(tmp_path / "b.mp4", frames[4:], fps=8)
    write_clip(tmp_path / "long.mp4", frames, fps=8)
    Image.fromarray(np.repeat(frames[0], 3, axis=1)).save(tmp_path / "photo.jpg")
    Image.fromarray(np.where(x[..., None] > 40, np.uint8(255), np.uint8(0)).repeat(3, axis=-1)).save(tmp_path / "m.png")
    (tmp_path / "notes.txt").write_text("no video")
    return frames


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["animate", "photo.jpg", "the boat sails", "--seconds", 0.5], 4),
        (["extend", "a.mp4", "--seconds", 0.5], 4 + 4),
        (["extend", "a.mp4", "it began", "--direction", "backward", "--seconds", 0.25], 4 + 2),
        (["join", "a.mp4", "b.mp4", "--seconds", 0.5], 4 + 4 + 4),
        (["blend", "long.mp4", "long.mp4", "--second-prompt", "a blue field", "--seconds", 0.5], 8 + 8 - 4),
        (["loop", "a.mp4", "--seconds", 0.5], 4 + 4),
        (["loop", "a wheel turns", "--seconds", 1.5], 12),
        (["remix", "a.mp4", "a green field", "--strength", 0.5, "--mask", "m.png"], 4),
    ],
)
def test_each_verb_writes_its_video(kinora, tiny, tmp_path, sources, arguments, count):
    done = kinora(*arguments, "--model", tiny, "--seed", 3, "--json", "-o", "out.mp4")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["edit"], report["frames"], report["seed"]) == (arguments[0], count, 3)
    frames, _ = read_video(tmp_path / "out.mp4")
    assert frames.shape == (count, 64, 64, 3)
    assert report["frames_reviewed"] == count


def test_what_is_done_to_a_source_is_said(kinora, tiny, sources):
    done = kinora("animate", "photo.jpg", "the boat sails", "--seconds", 0.5, "--size", "64x64", "--model", tiny)
    assert done.returncode == 0
    assert "kinora: photo.jpg: cropped in the middle from 192x64 to 64x64" in done.stderr
    assert done.stdout.startswith("the-boat-sails-")
    barred = ("--fit", "contain", "--seconds", 0.5, "--size", "64x64", "--json")
    report = json.loads(kinora("animate", "photo.jpg", "it moves", *barred, "--model", tiny).stdout)
    assert report["report"] == ["photo.jpg: scaled from 192x64 to 64x21, with black bars to 64x64"]


BAD = [
    (["animate", "none.png", "x"], "none.png: no such file"),
    (["animate", "a.mp4", "x"], "a.mp4: is a video, not a picture"),
    (["animate", "photo.jpg", ""], "empty prompt"),
    (["animate", "photo.jpg", "x", "--size", "100x64"], "sides must be multiples of 16; nearest: 96x64 or 112x64"),
    (["animate", "photo.jpg", "x", "--fit", "zoom"], "zoom: pictures are fitted by cover, contain or stretch"),
    (["extend", "photo.jpg"], "photo.jpg: is a still picture, not a video; `kinora animate` makes it move"),
    (["extend", "notes.txt"], "notes.txt: not a readable video"),
    (["extend", "a.mp4", "--seconds", "2"], "2.5 seconds in all: this model makes up to 2 seconds"),
    (["extend", "a.mp4", "--direction", "up"], "up: a clip extends forward or backward; try forward"),
    (["join", "a.mp4", "b.mp4", "--seconds", "0.6"], "0.6 seconds: a clip is whole frames at 8 fps"),
    (["join", "a.mp4", "b.mp4", "--seconds", "0.625"], "0.625 seconds: between two clips lie multiples of 0.5 seconds"),
    (["blend", "a.mp4", "b.mp4", "--seconds", "0.5"], "a.mp4: too short to blend over 0.5 of its 0.5 seconds"),
    (["loop", "none.mp4"], "none.mp4: no such file"),
    (["loop", "my holiday.MOV"], "my holiday.MOV: no such file"),
    (["loop", "a wheel turns " * 30, "--seconds", "1"], "1 seconds: too short to loop"),
    (["animate", "n" * 300, "x"], "can't be read (File name too long)"),
    (["extend", "a.mp4/b.mp4"], "a.mp4/b.mp4: no such file"),
    (["extend", "."], ".: is not a file"),
    (["extend", "a.mp4", "--model", "n" * 300], "can't be looked for (File name too long)"),
    (["loop", "a wheel turns", "--prompt", "x"], "prompt: is for closing a video; say it all in one sentence"),
    (["loop", "a wheel turns", "--seconds", "1"], "1 seconds: too short to loop; ask for at least 1.5"),
    (["remix", "a.mp4", "x", "--strength", "2"], "strength 2: strength lies above 0 and at most at 1"),
    (["remix", "a.mp4", "x", "--mask", "notes.txt"], "notes.txt: not a readable video"),
    (["remix", "a.mp4", "x", "--steps", "3", "--preview"], "--preview and --steps: both choose the steps"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(kinora, tiny, tmp_path, sources, arguments, message):
    before = sorted(path.name for path in tmp_path.iterdir())
    done = kinora(arguments[0], "--model", tiny, *arguments[1:])
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_requests_are_checked_before_torch_is_loaded(tiny, tmp_path, sources):
    code = f"""
import sys
from kinora.engine.edits import Blend, Options
from kinora.engine.edits.verbs import draft
draft(Blend(first="long.mp4", second="long.mp4", seconds=0.5, options=Options(model={str(tiny)!r})))
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout == "False\n", done.stderr
