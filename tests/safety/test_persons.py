"""What looks like a name is seen with and without capitals, and what is a word is not taken for one."""

import pytest

from kinora.safety.lexicon import Lexicon
from kinora.safety.persons import SIGNS, borne_by_many, first_names, full_names, is_strange, signs_of, surnames


@pytest.mark.parametrize("text", ["shaky footage: jennifer vandelar climbs", "shaky footage: Jennifer Vandelar climbs"])
def test_a_first_name_before_a_word_in_no_dictionary(text):
    assert full_names(text) == [(2, 4)]


@pytest.mark.parametrize("text", ["a rose garden", "a jack hammers a wall", "jennifer walks home", "a red ball"])
def test_words_are_no_full_names(text):
    assert full_names(text) == []


def test_signs_are_of_one_length_and_between_nought_and_one():
    for text in ("", "a red ball", "MICHAEL VANDELAR", "a robot named Zib from the film Qwyx", "球"):
        signs = signs_of(text)
        assert len(signs) == SIGNS
        assert all(0 <= sign <= 1 for sign in signs)
    assert signs_of("a red ball bounces") == (0.0,) * SIGNS


def test_strange_is_what_no_rule_of_words_explains():
    lexicon = Lexicon.dictionary()
    assert is_strange("vandelar", lexicon)
    for word in ("birdhouses", "walking", "nepalese", "ball", "r2", "vxq"):
        assert not is_strange(word, lexicon), word


def test_names_that_captions_use_as_words_are_left_out():
    assert "jennifer" in first_names()
    assert not {"rose", "will", "may"} & first_names()
    assert "white" not in surnames()


@pytest.mark.parametrize("text", ["Sarah Miller kneads dough", "elena petrova waits", "Wei Chen cooks"])
def test_what_many_are_called(text):
    assert borne_by_many(text)


@pytest.mark.parametrize("text", ["Sarah Vandelar waits", "Sarah Miller and Jennifer Vandelar wait", "a red ball", ""])
def test_a_rarer_name_is_not_borne_by_many(text):
    assert not borne_by_many(text)


@pytest.mark.parametrize(
    "word",
    ["axolotl", "theremins", "shakshuka", "kneading", "okafor", "maasai", "hasidic", "kippah", "diwali", "andromeda"],
)
def test_seldom_words_peoples_and_common_names_are_not_strange(word):
    assert not is_strange(word, Lexicon.dictionary())
