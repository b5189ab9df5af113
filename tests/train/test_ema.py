"""The average forgets the beginning, and lends itself to a model without a trace."""

import pytest
import torch
from torch import nn

from kinora.train.ema import Ema


def test_it_converges_faster_than_its_decay_at_the_start():
    ema = Ema({"w": torch.zeros(3)}, decay=0.999)
    for _ in range(200):
        ema.update({"w": torch.ones(3)})
    assert float(ema.tensors["w"].mean()) > 0.99  # with decay .999 from the start: 0.18
    assert ema.num_updates == 200


def test_late_updates_use_the_decay():
    ema = Ema({"w": torch.zeros(1)}, decay=0.9)
    ema.load({"w": torch.zeros(1)}, 1000)
    ema.update({"w": torch.ones(1)})
    assert float(ema.tensors["w"]) == pytest.approx(0.1)


def test_a_constant_is_its_own_average():
    ema = Ema({"w": torch.full((2,), 3.0)})
    ema.update({"w": torch.full((2,), 3.0)})
    assert torch.equal(ema.tensors["w"], torch.full((2,), 3.0))


def test_it_is_lent_and_given_back_even_after_an_error():
    model = nn.Linear(2, 2).bfloat16()
    own = {name: param.detach().clone() for name, param in model.named_parameters()}
    ema = Ema({name: torch.full_like(param, 0.5, dtype=torch.float32) for name, param in own.items()})

    def fail():
        with ema.applied(model):
            assert all((param == 0.5).all() for param in model.parameters())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert all(torch.equal(param, own[name]) for name, param in model.named_parameters())


def test_it_is_float32_whatever_it_averages():
    ema = Ema({"w": torch.ones(1, dtype=torch.bfloat16)})
    ema.update({"w": torch.ones(1)})
    assert ema.tensors["w"].dtype == torch.float32
