"""A character is carried by what the model has seen and by words: either changes the clip, neither is delivered."""

from dataclasses import replace

import numpy as np
import pytest

from kinora.clip import Clip
from kinora.engine.edits import Cast, Character, Options
from kinora.engine.edits.lowering import lower
from kinora.engine.edits.perform import edit
from kinora.engine.engine import Engine
from kinora.engine.events import collect
from kinora.engine.expand import Expansion
from kinora.errors import InvalidRequest
from kinora.flow.conditions import Prefix

SEED = Options(seed=3)


def made(engine, request):
    return collect(edit(engine, request.draft(engine.model.limits)), request.verb).frames


def cast(*clips, prompt="Bobo walks on a beach and Cat hops on snow", description=""):
    names = ("Bobo", "Cat")
    people = tuple(Character(name, clip, description) for name, clip in zip(names, clips, strict=False))
    return Cast(prompt=prompt, characters=people, seconds=1, options=SEED)


def test_the_clip_is_seen_and_not_delivered(engine, moving):
    red, green = moving(16), moving(16, tint=(20, 200, 60))
    first, second = made(engine, cast(red)), made(engine, cast(green))
    assert first.shape == second.shape == (8, 64, 64, 3)
    assert np.array_equal(first, made(engine, cast(red)))
    assert not np.array_equal(first, second)  # by little: the model is of noise
    assert not any(np.array_equal(frame, given) for frame in first for given in red)


def test_what_is_held_is_the_end_of_the_clip(engine, moving):
    draft = cast(moving(30)).draft(engine.model.limits)
    film = lower(draft, engine)
    seen = engine.model.defaults.window - engine.model.defaults.block
    (prefix,) = film.conditions
    assert isinstance(prefix, Prefix)
    assert prefix.latent.shape[2] == seen
    assert (film.before, film.carry, film.keep) == (None, (), (4 * seen - 3, 4 * seen + 5))


def test_of_two_characters_both_are_seen(engine, moving):
    red, green = moving(16), moving(16, tint=(20, 200, 60))
    draft = cast(red, green).draft(engine.model.limits)
    assert np.array_equal(draft.before, np.concatenate((red[-8:], green[-8:])))
    assert not np.array_equal(made(engine, cast(red, green)), made(engine, cast(green, red)))


def test_a_description_stands_for_the_name(engine, moving):
    draft = cast(moving(9), prompt="Bobo walks", description="a blue fluffy creature").draft(engine.model.limits)
    assert draft.prompts == ("A blue fluffy creature walks",)
    assert draft.previous == "a blue fluffy creature"


def test_what_the_clip_was_told_to_show_holds_for_what_is_left_unsaid(engine, moving):
    class Heard:
        previous = None

        def expand(self, prompt, *, seconds, image=False, previous=""):
            self.previous = previous
            return Expansion(prompt, changed=False)

    clip = Clip(frames=moving(9), fps=8, prompt="a green frog", seed=1, model="kinora-small")
    draft, heard = cast(clip, prompt="Bobo walks").draft(engine.model.limits), Heard()
    collect(edit(Engine(engine.model, engine.guard, heard), replace(draft, expand=True)), "cast")
    assert heard.previous == "a green frog"


def test_who_is_not_in_the_prompt_is_refused(moving):
    with pytest.raises(InvalidRequest, match=r"character Bobo: is not in the prompt; name it there"):
        cast(moving(9), prompt="somebody walks")
    with pytest.raises(InvalidRequest, match="3 characters: a clip has 1 to 2"):
        Cast(prompt="Bobo", characters=(Character("Bobo", moving(9)),) * 3)
