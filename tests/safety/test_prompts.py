import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinora.safety.prompts import WordList, readings

WORDS = WordList.shipped()


@pytest.mark.parametrize(
    ("prompt", "category"),
    [
        ("a nude figure on a beach", "sexual"),
        ("hardcore porn", "sexual"),
        ("a gory battlefield", "violence"),
        ("a man is beheaded", "violence"),
        ("a crowd with a nazi salute", "hate"),
        ("a man hangs himself", "self-harm"),
        ("how to make a bomb", "extremism"),
        ("a sexy schoolgirl", "minors"),
        ("a 12 year old in lingerie", "minors"),
        ("a girl, aged 9, undressing", "minors"),
        ("sixteen-years-old, seductive pose", "minors"),
        ("naked children", "minors"),
    ],
)
def test_plain_wordings_are_found(prompt, category):
    assert category in WORDS.categories(prompt)


@pytest.mark.parametrize(
    "disguised",
    [
        "NUDE woman",
        "n u d e woman",
        "n.u.d.e woman",
        "n-u-d-e woman",
        "nuuuude woman",
        "nud3 woman",
        "n*ude woman",
        "ｎｕｄｅ woman",
        "núdé woman",
        "nu\u200bde woman",
        "nudе woman",  # the last letter is Cyrillic
        "a n4k3d woman",
        "p0rn",
        "pоrn",  # the o is Cyrillic
    ],
)
def test_disguises_are_seen_through(disguised):
    assert WORDS.categories(disguised) == ("sexual",)


@pytest.mark.parametrize(
    "prompt",
    [
        "A small round fluffy creature hops along a glittering brook through an enchanted forest",
        "Close-up of a short fluffy monster kneeling next to a red candle that is slowly melting",
        "a naked mole rat digs a tunnel",
        "a comet visible to the naked eye",
        "children play football in a park",
        "a little girl blows soap bubbles, aged film look",
        "a 12 year old whisky in a glass",
        "a couple kisses at sunset",
        "a snowman melts in the sun",
        "a car explodes in an action film",
        "Essex, Sussex and Middlesex from the air",
        "the grapes of wrath, a therapist listens",
        "a b c d e f g on a blackboard",
        "shooting stars over a desert",
        "a hiker in a gore-tex jacket",
        "a sexy perfume bottle turns on a plinth",
        "",
        "雪の森を走る狐",
    ],
)
def test_what_only_looks_alarming_passes(prompt):
    assert WORDS.categories(prompt) == ()


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    assert all(set(reading) <= set("abcdefghijklmnopqrstuvwxyz ") for reading in readings(text))
    assert isinstance(WORDS.categories(text), tuple)


def test_terms_do_not_reach_across_readings():
    # The end of one reading and the start of the next together say "having sex"; no reading does.
    assert WORDS.categories("sex3d chart of what we are having") == ()
