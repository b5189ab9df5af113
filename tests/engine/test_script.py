import gc
import weakref

import pytest
import torch

from kinora.checkpoints.store import load_model
from kinora.checkpoints.tiny import save_tiny_model
from kinora.engine.script import EMBEDDED, Script

PROMPTS = [f"a red ball rolls {count} times" for count in range(EMBEDDED + 3)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(save_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


def test_a_prompt_is_embedded_once_for_all_the_steps_that_follow_it(model):
    script = Script(model, PROMPTS, "rain", 3.0)
    first = script.context(PROMPTS[0])
    velocity = script.velocity(PROMPTS[0])
    for sigma in (0.9, 0.5):
        velocity(torch.zeros(1, 48, 2, 4, 4), torch.full((1, 2), sigma))
    assert script.context(PROMPTS[0]) is first


def test_of_many_prompts_the_last_ones_stay_and_those_before_are_freed(model):
    script = Script(model, PROMPTS, "rain", 3.0)
    kept = [weakref.ref(script.context(prompt)) for prompt in PROMPTS[:EMBEDDED]]
    script.context(PROMPTS[0])  # used again, so it is not the next to go
    for prompt in PROMPTS[EMBEDDED:]:
        script.context(prompt)
    gc.collect()
    assert [one() is not None for one in kept] == [True, False, False, False, True, True]


def test_what_was_freed_is_embedded_anew_to_the_bit(model):
    script = Script(model, PROMPTS, "rain", 3.0)
    x, sigma = torch.randn(1, 48, 2, 4, 4, generator=torch.Generator().manual_seed(0)), torch.full((1, 2), 0.7)
    before = script.velocity(PROMPTS[0])(x, sigma)
    for prompt in PROMPTS[1:]:
        script.context(prompt)
    assert torch.equal(script.velocity(PROMPTS[0])(x, sigma), before)
