"""The bootstrap, against SciPy's and against what its intervals must cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from agentgauge.analysis import bootstrap


def test_bca_limits_are_scipys() -> None:
    values = np.random.default_rng(1).lognormal(0, 0.8, 60)
    sums = bootstrap.resampled_sums(values[:, None], np.random.default_rng(2), 20_000)
    found = bootstrap.bca_limits(sums[:, 0] / 60, float(values.mean()), values - values.mean(), 0.9)
    expected = stats.bootstrap(
        (values,), np.mean, method="BCa", confidence_level=0.9, n_resamples=20_000, rng=np.random.default_rng(3)
    ).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), abs=0.02)


def test_rows_are_drawn_whole() -> None:
    units = np.array([[1.0, 10.0], [2.0, 20.0], [5.0, 50.0]])
    sums = bootstrap.resampled_sums(units, np.random.default_rng(1), 500)
    assert sums.shape == (500, 2)
    assert (sums[:, 1] == 10 * sums[:, 0]).all()
    assert sums[:, 0].min() == 3
    assert sums[:, 0].max() == 15


def test_resamples_that_are_all_on_one_side_leave_the_estimate() -> None:
    assert bootstrap.bca_limits(np.full(1000, 2.0), 1.0, np.array([1.0, -1.0]), 0.95) == (1.0, 1.0)


def test_too_few_resamples_say_nothing() -> None:
    low, high = bootstrap.bca_limits(np.full(1000, math.inf), 1.0, np.array([1.0, -1.0]), 0.95)
    assert math.isnan(low)
    assert math.isnan(high)


def test_the_mean_of_a_few_values_has_students_interval() -> None:
    values = np.array([3.0, 5.0, 4.0, 9.0])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert bootstrap.mean_limits(values, 0.95) == pytest.approx((expected.low, expected.high))


def test_of_normal_values_the_studentised_bootstrap_comes_to_students_interval() -> None:
    values = np.random.default_rng(4).normal(5, 2, 300)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert bootstrap.mean_limits(values, 0.95) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_of_skewed_values_it_reaches_further_up_than_down() -> None:
    values = np.random.default_rng(5).lognormal(0, 1, 30)
    low, high = bootstrap.mean_limits(values, 0.95)
    assert high - values.mean() > 1.5 * (values.mean() - low)


def test_the_same_values_have_the_same_interval() -> None:
    values = np.random.default_rng(6).exponential(1, 50)
    assert bootstrap.mean_limits(values, 0.95) == bootstrap.mean_limits(values, 0.95)


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0]])
def test_values_that_do_not_vary_have_none(values: list[float]) -> None:
    assert all(map(math.isnan, bootstrap.mean_limits(np.array(values), 0.95)))


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_the_size_of_values_does_not_matter(scale: float) -> None:
    values = np.random.default_rng(7).exponential(1, 20)
    low, high = bootstrap.mean_limits(values * scale, 0.95)
    assert (low / scale, high / scale) == pytest.approx(bootstrap.mean_limits(values, 0.95))


@pytest.mark.parametrize(("n", "least"), [(12, 0.91), (50, 0.92)])
def test_intervals_of_skewed_means_cover_them(n: int, least: float) -> None:
    random = np.random.default_rng(8)
    covered = []
    for _ in range(500):
        low, high = bootstrap.mean_limits(random.exponential(1, n), 0.95)
        covered.append(low <= 1 <= high)
    # 500 draws of 0.945 are within 0.03 of it in 997 of 1,000 cases; Student's cover 0.90 and 0.93.
    assert np.mean(covered) >= least
