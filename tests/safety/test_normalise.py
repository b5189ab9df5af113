import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinora.safety.disguise import DISGUISES
from kinora.safety.language import language_of
from kinora.safety.normalise import plain_words, read

TEXTS = [
    "a naked woman in a bedroom at night",
    "soldiers executing prisoners",
    "a man slitting his wrists in a bathtub",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", DISGUISES)
def test_every_disguise_is_undone(name, text):
    said = set(plain_words(read(DISGUISES[name](text)).text))
    words = set(plain_words(text))
    assert len(words & said) >= 0.8 * len(words)


@pytest.mark.parametrize(
    ("disguised", "plain", "name"),
    [
        ("n4k3d", "naked", "digits for letters"),
        ("n.a.k.e.d", "naked", "letters apart"),
        ("na*ked", "naked", "letters starred out"),
        ("nu_de", "nude", "marks inside words"),
        ("a sev'ered h'e'a'd on a t*a*b*l*e", "a severed head on a table", "marks inside words"),
        ("a  1 2  y e a r  o l d", "a 12 year old", "letters apart"),
        ("a n  I S I S  r a l l y", "an isis rally", "letters apart"),
        ("a smiling pr0-n@z! man", "a smiling pro-nazi man", "digits for letters"),
        ("naaaaked", "naked", "stretched letters"),
        ("nkaed", "naked", "letters shuffled"),
        ("anakedwomaninbed", "a naked woman in bed", "words run together"),
        ("nu\u200bde", "nude", "invisible characters"),
        ("nudе woman", "nude woman", "look-alike letters"),
        ("\\u006eude", "nude", "escapes"),
        ("🇳🇺🇩🇪", "nude", "letters as symbols"),
        (".- / -. .- -.- . -.. / -- .- -.", "a naked man", "morse"),
        ("a dekan man", "a naked man", "reversed"),
        ("01101110 01110101 01100100 01100101", "nude", "binary"),
        ("b oblfe xpnbo jo uif hbsefo", "a naked woman in the garden", "shifted letters"),
    ],
)
def test_a_disguise_is_named(disguised, plain, name):
    reading = read(disguised)
    assert name in reading.disguises
    assert reading.text == plain


@pytest.mark.parametrize(
    "text",
    [
        "A small round fluffy creature hops along a glittering brook",
        "a close-up, shot on 35mm film, f/1.8, in the 1990s",
        "R2D2-like robots at 4k and 60 fps",
        "rock'n'roll dancers don't stop; it's a party",
        "a b c d e f g on a blackboard",
        "ein roter Ball rollt über die grüne Wiese",
        "un chat dort près de la fenêtre",
        "рыжая лиса бежит по снегу",
        "雪の森を走る狐",
        "img_1324.png",
        "Zbigniew and Ngozi play kubb",
        "",
    ],
)
def test_a_plain_text_stays_as_it_is(text):
    assert read(text).text.lower() == text.lower()


def test_emoji_are_named_and_addresses_left_out():
    assert read("a 🐒 in a tree https://example.org/x").text == "a monkey in a tree"


@given(st.text(max_size=120))
def test_any_text_can_be_read(text):
    reading = read(text)
    assert isinstance(reading.text, str)
    assert all(word == word.lower() for word in plain_words(reading.text) if word.isascii())


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a red ball in the garden", "en"),
        ("ein roter Ball auf der Wiese", "de"),
        ("un perro en la playa con su dueño", "es"),
        ("un chien dans le jardin avec une balle", "fr"),
        ("狐が森を走る", "ja"),
        ("一只狐狸在雪地里奔跑", "zh"),
        ("рыжая лиса", "ru"),
        ("ball", "en"),
    ],
)
def test_languages_are_told_apart(text, language):
    assert language_of(text) == language
