"""Takes of two parts: one picture without a seam, two captions."""

import numpy as np
import pytest

from kinora.errors import InvalidRequest
from kinora.world.continued import ENDLESS_VERBS, sample_continued
from kinora.world.dataset import render_dataset
from kinora.world.motion import animate
from kinora.world.scene import Scene
from kinora.world.split import is_held_out

FRAMES = 33
TAKES = [sample_continued(seed, frames=FRAMES) for seed in range(150)]


def verbs(scene):
    return [action.verb for action in scene.shots[0].actions]


def test_half_of_the_takes_go_on_and_half_begin_something_new():
    told = [(verbs(take.parts[0])[0], verbs(take.parts[1])[0]) for take in TAKES]
    assert 0.35 < np.mean([first == second for first, second in told]) < 0.65
    for take, (first, second) in zip(TAKES, told, strict=True):
        drawn = verbs(take.scene)
        assert drawn[0] == first
        assert drawn[1] == (second if second != first or first in ENDLESS_VERBS else "stand")


def test_what_an_action_has_moved_stays_where_it_is():
    for take in TAKES:
        if verbs(take.scene)[1] != "stand":
            continue
        x = animate(take.scene).position[:, 0, 0]
        assert np.ptp(x[FRAMES // 2 + 1 :]) < 1e-6
        assert abs(x[FRAMES // 2 + 1] - x[FRAMES // 2]) < 0.2


def test_the_camera_rests_in_the_second_part():
    moving = [take for take in TAKES if take.parts[0].shots[0].camera not in ("static", "follow")]
    resting = [take for take in moving if verbs(take.scene)[1] == "stand"]  # others may need room, and a pan then less
    assert resting
    for take in resting:
        track = animate(take.scene)
        first = animate(take.parts[0])
        middle = FRAMES // 2
        for name in ("eye", "target", "fov"):
            path = getattr(track, name)
            np.testing.assert_allclose(path[: middle + 1], getattr(first, name), atol=1e-9)
            assert np.ptp(path[middle:], axis=0).max() < 1e-9


def test_captions_are_told_with_their_part_and_held_out_triples_with_neither():
    take = next(take for take in TAKES if verbs(take.parts[0]) != verbs(take.parts[1]))
    captions = take.captions(3, seed=1)
    assert [part for _, part in captions] == [0, 0, 0, 1, 1, 1]
    assert captions[0][0].text != captions[3][0].text
    for take in TAKES:
        for part in take.parts:
            shot = part.shots[0]
            assert not is_held_out(shot.subject.kind, shot.subject.colour, shot.actions[0].verb)


def test_what_hides_is_out_of_sight_in_the_middle_and_back_at_the_end():
    take = sample_continued(3, frames=65, take="hidden")
    assert verbs(take.scene) == ["hide"]
    x = animate(take.scene).position[:, 0]
    np.testing.assert_allclose(x[0], x[-1], atol=1e-6)
    assert np.abs(x[32] - x[0]).max() > 0.5
    assert take.parts[0] == take.parts[1]
    assert "hides" in take.captions(1, seed=0)[0][0].text


def test_scenes_survive_json():
    assert Scene.from_dict(TAKES[0].scene.to_dict()) == TAKES[0].scene


def test_a_data_set_of_takes_needs_two_equal_parts(tmp_path):
    with pytest.raises(InvalidRequest, match="8n\\+1"):
        render_dataset(tmp_path, clips=1, images=0, seed=0, frames=21, continued="next")
