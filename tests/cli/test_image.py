import json

import numpy as np
import pytest
from PIL import Image

import kinora as package

PROMPT = "a red ball in a meadow"


def test_a_sentence_becomes_a_picture_and_its_path_is_printed(kinora, tiny, tmp_path):
    done = kinora("image", PROMPT, "--model", tiny, "--seed", 7)
    assert (done.returncode, done.stdout) == (0, "a-red-ball-in-a-meadow-7.png\n"), done.stderr
    with Image.open(tmp_path / "a-red-ball-in-a-meadow-7.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (64, 64))


@pytest.mark.parametrize(("name", "kind"), [("a.webp", "WEBP"), ("a.jpg", "JPEG"), ("a.JPEG", "JPEG")])
def test_the_extension_chooses_the_format(kinora, tiny, tmp_path, name, kind):
    done = kinora("image", PROMPT, "--model", tiny, "--size", "96x64", "-o", name, "--json")
    report = json.loads(done.stdout)
    assert (report["frames"], report["frames_reviewed"], report["size"]) == (1, 1, "96x64")
    with Image.open(tmp_path / name) as picture:
        assert (picture.format, picture.size) == (kind, (96, 64))


def test_it_is_the_first_frame_of_a_clip_of_one_frame(kinora, tiny, tmp_path):
    kinora("image", PROMPT, "--model", tiny, "--seed", 7, "-o", "a.png")
    kinora("generate", PROMPT, "--model", tiny, "--seed", 7, "--seconds", 0.125, "-o", "b.png")
    drawn = package.image(PROMPT, model=str(tiny), seed=7)
    first, second = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert np.array_equal(first, second)
    assert np.abs(first.astype(int) - drawn.frames[0]).max() < 16  # files are marked


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "a.mp4"], "a.mp4: a picture is .png, .webp or .jpg; for a video use kinora generate"),
        (["--size", "100x64"], "100x64: sides must be multiples of 16; nearest: 96x64 or 112x64"),
        (["--size", "64x256"], "64x256: the longer side is at most 3 times the shorter"),
    ],
)
def test_bad_input_is_one_line_and_no_file(kinora, tiny, tmp_path, arguments, message):
    done = kinora("image", PROMPT, "--model", tiny, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
