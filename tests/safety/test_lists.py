import re

import pytest

from kinora.safety.lists import MILD, SEVERE, STRONG, TermList

LISTS = TermList.shipped()


def found(text: str, language: str = "en") -> set[tuple[str, int]]:
    return {(hit.category, hit.severity) for hit in LISTS.find(text, language)}


def test_a_hit_says_where_and_how_grave():
    (hit,) = [hit for hit in LISTS.find("on a beach, a naked man") if hit.category == "sexual" and hit.term != "#"]
    assert (hit.severity, hit.start, hit.stop, hit.term) == (STRONG, 4, 5, "naked")


@pytest.mark.parametrize(
    ("text", "category", "severity"),
    [
        ("hardcore porn", "sexual", SEVERE),
        ("a kiss", "sexual", MILD),
        ("a man is beheaded", "violence/graphic", SEVERE),
        ("how to make a bomb", "illicit", SEVERE),
        ("he hangs himself", "self-harm", SEVERE),
        ("portrait of emma watson", "likeness", STRONG),
        ("Pikachu runs", "ip", STRONG),
        ("in pixar style", "ip", MILD),
    ],
)
def test_terms_are_found(text, category, severity):
    assert (category, severity) in found(text)


@pytest.mark.parametrize(
    "text", ["a naked mole rat digs", "visible to the naked eye", "a killer whale", "hikers in gore-tex"]
)
def test_exceptions_cover_what_only_looks_alarming(text):
    assert not {hit for hit in LISTS.find(text) if hit.severity > MILD}


def test_an_exception_covers_only_its_own_words():
    assert ("sexual", STRONG) in found("a naked mole rat and a naked man")


def test_other_languages_are_read_and_short_words_count_only_there():
    assert ("sexual", STRONG) in found("裸体的女人", "zh")
    assert ("sexual", STRONG) in found("une femme nue", "fr")
    assert not {hit for hit in LISTS.find("a nue wave of sound") if hit.term == "nue"}


def test_hashed_terms_are_not_spelt_out_anywhere():
    hashed = [hit for hit in LISTS.find("a wanker") if hit.term == "#"]
    assert hashed
    assert "wanker" not in LISTS.vocabulary()


def test_names_can_be_held_out():
    less = LISTS.without("likeness", ["emma watson"])
    assert not {hit for hit in less.find("emma watson") if hit.category == "likeness"}
    assert {hit for hit in less.find("tom cruise") if hit.category == "likeness"}


def test_terms_are_lower_case_words():
    for category in ("sexual", "violence", "hate", "likeness", "ip"):
        odd = [term for term in LISTS.terms(category) if re.search(r"[A-Z_/]", term)]
        assert odd == []


def test_full_names_are_found_without_the_blank_between():
    lists = TermList({}, {"likeness": ["jo vandelar"], "ip": ["new balance"]})
    assert [hit.term for hit in lists.find("a clip of jovandelar and a newbalance shoe")] == [
        "jo vandelar",
        "new balance",
    ]
    assert lists.without("likeness", ["jo vandelar"]).find("a clip of jovandelar") == []
