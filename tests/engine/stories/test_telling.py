import dataclasses

import numpy as np
import pytest

from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import DEFAULTS, save_tiny_model
from kinora.engine.engine import Engine
from kinora.engine.events import Read, Refused, collect
from kinora.engine.stories.story import Card, Story
from kinora.engine.stories.telling import tell
from kinora.errors import BadInputFile, InvalidRequest
from kinora.media import write_clip
from kinora.media.ingest import load_frames
from kinora.safety import default_guard


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(save_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def engine(model):
    return Engine(model, default_guard())


def clip(engine, *cards, **shared):
    story = Story(cards=cards, **({"seed": 7, "characters": {}} | shared))
    return collect(tell(engine, story), "")


def test_every_cut_falls_on_the_asked_frame(engine):
    told = clip(engine, *(Card(prompt=name, seconds=length / 8) for name, length in [("a", 3), ("b", 7), ("c", 2)]))
    assert len(told.frames) == 12
    assert [(shot["start"], shot["seconds"]) for shot in told.info["shots"]] == [
        (0, 0.375),
        (0.375, 0.875),
        (1.25, 0.25),
    ]
    assert told.info["frames_reviewed"] == 12
    assert told.prompt == "A.\nB.\nC."


def test_shared_noise_makes_equal_words_equal_pictures(engine):
    cards = [Card(prompt=f"Bobo {deed}", seconds=0.5) for deed in ("hops", "hops")]
    for same, shared in ((True, True), (False, False)):
        told = clip(engine, *cards, characters={"Bobo": "a ball"}, same_noise=same)
        assert np.array_equal(told.frames[:4], told.frames[4:]) is shared


def test_a_shot_opens_on_its_picture_or_its_clip_as_it_is(engine, tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (1, 64, 64, 3), np.uint8)
    picture = write_clip(tmp_path / "a.png", frames, fps=8).path
    video = write_clip(
        tmp_path / "b.mp4", np.random.default_rng(1).integers(0, 255, (8, 64, 64, 3), np.uint8), fps=8
    ).path
    told = clip(
        engine,
        Card(prompt="a", seconds=0.5),
        Card(prompt="b", seconds=0.75, image=picture),
        Card(prompt="c", seconds=0.75, clip=video),
    )
    assert np.array_equal(told.frames[4], frames[0])
    assert np.array_equal(told.frames[10:15], load_frames(video, fps=8, size=(64, 64)).frames[:5])
    assert told.info["report"] == ["b.mp4: the shot opens on the first 5 of its 8 frames"]


def test_what_is_done_to_a_shots_picture_is_told(engine, tmp_path):
    picture = write_clip(tmp_path / "wide.png", np.zeros((1, 64, 128, 3), np.uint8), fps=8).path
    told = clip(engine, Card(prompt="a", seconds=0.5, image=picture))
    assert told.info["report"] == ["wide.png: cropped in the middle from 128x64 to 64x64, then scaled to 64x64"]


def test_what_is_unsaid_holds_and_every_change_is_told(model):
    worldly = dataclasses.replace(model, defaults=dataclasses.replace(DEFAULTS, expander="world"))
    cards = (Card(prompt="Bobo hops on the beach at dusk", seconds=0.5), Card(prompt="it spins", seconds=0.5))
    story = Story(cards=cards, characters={"Bobo": "a blue bunny"}, seed=1)
    events = list(tell(Engine(worldly, default_guard()), story))
    reads = [event for event in events if isinstance(event, Read)]
    assert [one.asked for one in reads] == ["A blue bunny hops on the beach at dusk.", "It spins."]
    place = "on a sandy beach at sunset. The camera stays still. 3D animation."
    assert [one.prompt for one in reads] == [
        f"A blue fluffy creature hops up and down {place}",
        f"A blue fluffy creature spins around in place {place}",
    ]
    assert events[: len(reads)] == reads
    assert [shot["prompt"] for shot in events[-1].clip.info["shots"]] == [one.prompt for one in reads]


def test_words_spread_over_shots_are_screened_together(engine):
    (event,) = tell(engine, Story(cards=(Card(prompt="a hardcore"), Card(prompt="porn"))))
    assert isinstance(event, Refused)


def test_all_is_checked_before_anything_is_computed(engine, monkeypatch, tmp_path):
    monkeypatch.setattr(type(engine.model.dit), "forward", lambda *_, **__: pytest.fail("computed"))
    with pytest.raises(InvalidRequest, match="shot 2: 5 seconds: this model makes up to 2"):
        tell(engine, Story(cards=(Card(prompt="a"), Card(prompt="b", seconds=5))))
    with pytest.raises(BadInputFile, match=r"shot 1: .*nothing\.png"):
        tell(engine, Story(cards=(Card(prompt="a", image=tmp_path / "nothing.png"),)))


def test_the_words_of_a_file_that_a_shot_opens_on_are_judged(engine, tmp_path):
    write_clip(tmp_path / "hardcore_porn.png", np.zeros((1, 32, 32, 3), np.uint8), fps=1)
    events = tell(engine, Story(cards=(Card(prompt="a", image=tmp_path / "hardcore_porn.png"),)))
    (refused,) = list(events)
    assert isinstance(refused, Refused)
    assert "hardcore_porn.png, its name" in refused.verdict.reason
