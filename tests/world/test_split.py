"""A tenth is kept back, by the words alone."""

from kinora.world import vocabulary as words
from kinora.world.split import is_held_out, is_held_out_wording


def test_about_a_tenth_of_triples_is_held_out():
    triples = [(s, c, v) for s in words.SUBJECTS for c in words.COLOURS for v in words.VERBS]
    assert 0.08 < sum(is_held_out(*triple) for triple in triples) / len(triples) < 0.12


def test_choice_never_changes():
    """Published scores depend on these."""
    held = [
        (s, c)
        for s in ("creature", "ball", "car")
        for c in words.ids(words.COLOURS, "core")
        if is_held_out(s, c, "hop")
    ]
    assert held == [("car", "blue"), ("car", "white")]


def test_left_and_right_share_a_triple():
    for subject in words.SUBJECTS:
        for colour in words.COLOURS:
            assert is_held_out(subject, colour, "move_left") == is_held_out(subject, colour, "move_right")


def test_core_training_still_sees_every_pair_of_words():
    kinds, colours, verbs = words.ids(words.SUBJECTS, "core"), words.ids(words.COLOURS, "core"), words.verbs("core")
    for kind in kinds:
        assert all(any(not is_held_out(kind, colour, verb) for verb in verbs) for colour in colours)
        assert all(any(not is_held_out(kind, colour, verb) for colour in colours) for verb in verbs)


def test_about_a_tenth_of_wordings_is_held_out():
    for kind in ("long", "medium", "short", "terse", "image"):
        assert 0.08 < sum(is_held_out_wording(kind, number) for number in range(4096)) / 4096 < 0.12
