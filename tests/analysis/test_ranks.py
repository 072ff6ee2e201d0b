"""Ranks are those of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from agentgauge.analysis.ranks import average_ranks


@pytest.mark.parametrize(
    "values",
    [
        np.array([]),
        np.array([3.0]),
        np.array([2.0, 2.0, 2.0]),
        np.array([3.0, -1.0, 3.0, 0.0, -0.0, 1e300, -1e300]),
        np.random.default_rng(1).normal(size=1000),
        np.random.default_rng(2).integers(0, 20, size=1000).astype(float),
    ],
    ids=["none", "one", "all equal", "few", "all different", "many equal"],
)
def test_ranks_are_those_of_scipy(values: NDArray[np.float64]) -> None:
    assert average_ranks(values).tolist() == rankdata(values).tolist()
