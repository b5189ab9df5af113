import numpy as np
import pytest
import torch

from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import save_tiny_model
from kinora.engine.engine import SOLVERS, Engine
from kinora.engine.events import Done, Frames, Progress, Refused, collect
from kinora.errors import InvalidRequest, KinoraError
from kinora.request import SAMPLERS, Shot
from kinora.safety import FrameBook, Verdict, default_guard, lists_only_guard

PROMPT = "a red ball bounces"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(save_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def engine(model):
    return Engine(model, default_guard())


def film(engine, **asked):
    return collect(engine.generate(Shot(**({"prompt": PROMPT, "seed": 7} | asked))), PROMPT)


def test_an_engine_without_a_guard_can_not_be_built(model):
    with pytest.raises(TypeError):
        Engine(model)
    for no_guard in (None, object(), "guard"):
        with pytest.raises(TypeError):
            Engine(model, no_guard)


def test_a_shot_becomes_events_that_end_in_a_clip(engine):
    events = list(engine.generate(Shot(PROMPT, seed=7, steps=3, seconds=1.5)))
    stages = [(event.stage, event.index, event.total) for event in events if isinstance(event, Progress)]
    assert stages[:4] == [("read", 1, 1), ("denoise", 1, 3), ("denoise", 2, 3), ("denoise", 3, 3)]
    assert stages[-1] == ("decode", 12, 12)
    told = [event for event in events if isinstance(event, Frames)]
    assert [event.start for event in told] == [0, 5]
    assert isinstance(events[-1], Done)
    clip = events[-1].clip
    assert np.array_equal(np.concatenate([event.frames for event in told]), clip.frames)
    assert clip.frames.shape == (12, 64, 64, 3)
    assert (clip.prompt, clip.seed, clip.steps, clip.guidance, clip.model) == (PROMPT, 7, 3, 2.0, "tiny")
    assert clip.info["frames_reviewed"] == 12
    assert set(clip.info["timings"]) == {"read", "denoise", "decode"}
    assert clip.info["peak_memory"] > 50e6


def test_the_same_seed_gives_the_same_frames_and_another_others(engine):
    first = film(engine).frames
    assert np.array_equal(first, film(engine).frames)
    assert not np.array_equal(first, film(engine, seed=8).frames)


def test_without_a_seed_the_clip_tells_the_one_drawn(engine):
    clip = film(engine, seed=None)
    assert np.array_equal(clip.frames, film(engine, seed=clip.seed).frames)


@pytest.mark.parametrize(
    "change", [{"prompt": "a blue cube spins"}, {"guidance": 5.0}, {"negative": "rain"}, {"steps": 3}]
)
def test_every_choice_has_an_effect(engine, change):
    assert not np.array_equal(film(engine).frames, film(engine, **change).frames)


def test_guidance_one_does_not_look_at_the_negative(engine):
    plain = film(engine, guidance=1)
    assert np.array_equal(plain.frames, film(engine, guidance=1, negative="rain").frames)


def test_samplers_name_the_solvers_there_are():
    assert {sampler.solver for sampler in SAMPLERS.values()} == {*SOLVERS, "renoise"}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_can_be_asked_for_and_is_told(engine, sampler):
    clip = film(engine, sampler=sampler, shift=3)
    assert clip.frames.std() > 0
    assert clip.info["sampling"] == {"sampler": sampler, "shift": 3, "dtype": "float32"}


@pytest.mark.parametrize(("size", "seconds", "frames"), [((64, 96), 0.125, 1), ((96, 64), 0.5, 4), ((64, 64), 2.0, 16)])
def test_size_and_length_come_out_exactly(engine, size, seconds, frames):
    clip = film(engine, size=size, seconds=seconds)
    assert clip.frames.shape == (frames, *size, 3)
    assert clip.seconds == seconds


def test_what_the_model_can_not_make_is_refused_at_once_before_anything_is_computed(engine, monkeypatch):
    monkeypatch.setattr(type(engine.model.text), "encode", lambda *_: pytest.fail("computed"))
    with pytest.raises(InvalidRequest, match="5 seconds: this model makes up to 2 seconds"):
        engine.generate(Shot(PROMPT, seconds=5))


def test_a_prompt_with_too_many_wordpieces_is_refused_not_cut(engine):
    with pytest.raises(InvalidRequest, match="wordpieces"):
        film(engine, prompt="very " * 200 + "long")


def test_a_refused_prompt_is_never_read(engine, monkeypatch):
    monkeypatch.setattr(type(engine.model.text), "encode", lambda *_: pytest.fail("computed"))
    (event,) = Engine(engine.model, lists_only_guard()).generate(Shot("hardcore porn"))
    assert isinstance(event, Refused)
    assert "sexual" in event.verdict.categories


class Nervous:
    """A guard that dislikes frame `at`."""

    def __init__(self, at: int) -> None:
        self.at = at

    def screen(self, prompt: str) -> Verdict:
        return Verdict(True)

    def screen_chain(self, prompts) -> Verdict:
        return Verdict(True)

    def screen_negative(self, prompt: str, negative: str) -> Verdict:
        return Verdict(True)

    def review(self, frames: np.ndarray, book: FrameBook) -> Verdict:
        book.reviewed += len(frames)
        return Verdict(book.reviewed <= self.at, ("violence",), "frame")


def test_a_refused_frame_ends_the_clip_and_is_not_told(model):
    events = list(Engine(model, Nervous(at=5)).generate(Shot(PROMPT, seconds=2, seed=1)))
    assert isinstance(events[-1], Refused)
    assert sum(len(event.frames) for event in events if isinstance(event, Frames)) == 5
    assert not any(isinstance(event, Done) for event in events)


class Blind(Nervous):
    def review(self, frames: np.ndarray, book: FrameBook) -> Verdict:
        return Verdict(True)


def test_frames_nobody_counted_are_not_delivered(model):
    with pytest.raises(AssertionError, match="0 frames reviewed, 5 shown"):
        list(Engine(model, Blind(at=0)).generate(Shot(PROMPT)))


def test_closing_the_iterator_stops_the_work(engine, monkeypatch):
    calls = []
    forward = type(engine.model.dit).forward
    monkeypatch.setattr(type(engine.model.dit), "forward", lambda *a, **k: calls.append(1) or forward(*a, **k))
    events = engine.generate(Shot(PROMPT, steps=50))
    for event in events:
        if isinstance(event, Progress) and event.stage == "denoise" and event.index == 3:
            break
    events.close()
    assert len(calls) == 3
    with pytest.raises(StopIteration):
        next(events)


def test_generations_may_take_turns(engine):
    alone = [film(engine, seed=seed).frames for seed in (1, 2)]
    first, second = (engine.generate(Shot(PROMPT, seed=seed)) for seed in (1, 2))
    clips = {}
    for pair in zip(first, second, strict=True):
        clips.update({index: event.clip for index, event in enumerate(pair) if isinstance(event, Done)})
    assert all(np.array_equal(clips[index].frames, alone[index]) for index in (0, 1))


def test_runaway_numbers_are_an_error_not_a_grey_video(engine):
    weight = engine.model.dit.head.head.weight
    kept = weight.clone()
    weight.fill_(float("nan"))
    try:
        with pytest.raises(KinoraError, match="not numbers any more"):
            film(engine)
    finally:
        weight.copy_(kept)


def test_chunked_decoding_equals_decoding_at_once(engine):
    latent = torch.randn(1, 48, 5, 4, 4, generator=torch.Generator().manual_seed(3))
    chunks = engine.decode(latent)
    whole = engine.model.vae.decode(latent)[0].clamp(-1, 1).permute(1, 2, 3, 0)
    assert np.abs(chunks - ((whole + 1) * 127.5).numpy()).max() < 0.6


def test_bfloat16_films_the_same_scene(model, tmp_path, engine):
    half = load_model(save_tiny_model(tmp_path / "tiny"), dtype=torch.bfloat16)
    close = film(Engine(half, default_guard())).frames.astype(float)
    assert np.abs(close - film(engine).frames).mean() < 4
