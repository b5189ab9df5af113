"""FD-own: the Fréchet distance between two sets of clips in the recogniser's own features.

It is comparable only between numbers made with the same recogniser and the same number of clips, which is why the
report prints the distance of renders to other renders beside it. It is not FVD, which means I3D's features.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.floating[Any]]


def fd_own(a: Features, b: Features) -> float:
    """|mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)), for features [n, d] with covariances A and B.

    tr (A B)^(1/2) is taken from the eigenvalues of A^(1/2) B A^(1/2), which is symmetric, so that fewer clips than
    features (singular covariances) give no complex numbers. At least two clips on each side.
    """
    assert len(a) > 1, f"{len(a)=}"
    assert len(b) > 1, f"{len(b)=}"
    mean = np.square(a.mean(0) - b.mean(0)).sum()
    cov_a, cov_b = (np.cov(x.astype(np.float64), rowvar=False) for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(0)).sum()
    return float(mean + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)
