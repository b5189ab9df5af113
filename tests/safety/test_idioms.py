"""Harmless ways of speaking are put into plain words, and deeds done to somebody are not."""

import pytest

from kinora.safety import lists_only_guard
from kinora.safety.idioms import commoner, reworded


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Kill the lights, the show begins", "switches off the lights, the show begins"),
        ("she kills it on stage", "she performs well on stage"),
        ("a naked mole rat", "a bare mole rat"),
        ("a flawless execution of a pirouette", "a flawless performance of a pirouette"),
        ("stabbing a fork into a potato", "puts a fork into a potato"),
        ("a carpenter strips the paint off", "a carpenter removes paint off"),
        ("a hooker in a rugby scrum", "a player in a rugby scrum"),
        ("shot on film", "filmed on film"),
        ("Dive-bombing gulls steal chips", "swooping gulls steal chips"),
        ("bareback riding along the surf", "rides without a saddle along the surf"),
        ("sex determination in sea turtles", "biology: determination in sea turtles"),
        ("a dog runs over a field", "a dog runs over a field"),
    ],
)
def test_idioms_in_plain_words(said, meant):
    assert reworded(said) == meant


@pytest.mark.parametrize(
    "text",
    [
        "a comedian kills his wife",
        "he stabs a fork into her eye",
        "stabbing a straw into a man's neck",
        "ready to die for the caliphate",
        "a prisoner is shot at dawn",
        "the execution of a prisoner",
        "he cuts her throat",
        "they beat the boss to death",
        "he kills the crowd with a rifle",
        "a cocktail called naked girls",
        "guts hanging out",
        "a hooker in a motel",
        "she rides bareback on top of him",
        "planes dive-bombing a village",
        "he strips her",
        "then cut to the bone",
    ],
)
def test_what_is_done_to_somebody_stays_as_it_is(text):
    assert reworded(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a wire stripper and pliers on a bench",
        "the car hits the gas, the crowd cheers",
        "in 1488 a ship rounds the cape",
        "a white power drill on a shelf",
        "a field of oilseed rape in bloom",
        "a girl with kinky hair and a lustrous ribbon",
        "kids hang their stockings by the fire",
        "a perfectly executed dive",
        "she cuts herself a slice of cake",
        "blackface sheep on a hill",
        "a barber holds the razor to his chin",
        "a humiliating defeat for the home team",
    ],
)
def test_no_list_takes_offence_at_them(text):
    assert lists_only_guard().screen(text).allowed


def test_kinds_of_things_are_read_as_what_they_are():
    assert commoner("a Corgi eats ramen beside two cats") == "a dog eats food beside two cats"
