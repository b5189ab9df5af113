"""What a clip will take, against what is known: published sizes, counted operations, the order of the ways."""

import json

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from kinora.checkpoints.cards import CARDS
from kinora.engine.open.forecast import WAYS, Machine, best, forecast, instead, step_flops, tokens_of
from kinora.models.dit import DiT, DiTConfig

LARGE = Machine(memory=141e9, flops=989e12)


def test_tokens_are_those_of_the_models_own_grid():
    assert tokens_of(CARDS["wan2.1-t2v-14b"], (720, 1280), 81) == 75_600  # 21 x 45 x 80, as in Wan's own configuration
    assert tokens_of(CARDS["wan2.2-ti2v-5b"], (704, 1280), 121) == 27_280


def test_operations_are_those_that_torch_counts():
    card = CARDS["wan2.1-t2v-1.3b"]
    with torch.device("meta"):
        dit = DiT(DiTConfig.from_dict(card.shape.dit)).requires_grad_(False)
        text = dit.text_context(torch.zeros(1, 512, 4096))
        with FlopCounterMode(display=False) as counted:
            dit(torch.zeros(1, 16, 3, 30, 52), torch.ones(1), text)
    tokens = tokens_of(card, (240, 416), 9)
    assert step_flops(card, tokens) == pytest.approx(counted.get_total_flops(), rel=0.02)


@pytest.mark.parametrize("name", CARDS)
def test_narrower_and_visiting_weights_take_less_and_no_less_time(name):
    card = CARDS[name]
    ways = {way.name: forecast(card, size=card.defaults.size, frames=81, machine=LARGE, way=way) for way in WAYS}
    assert ways["int8 and offload"].peak <= ways["offload"].peak < ways["plain"].peak
    assert ways["int8"].peak < ways["plain"].peak
    assert ways["offload"].total >= ways["plain"].total
    experts = len(card.shape.experts)
    assert ways["plain"].memory["denoise"] > experts * 2 * card.shape.parameters


def test_of_exact_ways_the_fastest_that_fits_is_chosen():
    card = CARDS["wan2.2-ti2v-5b"]
    fits = best(card, size=(704, 1280), frames=121, machine=Machine(memory=24e9, flops=165e12))
    assert fits.way.name == "offload"
    assert best(card, size=(704, 1280), frames=121, machine=LARGE).way.name == "plain"
    narrow = Machine(memory=19e9, flops=165e12)  # enough for 8 bits alone, which are not the same frames
    assert best(card, size=(704, 1280), frames=121, machine=narrow) is None


def test_the_text_encoder_comes_in_blocks_where_it_does_not_fit():
    """Cards of 8 and 12 GB, on which Wan's users run the 1.3B with its text encoder on the CPU."""
    card = CARDS["wan2.1-t2v-1.3b"]
    small = Machine(memory=12e9, flops=40e12)
    fits = best(card, size=(480, 832), frames=81, machine=small)
    assert fits.text_visits
    assert fits.way.name == "plain"
    assert fits.memory["read"] < 4e9
    large = best(card, size=(480, 832), frames=81, machine=LARGE)
    assert not large.text_visits
    assert large.memory["read"] - fits.memory["read"] > 10e9
    assert fits.seconds["read"] > 1
    least = best(card, size=(480, 832), frames=81, machine=Machine(memory=8e9, flops=40e12))
    assert least.way.name == "offload"
    pictures = best(CARDS["wan2.1-i2v-14b-480p"], size=(480, 832), frames=81, machine=small)
    assert pictures.text_visits  # and so does what looks at pictures: 2.5 GB in float32
    assert pictures.peak < 11e9


def test_what_is_offered_instead_fits():
    machine = Machine(memory=17e9, flops=100e12)
    card = CARDS["wan2.1-t2v-14b"]
    assert best(card, size=(720, 1280), frames=81, machine=machine) is None
    offered = instead(card, tuple(CARDS.values()), size=(720, 1280), frames=81, machine=machine)
    assert offered
    for other, size, frames in offered:
        assert best(other, size=size, frames=frames, machine=machine) is not None


def test_the_command_says_what_fits_and_refuses_with_what_would(capsys):
    from kinora.cli.plan import plan
    from kinora.errors import InvalidRequest, UnknownModel

    plan("wan2.2-ti2v-5b", "1280x704", memory=24.0, tflops=165.0)
    assert "It fits: offload, " in capsys.readouterr().out
    plan("wan2.2-ti2v-5b", "1280x704", 1.0, memory=24.0, tflops=165.0, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["chosen"] == "offload"
    assert set(told["ways"]) == {way.name for way in WAYS}
    with pytest.raises(
        InvalidRequest, match=r"needs 18.4 GB of the 17.0 GB there are; these fit: kinora plan wan2.1-t2v"
    ):
        plan("wan2.1-t2v-14b", "1280x720", memory=17.0, tflops=165.0)
    with pytest.raises(InvalidRequest, match="sides must be multiples of 16"):
        plan("wan2.1-t2v-14b", "1000x700", memory=17.0, tflops=165.0)
    with pytest.raises(UnknownModel, match="kinora-small: is small enough for any machine"):
        plan("kinora-small", "128x128", memory=17.0, tflops=165.0)
