import numpy as np
import pytest

from kinora.evals.frechet import fd_own


def test_of_gaussians_it_is_the_closed_form():
    rng = np.random.default_rng(0)
    a = rng.normal(0, 1, (200_000, 3))
    b = rng.normal(0, 2, (200_000, 3)) + np.array([1, 0, 2])
    # Commuting covariances: |difference of means|^2 + sum (sd_a - sd_b)^2.
    assert fd_own(a, b) == pytest.approx(5 + 3, rel=0.02)


def test_it_is_zero_for_equal_sets_symmetric_and_defined_for_few_clips():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(20, 64)), rng.normal(size=(20, 64))
    assert fd_own(a, a) == pytest.approx(0, abs=1e-4)
    assert fd_own(a, b) == pytest.approx(fd_own(b, a), rel=1e-6)
    assert fd_own(a, b) > 1
