import pytest

from kinora.evals.attributes import CORE, MIRRORED, NAMES, score, words
from kinora.world import vocabulary
from kinora.world.sample import core_places, sample_scene
from kinora.world.scene import MIRROR


def test_the_words_are_the_core_tier_of_the_world():
    assert CORE["subject"] == vocabulary.ids(vocabulary.SUBJECTS, "core")
    assert CORE["colour"] == vocabulary.ids(vocabulary.COLOURS, "core")
    assert CORE["setting"] == vocabulary.ids(vocabulary.SETTINGS, "core")
    assert CORE["light"] == vocabulary.ids(vocabulary.LIGHTS, "core")
    assert CORE["weather"] == vocabulary.ids(vocabulary.WEATHERS, "core")
    assert CORE["action"] == vocabulary.verbs("core")
    assert CORE["camera"] == vocabulary.ids(vocabulary.CAMERAS, "core")
    assert {place.setting for place in core_places()} == set(CORE["setting"])
    assert {word: MIRROR[word] for word in MIRRORED} == MIRRORED


def test_words_name_every_attribute_of_a_scene():
    for seed in range(20):
        said = words(sample_scene(seed))
        assert tuple(said) == NAMES
        assert all(said[name] in CORE[name] for name in NAMES)


def said(**words):
    return {name: words.get(name, CORE[name][0]) for name in NAMES}


def test_score_counts_hits_and_knows_what_a_guess_would_reach():
    asked = [said(colour=c) for c in ("red", "blue", "red", "blue")]
    read = [said(colour=c) for c in ("red", "blue", "blue", "blue")]
    scored = score(asked, read)
    assert scored["colour"].rate == 0.75
    assert scored["colour"].chance == pytest.approx(0.5 * 0.25 + 0.5 * 0.75)
    # Where one word is all that is ever asked and read, being right is worth nothing, and chance says so.
    assert (scored["camera"].rate, scored["camera"].chance) == (1, 1)
    assert 0.1 < scored["colour"].error < 0.25


def test_score_of_no_clips_is_zero():
    assert score([], [])["colour"].rate == 0
