"""The verbs on the real engine with a model of noise: what is given must come out as given whatever the model does."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from kinora.clip import Clip
from kinora.engine.edits import Animate, Blend, Extend, Join, Loop, Remix
from kinora.engine.edits.lowering import around, lower, start_sigma
from kinora.engine.edits.perform import edit
from kinora.engine.edits.planning import Options
from kinora.engine.events import Done, Frames, Progress, Refused, collect
from kinora.flow.schedule import shifted
from kinora.safety import FrameBook, Verdict, default_guard

SEED = Options(seed=3)


def made(engine, request):
    return collect(edit(engine, request.draft(engine.model.limits)), request.verb)


def test_an_animated_picture_is_the_first_frame_to_the_bit(engine, moving):
    picture = moving(1)[0]
    clip = made(engine, Animate(image=picture, prompt="it moves", seconds=1.5, options=SEED))
    assert clip.frames.shape == (12, 64, 64, 3)
    assert np.array_equal(clip.frames[0], picture)
    assert len({frame.tobytes() for frame in clip.frames}) == 12
    assert (clip.prompt, clip.info["edit"], clip.info["frames_reviewed"]) == ("it moves", "animate", 12)


@pytest.mark.parametrize("count", [1, 3, 6, 30])
def test_a_clip_extended_forward_begins_as_it_was(engine, moving, count):
    source = moving(count)
    clip = made(engine, Extend(video=source, prompt="it goes on", seconds=1.25, options=SEED))
    assert len(clip.frames) == count + 10
    assert np.array_equal(clip.frames[:count], source)


@pytest.mark.parametrize("count", [1, 3, 6, 30])
def test_a_clip_extended_backward_ends_as_it_was(engine, moving, count):
    source = moving(count)
    request = Extend(video=source, prompt="it began", seconds=1.25, direction="backward", options=SEED)
    clip = made(engine, request)
    assert len(clip.frames) == count + 10
    assert np.array_equal(clip.frames[10:], source)


def test_three_backward_extensions_end_alike_and_begin_differently(engine, moving):
    source = moving(8)
    clips = [
        made(engine, Extend(video=source, seconds=1, direction="backward", options=Options(seed=seed))).frames
        for seed in (1, 2, 3)
    ]
    assert all(np.array_equal(clip[8:], source) for clip in clips)
    assert all(np.abs(a[0].astype(int) - b[0]).mean() > 1 for a, b in pairwise(clips))


def test_a_join_begins_and_ends_as_its_clips(engine, moving):
    first, second = moving(10), moving(6, start=14, tint=(20, 200, 60))
    clip = made(engine, Join(first=first, second=second, seconds=1, options=SEED))
    assert len(clip.frames) == 10 + 8 + 6
    assert np.array_equal(clip.frames[:10], first)
    assert np.array_equal(clip.frames[18:], second)


def test_a_blend_keeps_both_sides_of_the_transition(engine, moving):
    first, second = moving(14), moving(16, tint=(20, 200, 60))
    clip = made(engine, Blend(first=first, second=second, first_prompt="red", second_prompt="green", seconds=1))
    assert len(clip.frames) == 14 + 16 - 8
    assert np.array_equal(clip.frames[:6], first[:6])
    assert np.array_equal(clip.frames[14:], second[8:])


def test_a_video_is_closed_by_frames_that_lead_to_its_start(engine, moving):
    source = moving(10)
    draft = Loop(video=source, seconds=1, options=SEED).draft(engine.model.limits)
    film = lower(draft, engine)
    suffix = film.conditions[1].latent
    assert torch.equal(suffix, engine.encode_groups(source[: 4 * suffix.shape[2]]))
    clip = collect(edit(engine, draft), "loop")
    assert len(clip.frames) == 18
    assert np.array_equal(clip.frames[:10], source)


def test_a_loop_of_words_is_as_long_as_asked_and_told_once(engine):
    draft = Loop(prompt="it turns", seconds=2, options=SEED).draft(engine.model.limits)
    events = list(edit(engine, draft))
    told = np.concatenate([event.frames for event in events if isinstance(event, Frames)])
    assert isinstance(events[-1], Done)
    assert np.array_equal(told, events[-1].clip.frames)
    assert len(told) == 16
    stages = [event.stage for event in events if isinstance(event, Progress)]
    assert stages.count("denoise") == 2  # once around


@pytest.mark.parametrize("seconds", [2.125, 5])
def test_a_loop_that_is_no_ring_is_filmed_and_then_closed(engine, seconds):
    draft = Loop(prompt="it turns", seconds=seconds, options=SEED).draft(engine.model.limits)
    assert around(draft, engine) is None
    events = list(edit(engine, draft))
    told = np.concatenate([event.frames for event in events if isinstance(event, Frames)])
    assert np.array_equal(told, events[-1].clip.frames)
    assert len(told) == round(8 * seconds)


def test_a_ring_has_no_beginning(engine):
    """Wherever it is cut, its last frame leads to its first by the smallest of all its steps."""
    frames = made(engine, Loop(prompt="it turns", seconds=2, options=SEED)).frames.astype(int)
    steps = np.abs(frames - np.roll(frames, 1, axis=0)).mean(axis=(1, 2, 3))
    assert steps.argmin() == 0
    assert steps[1:].max() < 3 * np.median(steps)


def test_scenes_turn_into_one_another_each_under_its_own_words(engine, moving):
    dark, bright = (
        Clip(frames=np.full((9, 64, 64, 3), level, np.uint8), fps=8, prompt=words, seed=1, model="any")
        for level, words in ((20, "night"), (220, "day"))
    )
    film = lower(Join(first=dark, second=bright, seconds=1, options=SEED).draft(engine.model.limits), engine)
    assert film.turn is not None
    assert (film.prompt_at(film.turn.start), film.prompt_at(film.turn.stop - 1)) == ("night", "day")
    assert film.plan.prompt == "night day"
    told = lower(Join(first=dark, second=bright, prompt="dawn", seconds=1).draft(engine.model.limits), engine)
    assert told.turn is not None
    assert told.prompts == ("dawn",)
    same = lower(Join(first=moving(9), second=moving(9, start=3), seconds=1).draft(engine.model.limits), engine)
    assert same.turn is None  # one scene: the model finds the way
    clip = made(engine, Join(first=dark, second=bright, seconds=1, options=SEED))
    middle = clip.frames[9:-9].astype(int).mean(axis=(1, 2, 3))
    steps = np.diff((20, *middle, 220))
    assert steps[0] < steps[1:-1].min()  # it sets in, and settles, more gently than it goes: no jump at either end
    assert steps[-1] < steps[1:-1].min()
    assert abs(middle[-1] - 220) < 12


def test_a_long_way_between_scenes_is_gone_from_both_ends(engine, moving):
    first, second = moving(9), 255 - moving(9)
    clip = made(engine, Join(first=first, second=second, seconds=6, options=SEED))
    assert len(clip.frames) == 9 + 48 + 9
    assert np.array_equal(clip.frames[:9], first)
    assert np.array_equal(clip.frames[-9:], second)


def test_a_remix_with_a_mask_is_exact_outside_and_new_inside(engine, moving):
    source, mask = moving(10), np.zeros((64, 64, 3), np.uint8)
    mask[20:44, 30:] = 255
    clip = made(engine, Remix(video=source, prompt="it is blue", strength=0.8, mask=mask, options=SEED))
    outside = mask[..., 0] == 0
    assert np.array_equal(clip.frames[:, outside], source[:, outside])
    assert (clip.frames[:, 30:34, 40:60] != source[:, 30:34, 40:60]).any()
    assert clip.info["strength"] == 0.8


def test_a_remix_of_a_mask_in_time_keeps_the_frames_it_does_not_name(engine, moving):
    source, mask = moving(9), np.zeros((9, 64, 64, 3), np.uint8)
    mask[5:] = 255
    clip = made(engine, Remix(video=source, prompt="it is blue", mask=mask, options=SEED))
    assert np.array_equal(clip.frames[:5], source[:5])
    assert (clip.frames[5:] != source[5:]).any()


def test_strength_is_the_share_of_steps_that_is_taken(engine):
    shift = engine.model.defaults.shift
    for steps in (10, 20):
        grid = shifted(steps, shift).tolist()
        for index in range(steps):
            assert start_sigma((steps - index) / steps, shift) == pytest.approx(grid[index], abs=1e-3)


def test_what_is_put_back_at_a_seam_makes_its_jump_smaller(engine, moving):
    """The model of noise decodes anything to mud: without the carry the seam would be a wall."""
    source = np.repeat(moving(1), 9, axis=0)
    request = Extend(video=source, seconds=1, options=SEED)
    film = lower(request.draft(engine.model.limits), engine)
    mended = collect(engine.film(film), "extend").frames
    film = replace(film, seams=())
    carried = collect(engine.film(film), "extend").frames
    plain = collect(engine.film(replace(film, carry=())), "extend").frames

    def jump(frames):
        return np.abs(frames[9].astype(int) - frames[8]).mean()

    assert jump(carried) < 0.5 * jump(plain)
    assert jump(mended) < 0.5 * jump(carried)
    assert np.array_equal(carried[13:], plain[13:])  # half a second on, all is as decoded


def test_what_is_brought_is_reviewed_before_anything_is_made(engine, moving):
    class Strict:
        screen, screen_chain, screen_negative = (
            staticmethod(getattr(default_guard(), name)) for name in ("screen", "screen_chain", "screen_negative")
        )

        def review(self, frames: np.ndarray, book: FrameBook) -> Verdict:
            return Verdict(False, ("violence",), "no")

    class Sealed(type(engine)):
        def encode(self, frames):
            raise AssertionError("something was made of it")

        encode_groups = film = encode

    sealed = Sealed(engine.model, Strict())
    draft = Extend(video=moving(8), seconds=1, direction="backward").draft(engine.model.limits)
    assert [type(event) for event in edit(sealed, draft)] == [Refused]


def test_refused_words_end_it_before_anything_is_read(engine, moving):
    draft = Blend(first=moving(20), second=moving(20), second_prompt="child porn", seconds=1).draft(engine.model.limits)
    assert [type(event) for event in edit(engine, draft)] == [Refused]
