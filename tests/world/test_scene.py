"""The scene graph: exact round trip, clear refusals, mirroring; and what the sampler may draw."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from kinora.errors import InvalidRequest
from kinora.world.sample import core_places, sample_scene, triples
from kinora.world.scene import Action, Scene, Shot, Subject, flip
from kinora.world.split import is_held_out

SHOT = Shot(
    subject=Subject(kind="ball", colour="red"),
    actions=(Action(verb="move_left", start=0.0, end=4.0),),
    setting="meadow",
    light="day",
    weather="clear",
    camera="pan_left",
    seconds=4.0,
)


@pytest.mark.parametrize("tier", ["core", "full"])
def test_json_round_trip_is_exact(tier):
    for seed in range(100):
        scene = sample_scene(seed, tier=tier)
        assert Scene.from_dict(json.loads(json.dumps(scene.to_dict()))) == scene


def test_unknown_word_names_value_rule_and_choices():
    with pytest.raises(InvalidRequest, match=r"'octarine': is not a colour of the world; one of red, orange"):
        Subject(kind="ball", colour="octarine")


@pytest.mark.parametrize(
    "change",
    [
        {"actions": ()},
        {"actions": (Action(verb="hop", start=0.0, end=5.0),)},
        {"actions": (Action(verb="hop", start=1.0, end=3.0), Action(verb="spin", start=2.0, end=4.0))},
        {"relation": "next_to"},
        {"second": Subject(kind="cube", colour="blue")},
        {"second_actions": (Action(verb="hop", start=0.0, end=4.0),)},
        {"camera": "crane"},
    ],
)
def test_impossible_shots_are_refused(change):
    with pytest.raises(InvalidRequest):
        replace(SHOT, **change)


def test_backward_action_and_four_subjects_are_refused():
    with pytest.raises(InvalidRequest):
        Action(verb="hop", start=2.0, end=1.0)
    with pytest.raises(InvalidRequest):
        Subject(kind="ball", colour="red", count=4)


def test_foreign_json_is_refused():
    good = Scene(shots=(SHOT,)).to_dict()
    with pytest.raises(InvalidRequest, match="mood"):
        Scene.from_dict({**good, "mood": "happy"})
    with pytest.raises(InvalidRequest, match="shots"):
        Scene.from_dict({"fps": 8})


def test_flip_changes_every_side_and_is_its_own_inverse():
    scene = Scene(shots=(replace(SHOT, second=Subject(kind="cube", colour="blue"), relation="left_of"),))
    flipped = flip(scene).shots[0]
    assert (flipped.actions[0].verb, flipped.camera, flipped.relation) == ("move_right", "pan_right", "right_of")
    assert flip(flip(scene)) == scene


def test_frame_counts_show_first_and_last_instant():
    assert Scene(shots=(SHOT,)).frames == 33
    assert sample_scene(1, image=True).frames == 1
    assert sample_scene(1, frames=17).frames == 17
    assert sample_scene(1, seconds=2.0).seconds == 2.0


def test_same_seed_same_scene_and_other_seeds_differ():
    assert sample_scene(5) == sample_scene(5)
    assert len({json.dumps(replace(sample_scene(seed), seed=0).to_dict()) for seed in range(100)}) > 95


@pytest.mark.parametrize("tier", ["core", "full"])
def test_split_is_respected_also_when_mirrored(tier):
    for seed in range(150):
        for scene in (
            sample_scene(seed, tier=tier),
            flip(sample_scene(seed, tier=tier)),
            sample_scene(seed, tier=tier, image=True),
        ):
            assert not any(is_held_out(*triple) for shot in scene.shots for triple in triples(shot))
        held = sample_scene(seed, tier=tier, split="heldout")
        assert any(is_held_out(*triple) for shot in held.shots for triple in triples(shot))


def test_core_scenes_are_plain_and_places_possible():
    places = {(place.setting, place.light, place.weather) for place in core_places()}
    assert len(places) == 19
    for seed in range(150):
        scene = sample_scene(seed)
        shot = scene.shots[0]
        assert len(scene.shots) == 1
        assert len(shot.actions) == 1
        assert shot.second is None
        assert scene.style == "3D animation"
        assert (shot.setting, shot.light, shot.weather) in places
        assert (shot.subject.size, shot.subject.count) == ("medium", 1)
        assert shot.subject.material == ("fluffy" if shot.subject.kind in ("creature", "monster") else "matte")


def test_sampler_is_even():
    shots = [sample_scene(seed, split="any").shots[0] for seed in range(1000)]
    for values in ([s.subject.kind for s in shots], [s.subject.colour for s in shots], [s.camera for s in shots]):
        counts = Counter(values)
        expected = len(shots) / len(counts)
        assert all(0.65 * expected < count < 1.35 * expected for count in counts.values()), counts


def test_full_tier_shows_everything():
    scenes = [sample_scene(seed, tier="full", split="any") for seed in range(900)]
    shots = [shot for scene in scenes for shot in scene.shots]
    assert {len(scene.shots) for scene in scenes} == {1, 2, 3}
    assert {shot.subject.count for shot in shots} == {1, 2, 3}
    assert {len(shot.actions) for shot in shots} == {1, 2}
    assert len({shot.relation for shot in shots}) == 11
    assert len({scene.style for scene in scenes}) == 5
    assert len({action.verb for shot in shots for action in shot.actions}) == 18
    assert all(scene.frames == 33 for scene in scenes)
