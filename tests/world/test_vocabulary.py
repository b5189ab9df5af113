"""No word may leave open which id it means."""

from collections import Counter

import pytest

from kinora.world import vocabulary as words

FACTORS = {
    "subjects": words.SUBJECTS,
    "colours": words.COLOURS,
    "sizes": words.SIZES,
    "materials": words.MATERIALS,
    "settings": words.SETTINGS,
    "lights": words.LIGHTS,
    "weathers": words.WEATHERS,
    "cameras": words.CAMERAS,
    "styles": words.STYLES,
    "relations": words.RELATIONS,
}


@pytest.mark.parametrize("factor", FACTORS)
def test_no_phrase_names_two_ids(factor):
    phrases = Counter(phrase for word in FACTORS[factor].values() for phrase in word.phrases)
    assert [phrase for phrase, count in phrases.items() if count > 1] == []


def test_no_verb_phrase_names_two_actions():
    phrases = Counter(
        f"{form.present} {form.tail}"
        for verb in words.VERBS
        if verb not in words.DIRECTIONS
        for form in words.VERBS[verb]
    )
    assert [phrase for phrase, count in phrases.items() if count > 1] == []


def test_no_colour_word_hides_in_another_factor():
    colours = {
        word
        for colour in words.COLOURS.values()
        for phrase in colour.phrases
        for word in phrase.replace("-", " ").split()
    }
    colours -= {"bright", "deep", "pure", "snow", "jet", "coal", "lemon", "chestnut", "chocolate", "rosy", "cobalt"}
    for name, factor in FACTORS.items():
        if name != "colours":
            said = {word for entry in factor.values() for phrase in entry.phrases for word in phrase.split()}
            assert said & colours == set(), name


def test_core_tier_is_the_contracted_one():
    assert words.ids(words.SUBJECTS, "core") == (
        "creature",
        "monster",
        "ball",
        "cube",
        "snowman",
        "mushroom",
        "candle",
        "car",
    )
    assert words.ids(words.COLOURS, "core") == ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")
    assert words.ids(words.SETTINGS, "core") == ("meadow", "forest", "snowfield", "room", "beach")
    assert words.verbs("core") == ("stand", "hop", "move_left", "move_right", "spin", "bounce", "grow")
    assert words.ids(words.CAMERAS, "core") == ("static", "pan_left", "pan_right", "zoom_in", "zoom_out", "orbit")
    assert set(words.verbs("core")) < set(words.verbs("full"))


def test_every_subject_has_an_extent_and_a_gait_with_words():
    assert set(words.EXTENTS) == set(words.GAIT_OF) == set(words.SUBJECTS)
    assert set(words.GAIT_OF.values()) == set(words.GAITS)
