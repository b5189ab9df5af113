"""Who is shown and who is only spoken of: manners, places, the long dead, questions, figures of one's own."""

import pytest

from kinora.safety import default_guard, lists_only_guard
from kinora.safety.lists import TermList
from kinora.safety.naming import asks_a_question, asks_for_a_manner, long_dead, own_figures, without_places


@pytest.mark.parametrize(
    "text", ["who killed Thanos?", "in which year was the first film with Batman?", "Why did Homer Simpson leave town?"]
)
def test_a_question_about_a_work_is_no_request_for_it(text):
    assert asks_a_question(text)
    verdict = lists_only_guard().screen(text)
    assert (verdict.allowed, verdict.action) == (True, "warn")


@pytest.mark.parametrize(
    "text",
    [
        "what would Batman look like on a bicycle?",
        "can you show Batman?",
        "where is the video of Batman dancing?",
        "who is this? Batman on a bicycle",
        "what if Batman danced?",
        "Batman dances",
    ],
)
def test_who_asks_for_a_picture_is_not_asking_a_question(text):
    assert not asks_a_question(text)
    assert not lists_only_guard().screen(text).allowed


def test_questions_about_harm_stay_what_they_are():
    assert asks_a_question("how can I make a bomb at home?") is False
    assert not lists_only_guard().screen("where do men get beheaded?").allowed


def test_the_long_dead_and_what_nobody_owns_are_nobodys():
    plain = "Abraham Lincoln and Count Dracula play chess"
    assert long_dead(plain, TermList.shipped().find(plain)) == {"abraham", "lincoln", "count", "dracula"}
    assert long_dead("Angela Merkel plays chess", TermList.shipped().find("Angela Merkel plays chess")) == frozenset()


def test_nobody_is_both_listed_and_free():
    lists = TermList.shipped()
    assert not set(lists.terms("historic")) & {*lists.terms("likeness"), *lists.terms("ip"), *lists.terms("titles")}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a rabbit named Zib eats a carrot", {"zib"}),
        ("Pip the hedgehog finds a mushroom", {"pip"}),
        ("my dog Zorbi chases a ball", {"zorbi"}),
        ("Zorblax, a three-eyed alien, tries on hats", {"zorblax"}),
        ("Jo Vandelar, a baker in her forties, kneads dough", {"jo", "vandelar"}),
        ("Jo Vandelar, 34, waits for a tram", {"jo", "vandelar"}),
        ("Jo Vandelar, age 70, learns to skate", {"jo", "vandelar"}),
        ("an interview with Elena Vandelar, cork farmer, among her trees", {"elena", "vandelar"}),
        ("the nurse Elena Vandelar opens a window", {"elena", "vandelar"}),
        ("Princess Oolaree rides a moth", {"oolaree"}),
        ("Dr. Elena Vandelar looks through a microscope", {"elena", "vandelar"}),
        ("Elena meets Mocheer at the bus stop", {"elena", "mocheer"}),
        ("a lonely robot, Zorbi, learns to juggle", {"zorbi"}),
        ("the ghost ship Vandeluna drifts through fog", {"vandeluna"}),
        ("the kingdom of Oolaree at dawn", {"oolaree"}),
        ("commercial for Mocheer soap", {"mocheer"}),
        ("retirement of Wendelbert Vandelar after forty years", {"wendelbert", "vandelar"}),
        ("happy birthday elena vandelar", {"elena", "vandelar"}),
        ("bus driver Wendelbert Vandelar waves", {"wendelbert", "vandelar"}),
        ("a video of Oolaree at dawn", set()),
        ("Wendelbert Vandelar after forty years", set()),
        ("Jo Vandelar, an actor, waits for a tram", set()),
        ("zidanello dribbles the ball", set()),
        ("a cat on the mat", set()),
    ],
)
def test_figures_that_a_text_introduces_are_its_own(text, names):
    assert own_figures(text) == names


@pytest.mark.parametrize(
    "text", ["the ghost ship of Jack Sparrow", "happy birthday Taylor Swift", "Batman soap", "my goldfish Pikachu"]
)
def test_who_is_in_a_list_is_known_whatever_stands_beside(text):
    assert not lists_only_guard().screen(text).allowed


def test_manners_and_places_show_nobody():
    assert asks_for_a_manner("a meadow in the style of Wes Anderson")
    assert not asks_for_a_manner("Wes Anderson in a meadow")
    assert without_places("Machu Picchu at dawn").split() == ["at", "dawn"]
    assert without_places("a mountain at dawn") == "a mountain at dawn"


def test_a_place_hides_nobody():
    assert not lists_only_guard().screen("Angela Merkel in Machu Picchu").allowed


@pytest.mark.parametrize(
    "text",
    [
        "Zen garden being raked in perfect circles", "Mortal enemies: a cat and a cucumber", "onde al tramonto",
        "Snunkel and Buttlewisp hide from the thunder", "Bobo walks and Mossy sleeps", "the Dead Sea at dawn",
        "Maasai warriors dance at a wedding",
    ],
)  # fmt: skip
def test_plain_words_other_languages_and_pairs_are_nobody(text):
    assert default_guard().screen(text).allowed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a lighthouse, digital art by norman rockwell, beeple, james gunn and moebius", False),
        ("a lighthouse in the style of norman rockwell, beeple and moebius, soft light", False),
        ("a lighthouse by norman rockwell and moebius", False),
        ("street art by banksy, donald trump", True),
        ("a concert by taylor swift, ed sheeran and adele", True),
        ("a film by norman rockwell, taylor swift walks on the moon with her dog, moebius", True),
        ("taylor swift, ed sheeran and adele", True),
    ],
)
def test_a_heap_of_masters_names_their_manner(text, shown):
    assert lists_only_guard().screen(text).allowed is not shown
