"""Every kind of job becomes files that are reviewed, marked and signed, and says what was made."""

import pathlib

import pytest

from kinora.media import load_frames
from kinora.safety.provenance import read_file
from kinora.serve.settings import Settings
from kinora.serve.work.makers import Fake
from kinora.serve.work.perform import perform
from kinora.serve.work.worker import Worker


@pytest.fixture
def maker():
    return Fake(Settings(model="fake").guard())


@pytest.fixture
def finished(desk, hand, settings, order):
    """Order something and have it made; returns the job as it then is."""
    worker = Worker(desk, hand, settings)

    def made(*words: str, **said: object):
        job = order(*words, **said)
        assert worker.work(desk.claim(hand))
        return desk.store.get(job.id)

    return made


def test_a_video_comes_with_its_pictures_all_of_them_signed(finished, settings):
    job = finished("a red ball bounces", seed=7)
    assert (job.status, job.progress, job.size, job.seconds) == ("completed", 100, "64x64", 0.5)
    assert {name: asset.type for name, asset in job.assets.items()} == {
        "video": "video/mp4",
        "thumbnail": "image/webp",
        "spritesheet": "image/jpeg",
    }
    for asset in job.assets.values():
        assert read_file(pathlib.Path(settings.storage) / asset.path).state == "trusted"
    told = job.result
    assert (told["frames"], told["fps"], told["seed"], told["model"]) == (4, 8, 7, "fake")
    assert told["verdict"] == {"frames_reviewed": 4, "warnings": []}
    assert {"denoise", "write"} <= set(told["timings"])


def test_edits_keep_what_they_are_given_and_add_what_is_asked(finished, desk, settings):
    video = finished("a red ball").assets["video"].id
    made = {
        "remix": finished("a blue ball", kind="remix", inputs={"video": video}, seconds=None, size=None),
        "edit": finished("a blue ball", kind="edit", inputs={"video": video}, strength=0.3, seconds=None, size=None),
        "extend": finished("it rolls", kind="extend", inputs={"video": video}, seconds=0.5, size=None),
        "loop": finished("", kind="loop", inputs={"video": video}, seconds=0.5, size=None),
        "cast": finished(
            "Bobo walks",
            inputs={"clip": video},
            characters=[{"id": "c", "name": "Bobo", "description": "a creature", "clip": "clip"}],
        ),
    }
    assert {name: job.error for name, job in made.items() if job.error} == {}
    assert {name: job.result["frames"] for name, job in made.items()} == {
        "remix": 4,
        "edit": 4,
        "extend": 8,
        "loop": 8,
        "cast": 4,
    }
    assert made["extend"].seconds == 1.0
    with desk.assets.open(desk.store.asset(video)) as file:
        given = file.read()
    source = pathlib.Path(settings.storage) / "given.mp4"
    source.write_bytes(given)
    extended = pathlib.Path(settings.storage) / made["extend"].assets["video"].path
    first, longer = (load_frames(path, fps=8, size=(64, 64)).frames for path in (source, extended))
    assert abs(longer[:4].astype(int) - first).mean() < 6  # the same but for mark and codec, once more


def test_stories_pictures_and_animations(finished):
    story = finished("", kind="story", seconds=None, shots=[{"prompt": "a ball", "seconds": 0.5}, {"prompt": "a box"}])
    assert story.result["frames"] == 4 + 32
    image = finished("a ball", kind="image", seconds=None, format="webp")
    assert {name: asset.type for name, asset in image.assets.items()} == {"image": "image/webp"}
    assert image.result["frames"] == 1
    animated = finished("it moves", inputs={"image": image.assets["image"].id})
    assert animated.result["frames"] == 4


def test_live_frames_are_shown_while_it_is_made(desk, hand, order, maker):
    job = order(seconds=2)
    claim = desk.claim(hand)
    shown = []

    def tell(progress, stage):
        asset = desk.store.get(job.id).assets.get("preview")
        shown.extend([asset] if asset else [])

    perform(claim, maker, desk, preview=0.001, tell=tell)
    assert shown
    assert shown[-1].type == "image/webp"
    numbers = [event.data["frame"] for event in desk.store.events(job.id) if event.kind == "preview"]
    assert numbers == sorted(set(numbers))


def test_progress_never_goes_back_and_ends_short_of_done(desk, hand, order, maker):
    order(seconds=2)
    told = []
    perform(desk.claim(hand), maker, desk, preview=0, tell=lambda progress, stage: told.append((progress, stage)))
    progress = [one for one, _ in told]
    assert progress == sorted(progress)
    assert progress[-1] == 98
    assert list(dict.fromkeys(stage for _, stage in told)) == ["read", "denoise", "decode", "store"]


def test_what_the_guard_refuses_fails_with_its_reason_and_leaves_no_file(finished, settings):
    job = finished("two people having explicit sex")
    assert (job.status, job.error.code) == ("failed", "moderation_blocked")
    assert "sexual" in job.error.message
    assert [path for path in pathlib.Path(settings.storage).rglob("*") if path.is_file()] == []


def test_what_cannot_be_made_says_why_without_naming_places(finished, desk):
    video = finished("a ball").assets["video"].id
    job = finished("longer", kind="extend", inputs={"video": video}, seconds=60, size=None)
    assert job.error.code == "invalid_request"
    assert "up to 60 seconds" in job.error.message
    desk.assets.delete(desk.store.asset(video).path)
    lost = finished("a ball", kind="remix", inputs={"video": video}, seconds=None, size=None)
    assert lost.error.code == "generation_failed"
    assert "/" not in job.error.message + lost.error.message


def test_the_same_order_gives_the_same_video(finished):
    first, second = finished("a ball", seed=3), finished("a ball", seed=3)
    assert first.result["watermark"] == second.result["watermark"]
    assert first.result["seed"] == second.result["seed"] == 3
