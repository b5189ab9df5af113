import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import DEFAULTS, save_tiny_model
from kinora.engine.engine import Engine
from kinora.engine.events import Done, Frames, Progress, Refused, collect
from kinora.engine.fake import FakeEngine
from kinora.engine.film import Carry, Film, Span
from kinora.engine.frames.record import record
from kinora.errors import InvalidRequest
from kinora.flow.conditions import FirstFrame, Keyframes, NoiseStart, Prefix, Suffix
from kinora.media import read_video
from kinora.request import Shot
from kinora.safety import default_guard
from kinora.safety.release import payload_of

PROMPT = "a red ball bounces"
SETTINGS = replace(DEFAULTS, max_seconds=60.0, window=5, block=2, sink=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(save_tiny_model(tmp_path_factory.mktemp("models") / "tiny", defaults=SETTINGS))


@pytest.fixture(scope="module", params=["causal", "sliding"])
def engine(model, request):
    return Engine(replace(model, defaults=replace(model.defaults, long=request.param)), default_guard())


def planned(engine, frames, **asked):
    return replace(engine.model.limits.plan(Shot(PROMPT, seed=7, seconds=1, **asked)), frames=frames)


def made(engine, frames, spans, **options):
    spans = tuple(Span(prompt=PROMPT, latents=one) if isinstance(one, int) else one for one in spans)
    return collect(engine.film(Film(plan=planned(engine, frames), spans=spans, **options)), PROMPT)


@pytest.mark.parametrize("frames", [1, 2, 5, 17, 18, 33, 34, 80])
def test_every_length_comes_out_exactly(engine, frames):
    clip = collect(engine.generate(Shot(PROMPT, seed=7, seconds=frames / 8)), PROMPT)
    assert clip.frames.shape == (frames, 64, 64, 3)
    assert clip.info["frames_reviewed"] == frames


def test_frames_leave_as_they_are_made_and_progress_counts_all_windows(engine):
    events = list(engine.generate(Shot(PROMPT, seed=7, seconds=5)))  # 11 latent frames: 5, 2, 2, 2
    steps = [(event.index, event.total) for event in events if isinstance(event, Progress) and event.stage == "denoise"]
    assert steps == [(index, 8) for index in range(1, 9)]
    stages = [event.stage for event in events if isinstance(event, Progress)]
    assert [stage for stage, _ in itertools.groupby(stages)] == ["read", *["denoise", "decode"] * 4]
    told = [event for event in events if isinstance(event, Frames)]
    assert [event.start for event in told] == list(np.cumsum([0, *(len(event.frames) for event in told)])[:-1])
    assert np.array_equal(np.concatenate([event.frames for event in told]), events[-1].clip.frames)


def test_another_prompt_acts_from_its_span_on(engine):
    plain = made(engine, 33, [9]).frames
    other = made(engine, 33, [5, Span(prompt="a blue cube spins", latents=4)]).frames
    assert np.array_equal(other[:17], plain[:17])
    assert not np.array_equal(other[17:], plain[17:])


def test_closing_cancels_between_the_steps_of_any_block(engine, monkeypatch):
    events = engine.generate(Shot(PROMPT, seed=7, seconds=5))
    for event in events:
        if isinstance(event, Progress) and (event.stage, event.index) == ("denoise", 4):
            break
    monkeypatch.setattr(type(engine.model.dit), "forward", lambda *_, **__: pytest.fail("computed"))
    events.close()
    with pytest.raises(StopIteration):
        next(events)


def test_a_cut_falls_on_any_frame_and_nothing_is_seen_across_it(engine):
    first, second = Span(prompt=PROMPT, latents=3, trim=2), Span(prompt="a blue cube spins", latents=7, cut=True)
    frames = made(engine, 7 + 25, [first, second]).frames
    assert frames.shape[0] == 32
    after = made(engine, 7 + 25, [first, replace(second, prompt="rain")]).frames
    before = made(engine, 7 + 25, [replace(first, prompt="rain"), second]).frames
    assert np.array_equal(after[:7], frames[:7])
    assert not np.array_equal(after[7], frames[7])
    assert np.array_equal(before[7:], frames[7:])
    assert not np.array_equal(before[6], frames[6])


def test_a_first_frame_opens_a_long_film(engine):
    picture = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    latent = engine.encode(picture)
    clip = made(engine, 33, [9], conditions=(FirstFrame(latent),))
    assert np.array_equal(clip.frames[0], engine.decode(latent)[0])


def test_given_latents_stay_at_both_ends_and_in_between(engine):
    generator = torch.Generator().manual_seed(0)
    start, middle, end = (torch.randn(1, 48, n, 4, 4, generator=generator) for n in (2, 1, 2))
    held = (Prefix(start), Suffix(end), Keyframes({8: middle}))
    frames = made(engine, 4 * 15 + 1, [16], conditions=held).frames
    assert np.array_equal(frames[:5], engine.decode(start))
    # A latent frame decodes with the one before it in sight, so of two held ones the second comes out to the bit.
    assert np.array_equal(frames[-4:], engine.decode(end)[-4:])


def test_a_given_end_is_led_up_to_and_backwards_needs_no_given_end(engine):
    end = torch.randn(1, 48, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    events = list(engine.film(Film(plan=planned(engine, 41), spans=(Span(prompt=PROMPT, latents=11),),
                                   conditions=(Suffix(end),))))  # fmt: skip
    first = next(n for n, event in enumerate(events) if isinstance(event, Frames))
    assert sum(isinstance(event, Progress) and event.stage == "denoise" for event in events[first:]) == 0
    assert np.array_equal(events[-1].clip.frames[-4:], engine.decode(end)[-4:])
    forward, backward = made(engine, 41, [11]).frames, made(engine, 41, [11], backwards=True).frames
    assert not np.array_equal(forward, backward)


def test_a_variation_near_zero_noise_is_the_old_clip(engine):
    old = torch.randn(1, 48, 9, 4, 4, generator=torch.Generator().manual_seed(0))
    near = made(engine, 33, [9], conditions=(NoiseStart(old, 0.01),)).frames
    assert np.abs(near.astype(float) - engine.decode(old)).mean() < 3


def test_what_is_kept_and_what_is_given_around_it(engine):
    whole = made(engine, 33, [9]).frames
    given = np.full((10, 64, 64, 3), 7, np.uint8)
    clip = made(engine, 10 + 20 + 3, [9], keep=(6, 26), before=given, after=given[:3])
    assert np.array_equal(clip.frames, np.concatenate([given, whole[6:26], given[:3]]))
    assert clip.info["frames_reviewed"] == 33


def test_a_carry_restores_a_given_frame_and_fades(engine):
    whole = made(engine, 33, [9]).frames.astype(int)
    residual = np.full((64, 64, 3), 8, np.int16)
    clip = made(engine, 33, [9], carry=(Carry(at=20, residual=residual, before=1, after=3),))
    added = np.median(clip.frames - whole, axis=(1, 2, 3))
    assert added[18:26].tolist() == [0, 4, 8, 6, 4, 2, 0, 0]
    assert not added[:18].any()


def test_all_given_is_delivered_without_a_step(engine, monkeypatch):
    latents = torch.randn(1, 48, 7, 4, 4, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(type(engine.model.dit), "forward", lambda *_, **__: pytest.fail("computed"))
    clip = made(engine, 25, [7], conditions=(Prefix(latents),))
    assert np.array_equal(clip.frames, engine.decode(latents))


def test_conditions_that_do_not_fit_are_refused(engine):
    with pytest.raises(InvalidRequest, match="8 latent frames: the video has 7"):
        made(engine, 25, [7], conditions=(Prefix(torch.zeros(1, 48, 8, 4, 4)),))


@pytest.mark.parametrize("where", ["span", "negative"])
def test_every_prompt_is_screened(model, where):
    engine = Engine(model, default_guard())
    # To steer away from nudity is well meant; to steer a picture of somebody away from clothes is not.
    prompt, bad, negative = {
        "span": (PROMPT, "hardcore porn", ""),
        "negative": ("a woman",) * 2 + ("clothes, dressed",),
    }[where]
    spans = (Span(prompt=prompt, latents=3), Span(prompt=bad, latents=2))
    plan = replace(planned(engine, 17), prompt=prompt, negative=negative)
    for one in (engine, FakeEngine(default_guard())):
        (event,) = one.film(Film(plan=plan, spans=spans))
        assert isinstance(event, Refused)


def test_groups_are_encoded_as_in_the_midst_of_a_clip(model):
    engine = Engine(model, default_guard())
    frames = np.random.default_rng(0).integers(0, 256, (77, 64, 64, 3), np.uint8)
    whole = engine.encode(frames)
    assert whole.shape == (1, 48, 20, 4, 4)
    torch.testing.assert_close(engine.encode_groups(frames[5:]), whole[:, :, 2:], atol=1e-5, rtol=0)


def test_a_film_that_does_not_add_up_is_a_bug(model):
    plan = planned(Engine(model, default_guard()), 17)
    with pytest.raises(AssertionError, match="10 frames delivered, 17 planned"):
        Film(plan=plan, spans=(Span(prompt=PROMPT, latents=5),), keep=(0, 10))


def test_the_fake_engine_tells_a_film_like_the_real_one(model):
    film = Film(
        plan=planned(Engine(model, default_guard()), 61),
        spans=(Span(prompt=PROMPT, latents=10, trim=1), Span(prompt="rain", latents=8, cut=True)),
        keep=(3, 60),
        before=np.zeros((4, 64, 64, 3), np.uint8),
    )
    events = list(FakeEngine(default_guard()).film(film))
    assert isinstance(events[-1], Done)
    assert events[-1].clip.frames.shape == (61, 64, 64, 3)
    assert not events[-1].clip.frames[:4].any()


def test_a_film_is_written_while_it_is_made(model, tmp_path):
    engine, sizes = Engine(model, default_guard()), []

    def watch(event):
        if isinstance(event, Frames):
            sizes.append(len(list(tmp_path.iterdir())))

    events = engine.generate(Shot(PROMPT, seed=7, seconds=5))
    clip = record(
        events, tmp_path / "a.mp4", PROMPT, watch, fps=8, payload=payload_of(model.name, model.version, 7, PROMPT)
    )
    assert sizes[0] == 0
    assert sizes[-1] == 1  # the temporary file
    assert read_video(tmp_path / "a.mp4")[0].shape == clip.frames.shape == (40, 64, 64, 3)
    assert "write" in clip.info["timings"]
