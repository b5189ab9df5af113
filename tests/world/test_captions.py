"""Captions: enough wordings, the right lengths, never a wrong side."""

import re

import pytest

from kinora.world import vocabulary as words
from kinora.world.captions import LIMITS, WORDINGS, canonical, captions, wording
from kinora.world.grammar import plural
from kinora.world.sample import sample_scene
from kinora.world.scene import Action, Scene, Shot, Subject, flip
from kinora.world.split import is_held_out_wording

SCENE = Scene(
    shots=(
        Shot(
            subject=Subject(kind="creature", colour="blue", material="fluffy"),
            actions=(Action(verb="hop", start=0.0, end=4.0),),
            setting="forest",
            light="night",
            weather="clear",
            camera="pan_left",
            seconds=4.0,
        ),
    )
)
SIDES = {"left": re.compile(r"\bleft(wards)?\b"), "right": re.compile(r"\bright(wards)?\b")}


def sides(text):
    return {side for side, pattern in SIDES.items() if pattern.search(text)}


def test_canonical_caption():
    assert canonical(SCENE) == (
        "A blue fluffy creature hops up and down in an enchanted forest at night. "
        "The camera pans slowly to the left. 3D animation."
    )
    assert canonical(SCENE, image=True) == "A blue fluffy creature in an enchanted forest at night. 3D animation."


def test_canonical_names_every_core_attribute():
    for seed in range(150):
        shot = (scene := sample_scene(seed)).shots[0]
        text = canonical(scene).lower()
        said = [words.SUBJECTS[shot.subject.kind], words.SETTINGS[shot.setting], words.LIGHTS[shot.light]]
        said += [words.COLOURS[shot.subject.colour], words.WEATHERS[shot.weather], words.CAMERAS[shot.camera]]
        said += [words.MATERIALS[shot.subject.material], words.STYLES[scene.style]]
        assert all(word.canonical.lower() in text for word in said), text
        assert 16 <= len(text.split()) <= 28, text


def test_canonical_captions_of_core_scenes_are_as_many_as_the_scenes():
    seen = {}
    for seed in range(600):
        scene = sample_scene(seed)
        assert seen.setdefault(canonical(scene), scene.shots) == scene.shots


@pytest.mark.parametrize("seed", range(4))
def test_at_least_fifty_wordings_per_scene(seed):
    told = captions(sample_scene(seed), 90, 0)
    assert len({caption.text for caption in told}) == 90
    stills = captions(sample_scene(seed, image=True), 50, 0)
    assert len({caption.text for caption in stills}) == 50


def test_lengths_by_kind():
    for seed in range(150):
        for caption in captions(sample_scene(seed), 9, seed):
            fewest, most = LIMITS.get(caption.kind, (9, 40))
            assert fewest <= len(caption.text.split()) <= most, caption


@pytest.mark.parametrize("tier", ["core", "full"])
def test_no_caption_fails_or_stutters(tier):
    for seed in range(120):
        scene = sample_scene(seed, tier=tier)
        for caption in captions(scene, 6, seed):
            assert not re.search(r"  | \.|[{}]", caption.text), caption
            assert not re.search(r"\b(a|A) [aeio]", caption.text), caption
            assert not re.search(r"\b(\w+) \1\b", caption.text.replace("around and around", "")), caption


def test_sides_are_the_scenes_own_and_follow_a_flip():
    for seed in range(150):
        scene = sample_scene(seed)
        shot = scene.shots[0]
        for told, camera, verb in (
            (scene, shot.camera, shot.actions[0].verb),
            (flip(scene), flip(scene).shots[0].camera, flip(scene).shots[0].actions[0].verb),
        ):
            allowed = {side for word in (camera, verb) for side in SIDES if word.endswith(f"_{side}")}
            assert sides(canonical(told)) == allowed
            for caption in captions(told, 6, seed):
                assert sides(caption.text) <= allowed, caption
                if verb.startswith("move_") and caption.kind != "image":
                    assert verb.removeprefix("move_") in sides(caption.text), caption


def test_flip_is_the_same_caption_with_the_other_side():
    swap = {"left": "right", "right": "left"}
    for seed in range(150):
        scene = sample_scene(seed)
        expected = re.sub(r"\b(left|right)\b", lambda match: swap[match[0]], canonical(scene))
        assert canonical(flip(scene)) == expected


def test_image_captions_say_nothing_of_action_or_camera():
    for seed in range(60):
        for caption in captions(sample_scene(seed, image=True), 6, seed):
            assert caption.kind == "image"
            assert not re.search(r"\b(camera|view|stand|stay|pan|zoom)", caption.text), caption


def test_kinds_come_in_turn_after_the_canonical_one():
    told = captions(SCENE, 5, 0)
    assert [caption.kind for caption in told] == ["medium", "medium", "long", "short", "terse"]
    assert told[0].text == canonical(SCENE)
    assert captions(SCENE, 1, 0) == told[:1]


def test_same_seed_same_captions():
    assert captions(SCENE, 8, 3) == captions(SCENE, 8, 3)
    assert captions(SCENE, 8, 3)[1:] != captions(SCENE, 8, 4)[1:]


def test_training_never_uses_held_out_wordings():
    kept = {wording(SCENE, "medium", n) for n in range(WORDINGS) if not is_held_out_wording("medium", n)}
    held = {wording(SCENE, "medium", n) for n in range(WORDINGS) if is_held_out_wording("medium", n)}
    told = {caption.text for caption in captions(SCENE, 40, 0) if caption.kind == "medium"}
    unseen = {caption.text for caption in captions(SCENE, 12, 0, split="heldout")[1:] if caption.kind == "medium"}
    assert told - {canonical(SCENE)} <= kept
    assert unseen <= held


def test_verb_fits_the_kind():
    gaits = {
        "ball": "rolls",
        "car": "drives",
        "creature": "walks",
        "cube": "slides",
        "candle": "glides",
        "snowman": "glides",
    }
    for kind, verb in gaits.items():
        shot = Shot(
            subject=Subject(kind=kind, colour="red"),
            actions=(Action(verb="move_left", start=0.0, end=4.0),),
            setting="meadow",
            light="day",
            weather="clear",
            camera="static",
            seconds=4.0,
        )
        assert f"{verb} to the left" in canonical(Scene(shots=(shot,)))


def test_plurals():
    nouns = ["box", "bunny", "snowman with a carrot nose", "fish", "boat", "balloon on a string"]
    assert [plural(noun) for noun in nouns] == [
        "boxes",
        "bunnies",
        "snowmen with a carrot nose",
        "fish",
        "boats",
        "balloons on a string",
    ]


def test_captions_fit_the_text_encoder():
    text = pytest.importorskip("kinora.models.text", reason="the text encoder is not installed")
    encoder = text.TextEncoder.load()
    for seed in range(40):
        for caption in captions(sample_scene(seed), 6, seed):
            assert encoder.count_tokens(caption.text) <= 120, caption
        assert encoder.count_tokens(canonical(sample_scene(seed))) <= 60
