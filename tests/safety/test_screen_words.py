"""All the words of one work are judged: alone, together, and what is steered away from."""

import pytest

from kinora.safety import Verdict, screen_words


class Notes:
    """Allows everything but what it is told not to, and notes what it was asked."""

    def __init__(self, refused: str = "") -> None:
        self.asked: list = []
        self.refused = refused

    def _answer(self, kind, *words):
        self.asked.append((kind, *words))
        return Verdict(kind != self.refused, ("violence",) if kind == self.refused else (), "no")

    def screen(self, prompt):
        return self._answer("screen", prompt)

    def screen_chain(self, prompts):
        return self._answer("chain", tuple(prompts))

    def screen_negative(self, prompt, negative):
        return self._answer("negative", prompt, negative)

    def review(self, frames, book):
        raise AssertionError("nothing to see")


def test_one_prompt_is_screened_alone_and_several_as_a_chain():
    guard = Notes()
    assert screen_words(guard, ["a ball", "", "a ball"]).allowed
    assert screen_words(guard, ["a ball", "a cube"], "blur").allowed
    assert guard.asked == [
        ("screen", "a ball"),
        ("chain", ("a ball", "a cube")),
        ("negative", "a ball a cube", "blur"),
    ]


@pytest.mark.parametrize("refused", ["chain", "negative"])
def test_any_of_them_can_refuse(refused):
    assert not screen_words(Notes(refused), ["a ball", "a cube"], "blur").allowed


def test_to_steer_away_from_harm_is_no_harm(real_guard):
    assert screen_words(real_guard, ["a red ball"], "nude, blood, gore").allowed
    assert not screen_words(real_guard, ["a woman"], "clothes, dressed").allowed


@pytest.fixture
def real_guard():
    from kinora.safety import lists_only_guard

    return lists_only_guard()
