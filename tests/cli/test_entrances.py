"""Every command that writes pictures, walked: guard, watermark and credentials at each of them."""

import c2pa
import numpy as np
import pytest
from PIL import Image, ImageSequence

from kinora.clip import Clip
from kinora.media import read_video
from kinora.safety.certificates import anchors
from kinora.safety.frames import FrameReview
from kinora.safety.policy import Verdict
from kinora.safety.provenance import PURPOSES, read_file
from kinora.safety.watermark import Watermark
from kinora.safety.watermark_keys import marking_key

SIZE = ("--size", "96x96")  # large enough to carry the mark
MADE, OPENED, PLACED = "trainedAlgorithmicMedia", ["c2pa.opened", "c2pa.edited"], ["c2pa.created", *["c2pa.placed"] * 2]

ENTRANCES = {
    # The command; its actions, where the work comes from, and how its inputs stand to it.
    "generate": (["generate", "a red ball bounces"], ["c2pa.created"], MADE, []),
    "generate into a GIF": (["generate", "a red ball bounces", "-o", "out.gif"], ["c2pa.created"], MADE, []),
    "generate into a WebP": (["generate", "a red ball bounces", "-o", "out.webp"], ["c2pa.created"], MADE, []),
    "image": (["image", "a red ball", "-o", "out.png"], ["c2pa.created"], MADE, []),
    "story": (["story", "A red ball rolls. Cut to a forest.", "--seconds", 1], ["c2pa.created"], MADE, []),
    "animate": (["animate", "still.png", "the ball rolls"], ["c2pa.created"], MADE, ["inputTo"]),
    "extend": (["extend", "ours.mp4", "it rolls on", "--seconds", 0.5], OPENED, MADE, ["parentOf"]),
    "join": (
        ["join", "brief.mp4", "brief.mp4", "--prompt", "on", "--seconds", 0.5],
        PLACED,
        "compositeSynthetic",
        ["componentOf"] * 2,
    ),
    "blend": (["blend", "ours.mp4", "ours.mp4", "--seconds", 0.5], PLACED, "compositeSynthetic", ["componentOf"] * 2),
    "loop": (["loop", "ours.mp4", "--seconds", 0.5], OPENED, MADE, ["parentOf"]),
    "remix": (["remix", "ours.mp4", "a blue ball"], OPENED, MADE, ["parentOf"]),
    "world show": (["world", "show", "--seconds", 0.5], ["c2pa.created"], "algorithmicMedia", []),
}

WITHOUT_PICTURES = {"expand", "doctor", "train", "eval", "screen", "redteam", "verify", "plan", "fetch", "jobs", "keys"}
"""Verbs that give nobody a picture of their own; what `eval` keeps goes through `Clip.save` like all else."""

SERVED = {"serve", "worker"}
"""What these write is looked at by the tests of `kinora.serve.work`: every file of a job, killed servers and all."""


@pytest.fixture
def command(kinora, tiny, tmp_path):
    """Run an entrance with the tiny model, in a directory with a picture and two clips of Kinora's own."""
    y, x = np.mgrid[:96, :96]
    ground = np.stack([x + 60, y + 60, 200 - x], axis=-1).astype(np.uint8)
    Image.fromarray(ground).save(tmp_path / "still.png")
    frames = np.stack([np.roll(ground, 3 * index, axis=1) for index in range(9)])
    Clip(frames=frames, fps=8, prompt="a wall", seed=0, model="tiny").save(tmp_path / "ours.mp4")
    Clip(frames=frames[:5], fps=8, prompt="a wall", seed=0, model="tiny").save(tmp_path / "brief.mp4")

    def run(words):
        options = [*SIZE, *([] if words[0] == "world" else ["--model", tiny, "--seed", 7, "--steps", 1])]
        target = [] if "-o" in words else ["-o", "out.mp4"]
        return kinora(*words, *options, *target), tmp_path / ("out.mp4" if target else words[words.index("-o") + 1])

    return run


def marks(entrance: str):
    return pytest.param(entrance, marks=[pytest.mark.gl] if entrance.startswith("world") else [])


@pytest.mark.slow
@pytest.mark.parametrize("entrance", [marks(one) for one in ENTRANCES])
def test_what_leaves_is_reviewed_marked_and_signed(command, entrance):
    words, actions, source, relations = ENTRANCES[entrance]
    done, path = command(words)
    assert done.returncode == 0, done.stderr
    read = read_file(path)
    assert read.state == by_c2pa(path) == "trusted"
    assert [one.name for one in read.actions] == [*actions, "c2pa.watermarked.bound"]
    assert [one.source for one in read.actions if one.source] == [source]
    assert [one.relationship for one in read.ingredients] == relations
    settings = read.generation["settings"]
    assert settings["frames_reviewed"] == settings["frames"] > 0
    assert Watermark(marking_key()).detect(pictures(path)).found
    whole = bytearray(path.read_bytes())
    whole[MEDIA[path.suffix](whole)] ^= 1
    path.write_bytes(whole)
    assert read_file(path).state == by_c2pa(path) == "invalid"


MEDIA = {
    # A byte of the pictures themselves: an MP4 ends with them.
    ".mp4": lambda data: len(data) - 40,
    ".gif": lambda data: data.index(b"\x21\xf9\x04") + 60,
    ".webp": lambda data: data.index(b"VP8 ") + 40,
    ".png": lambda data: data.index(b"IDAT") + 40,
}


def by_c2pa(path) -> str:
    """What c2pa-python's own reader says, with our root for the only one it trusts."""
    context = c2pa.Context.from_dict({"trust": {"user_anchors": anchors(), "trust_config": PURPOSES}})
    kind = "video/mp4" if path.suffix == ".mp4" else f"image/{path.suffix[1:]}"
    with path.open("rb") as file, c2pa.Reader(kind, file, context=context) as reader:
        return reader.get_validation_state().lower()


def pictures(path) -> np.ndarray:
    if path.suffix == ".mp4":
        return read_video(path)[0]
    with Image.open(path) as image:
        return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)])


@pytest.mark.slow
@pytest.mark.parametrize("entrance", [marks(one) for one in ENTRANCES])
def test_what_the_guard_refuses_leaves_no_file(command, entrance, monkeypatch, tmp_path):
    def refuse(review, frames, book):
        return Verdict(allowed=False, categories=("planted",), reason="a planted frame")

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(FrameReview, "__call__", refuse)
    done, _ = command(ENTRANCES[entrance][0])
    assert done.returncode == 2
    assert "a planted frame" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_every_verb_is_walked_or_gives_no_pictures():
    from kinora.cli import VERBS

    assert {words[0] for words, *_ in ENTRANCES.values()} | WITHOUT_PICTURES | SERVED == set(VERBS)
