import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kinora.clip import Clip
from kinora.engine.edits import Animate, Blend, Extend, Join, Loop, Options, Remix
from kinora.errors import BadInputFile, InvalidRequest
from kinora.media import write_clip


def test_each_verb_plans_a_clip_of_exactly_the_asked_length(limits, moving):
    a, b = moving(20), moving(12, start=5)
    lengths = {
        "animate": (Animate(image=a[0], prompt="it moves", seconds=1.5), 12),
        "extend": (Extend(video=a, seconds=1.5), 20 + 12),
        "extend backward": (Extend(video=a, seconds=0.125, direction="backward"), 20 + 1),
        "join": (Join(first=a, second=b, seconds=1), 20 + 8 + 12),
        "blend": (Blend(first=a, second=b, seconds=1), 20 + 12 - 8),
        "loop a video": (Loop(video=a, seconds=1), 20 + 8),
        "loop words": (Loop(prompt="it turns", seconds=2), 16),
        "remix": (Remix(video=a, prompt="it is blue"), 20),
    }
    for name, (request, frames) in lengths.items():
        assert request.draft(limits).plan.frames == frames, name


def test_without_words_nothing_is_steered_and_a_clips_own_words_are_taken(limits, moving):
    silent = Extend(video=moving(8), seconds=1).draft(limits)
    assert (silent.plan.prompt, silent.plan.guidance) == ("", 1)
    clip = Clip(frames=moving(8), fps=8, prompt="a red square slides", seed=1, model="any")
    told = Extend(video=clip, seconds=1).draft(limits)
    assert (told.plan.prompt, told.plan.guidance) == ("a red square slides", 2.0)
    assert Extend(video=clip, prompt="it stops", seconds=1).draft(limits).plan.prompt == "it stops"
    away = Extend(video=moving(8), seconds=1, options=Options(negative="rain")).draft(limits)
    assert away.plan.guidance == 2.0


def test_what_a_prompt_leaves_unsaid_is_taken_from_the_clips_own_words(limits, moving):
    clip = Clip(frames=moving(8), fps=8, prompt="a blue bunny in the woods", seed=1, model="any")
    asked = (
        Extend(video=clip, prompt="it spins", seconds=1),
        Animate(image=clip, prompt="it spins", seconds=1),
        Loop(video=clip, prompt="it spins", seconds=1),
        Join(first=clip, second=moving(8), prompt="it spins", seconds=1),
    )
    for one in asked:
        assert one.draft(limits).previous == "a blue bunny in the woods"
    assert Join(first=clip, second=moving(8), seconds=1).draft(limits).previous == ""  # each half has words of its own


@pytest.mark.parametrize("verb", [Animate, Remix])
def test_verbs_that_need_words_ask_for_them(limits, moving, verb):
    source = {"image": moving(1)[0]} if verb is Animate else {"video": moving(8)}
    with pytest.raises(InvalidRequest, match="empty prompt"):
        verb(**source, prompt=" ").draft(limits)
    with pytest.raises(InvalidRequest, match="empty prompt"):
        Loop(prompt="").draft(limits)


def test_a_source_keeps_its_size_where_the_model_makes_such_clips(limits, moving):
    assert Extend(video=moving(8, size=80), seconds=1).draft(limits).plan.size == (80, 80)
    for odd in (moving(8, size=72), moving(8, size=256)):
        draft = Extend(video=odd, seconds=1).draft(limits)
        assert draft.plan.size == (64, 64)
        assert draft.before.shape == (8, 64, 64, 3)
        assert draft.info["report"] == [f"a clip: scaled from {odd.shape[2]}x{odd.shape[1]} to 64x64"]
    asked = Extend(video=moving(8), seconds=1, options=Options(size=(96, 64), fit="contain")).draft(limits)
    assert asked.info["report"] == ["a clip: scaled from 64x64 to 64x64, with black bars to 64x96"]


def test_files_are_read_as_they_are_and_named_in_the_report(limits, moving, tmp_path):
    write_clip(tmp_path / "wide.mp4", np.repeat(moving(24), 2, axis=2), fps=24)
    draft = Extend(video=tmp_path / "wide.mp4", seconds=1, options=Options(size=(64, 64))).draft(limits)
    assert draft.plan.frames == 8 + 8
    assert draft.info["sources"] == ["wide.mp4"]
    assert draft.info["report"] == [
        "wide.mp4: 24 frames a second, read at 8",
        "wide.mp4: cropped in the middle from 128x64 to 64x64, then scaled to 64x64",
    ]
    with pytest.raises(BadInputFile, match="no such file"):
        Animate(image=tmp_path / "none.png", prompt="it moves").draft(limits)
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture at all")
    for name, rule in (("empty.png", "is empty"), ("text.png", "not a readable picture; use a PNG")):
        with pytest.raises(BadInputFile, match=rule):
            Animate(image=tmp_path / name, prompt="it moves").draft(limits)
    clip = Clip(frames=moving(8), fps=8, prompt="", seed=1, model="any")
    draft = Animate(image=clip, prompt="it moves").draft(limits)
    assert draft.info["report"] == ["a clip: of its 8 frames the first is taken"]
    with pytest.raises(BadInputFile, match="is a video, not a picture"):
        Animate(image=tmp_path / "wide.mp4", prompt="it moves").draft(limits)


def test_a_clip_of_another_rate_is_resampled(limits, moving):
    draft = Extend(video=Clip(frames=moving(24), fps=24, prompt="", seed=1, model="any"), seconds=1).draft(limits)
    assert np.array_equal(draft.before, moving(24)[::3])
    assert draft.info["report"] == ["a clip: 24 frames a second, read at 8"]


def test_what_cannot_be_met_is_refused_with_a_remedy(limits, moving):
    with pytest.raises(
        InvalidRequest, match=r"1\.25 seconds: between two clips lie multiples of 0\.5 seconds; nearest: 1 or 1\.5"
    ):
        Join(first=moving(8), second=moving(8), seconds=1.25).draft(limits)
    with pytest.raises(InvalidRequest, match=r"10\.125 seconds in all: this model makes up to 10 seconds"):
        Extend(video=moving(73), seconds=1).draft(limits)
    with pytest.raises(InvalidRequest, match=r"too short to blend over 1 of its 1 seconds; ask for at most .* 0\.5"):
        Blend(first=moving(20), second=moving(8), seconds=1).draft(limits)
    with pytest.raises(InvalidRequest, match="sideways: a clip extends forward or backward"):
        Extend(video=moving(8), direction="sideways")
    with pytest.raises(InvalidRequest, match="too short to loop; ask for at least"):
        Loop(prompt="it turns", seconds=1).draft(limits)
    with pytest.raises(InvalidRequest, match="is the picture itself"):
        Animate(image=moving(1)[0], prompt="it moves", seconds=0.125).draft(limits)
    with pytest.raises(InvalidRequest, match="an array of 64 64 3: must be frames"):
        Extend(video=moving(8)[0], seconds=1).draft(limits)


@pytest.mark.parametrize("strength", [0, -1, 1.01, float("nan")])
def test_a_strength_out_of_range_is_refused(moving, strength):
    with pytest.raises(InvalidRequest, match="strength lies above 0 and at most at 1"):
        Remix(video=moving(8), prompt="it is blue", strength=strength)


def test_masks_come_as_pictures_or_videos(limits, moving, tmp_path):
    white = np.zeros((64, 64, 3), np.uint8)
    white[:, 32:] = 255
    Image.fromarray(white).save(tmp_path / "mask.png")
    still = Remix(video=moving(8), prompt="it is blue", mask=tmp_path / "mask.png").draft(limits)
    assert np.array_equal(still.mask, white[None, ..., 0] > 0)
    film = np.stack([white * 0, white, white])
    moved = Remix(video=moving(8), prompt="it is blue", mask=film).draft(limits)
    assert moved.mask.any(axis=(1, 2)).tolist() == [False] + [True] * 7  # the last picture stays
    with pytest.raises(InvalidRequest, match="nothing white"):
        Remix(video=moving(8), prompt="it is blue", mask=white * 0).draft(limits)
    long = Remix(video=moving(4), prompt="it is blue", mask=np.repeat(white[None], 6, axis=0)).draft(limits)
    assert long.info["report"] == ["a clip: longer than the clip: its last 2 frames are not used"]
    for bare in (white[..., 0] > 0, white[..., 0], np.repeat(white[None, ..., 0], 8, axis=0)):
        drawn = Remix(video=moving(8), prompt="it is blue", mask=bare).draft(limits).mask
        assert np.array_equal(drawn, np.repeat(still.mask, len(drawn), axis=0))
    with pytest.raises(InvalidRequest, match="an array of 64 64 4: must be one picture, H W 3"):
        Remix(video=moving(8), prompt="it is blue", mask=np.dstack([white, white[..., :1]])).draft(limits)


def test_a_loop_is_of_a_video_or_of_words(limits, moving, tmp_path):
    assert Loop.of("a wheel turns", options=Options()).prompt == "a wheel turns"
    assert Loop.of("a wheel turns " * 30, options=Options()).video is None
    (tmp_path / "wheel").touch()
    for name in ("wheel.mp4", "my wheel.MOV", str(tmp_path / "wheel")):
        assert Loop.of(name, prompt="it turns", options=Options()).video == name
    assert Loop.of(moving(8), options=Options(), seconds=1).draft(limits).plan.frames == 16
    with pytest.raises(InvalidRequest, match="prompt: is for closing a video"):
        Loop.of("a wheel turns", prompt="fast", options=Options())


UNTYPED = """
import kinora
from kinora.errors import InvalidRequest

for prompts in ("ab", ("a",)):
    try:
        kinora.blend("a.mp4", "b.mp4", prompts=prompts)
    except InvalidRequest as error:
        assert str(error).startswith(f"prompts {prompts!r}: are two, one for each clip"), error
    else:
        raise AssertionError(prompts)

VERBS = (kinora.extend, lambda one: kinora.animate(one, "it moves"), lambda one: kinora.extend(one, size="64x64"))
for source in (3, None, b"ball.mp4", [1, 2]):
    for verb in VERBS:
        try:
            verb(source)
        except InvalidRequest as error:
            assert str(error).startswith(f"a {type(source).__name__}: is no file's name, no clip and no array"), error
        else:
            raise AssertionError(source)
"""


def test_sources_that_are_none_are_refused():
    """In a process without beartype, which would see to it."""
    done = subprocess.run([sys.executable, "-c", UNTYPED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
