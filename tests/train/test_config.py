"""Budgets, phases and the rate; every recipe is a run that could start."""

import json

import pytest

from kinora.errors import InvalidRequest
from kinora.models.dit import DiT, DiTConfig
from kinora.train.config import Budget
from kinora.train.recipes import RECIPES, cpu_tiny, gpu_medium


@pytest.mark.parametrize("given", [{}, {"minutes": 1, "steps": 1}, {"minutes": 0}, {"steps": -3}])
def test_a_budget_is_one_number_above_zero(given):
    with pytest.raises(InvalidRequest, match="exactly one"):
        Budget(**given)


def test_the_position_follows_the_budget():
    assert Budget(steps=10).position(4, 1e9) == 0.4
    assert Budget(minutes=8).position(10**9, 2) == 0.25
    assert Budget(minutes=8).position(0, 20) == 1


def test_the_rate_rises_stays_and_falls_to_zero():
    config = cpu_tiny()
    assert config.rate(0) == 0
    assert config.rate(config.warmup / 2) == pytest.approx(0.5)
    assert config.rate(config.warmup) == config.rate(0.5) == config.rate(1 - config.decay) == 1
    assert config.rate(1 - config.decay / 2) == pytest.approx(0.5)
    assert config.rate(1) == 0


def test_phases_change_where_their_shares_say():
    config = cpu_tiny()
    first, second, third = config.phases
    assert config.mixture(0) == config.mixture(first.share - 1e-9) == first.mixture
    assert config.mixture(first.share) == second.mixture
    assert config.mixture(first.share + second.share) == config.mixture(1) == third.mixture


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_recipes_can_be_written_down_and_their_models_read_back(recipe):
    config = recipe(None)
    written = json.loads(json.dumps(config.to_dict()))
    assert written["name"] in RECIPES
    assert DiTConfig.from_dict(written["model"]) == config.model
    assert recipe(Budget(steps=3)).budget == Budget(steps=3)
    known = set(config.loader.buckets)
    assert all(set(phase.mixture) <= known for phase in config.phases)


def test_the_gpu_model_fits_its_file():
    import torch

    with torch.device("meta"):
        model = DiT(gpu_medium().model)
    assert 2 * sum(param.numel() for param in model.parameters()) < 60e6
