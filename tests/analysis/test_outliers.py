"""Scores are those of SciPy and of Iglewicz and Hoaglin, and what has no score is no outlier."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from agentgauge.analysis.outliers import (
    Baseline,
    Quantiles,
    robust_baseline,
    robust_baseline_of_quantiles,
    z_baseline,
)

SHARES = tuple(step / 40 for step in range(41))
NUMBERS = st.lists(st.integers(-1000, 1000).map(lambda number: number / 8), min_size=2, max_size=60)


def z_of(values: list[float]) -> Baseline:
    return z_baseline(len(values), float(np.mean(values)), float(np.std(values, ddof=1)))


@given(NUMBERS)
def test_z_is_that_of_scipy(values: list[float]) -> None:
    assume(len(set(values)) > 1)
    baseline = z_of(values)
    assert [baseline.score(value) for value in values] == pytest.approx(stats.zscore(values, ddof=1).tolist())


@given(NUMBERS)
def test_no_z_is_larger_than_its_number_of_values_allows(values: list[float]) -> None:
    assume(len(set(values)) > 1)
    baseline = z_of(values)
    assert max(abs(baseline.score(value)) for value in values) <= baseline.largest_possible + 1e-9


def test_of_ten_values_none_is_beyond_three() -> None:
    values = [0.0] * 9 + [1e9]
    baseline = z_of(values)
    assert baseline.largest_possible == pytest.approx(2.846, abs=0.001)
    assert not any(baseline.is_beyond(value, 3.0) for value in values)
    eleven = [0.0] * 10 + [1e9]
    assert z_of(eleven).is_beyond(1e9, 3.0)


@given(NUMBERS)
def test_the_robust_score_is_that_of_scipys_median_deviation(values: list[float]) -> None:
    mad = float(stats.median_abs_deviation(values))
    assume(mad > 0)
    baseline = robust_baseline(values, log=False)
    assert (baseline.spread, baseline.mad, baseline.median) == (
        "MAD",
        pytest.approx(mad),
        pytest.approx(np.median(values)),
    )
    expected = (0.6745 * (np.array(values) - np.median(values)) / mad).tolist()
    assert [baseline.score(value) for value in values] == pytest.approx(expected)


def test_outliers_that_hide_each_other_from_z_do_not_from_the_median() -> None:
    """Masking: the two widen the spread that they are measured by."""
    values = [2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3]
    assert not any(z_of(values).is_beyond(value, 3.0) for value in values)
    robust = robust_baseline(values, log=False)
    assert (robust.median, robust.mad) == (pytest.approx(2.45), pytest.approx(0.15))
    assert [value for value in values if robust.is_beyond(value, 3.5)] == [8.2, 8.3]


def test_where_most_values_are_equal_the_mean_deviation_is_the_spread() -> None:
    values = [5.0] * 8 + [6.0, 25.0]
    baseline = robust_baseline(values, log=False)
    assert (baseline.mad, baseline.spread) == (0, "mean absolute deviation")
    assert baseline.score(25.0) == pytest.approx(20 / (1.253314 * 2.1))


@pytest.mark.parametrize("value", [0.0, 0.1 + 0.2, 1e300])
def test_values_that_do_not_vary_have_no_outlier(value: float) -> None:
    for baseline in (
        z_of([value] * 5),
        robust_baseline([value] * 5, log=False),
        robust_baseline([value] * 5, log=True),
    ):
        assert baseline.spread == "none"
        assert math.isnan(baseline.score(value))
        assert not baseline.is_beyond(value * 2 + 1, 3.0)


def test_a_long_tail_is_scored_by_its_logarithms() -> None:
    """Of 2,000 lognormal values chance has one in 2,150 beyond 3.5; on their own scale one in ten would be."""
    values = np.random.default_rng(1).lognormal(0, 1.5, 2000).tolist()
    log, linear = robust_baseline(values, log=True), robust_baseline(values, log=False)
    assert sum(log.is_beyond(value, 3.5) for value in values) <= 6
    assert sum(linear.is_beyond(value, 3.5) for value in values) > 200
    logs = np.log(values)
    expected = 0.6745 * (logs[7] - math.log(np.median(values))) / stats.median_abs_deviation(logs)
    assert log.score(values[7]) == pytest.approx(expected, rel=1e-3)


def test_zeros_are_counted_and_have_no_score() -> None:
    baseline = robust_baseline([0.0, 0.0, 1.0, 2.0, 4.0], log=True)
    assert (baseline.n, baseline.zeros, baseline.median) == (3, 2, 2)
    assert baseline.mad == pytest.approx(math.log(2))
    assert math.isnan(baseline.score(0.0))
    assert not baseline.is_beyond(0.0, 3.5)


@pytest.mark.parametrize("log", [False, True])
def test_limits_are_where_the_score_is_the_threshold(log: bool) -> None:
    baseline = robust_baseline([1.0, 2, 3, 4, 5, 9, 20], log=log)
    low, high = baseline.limits(3.5)
    assert (baseline.score(low), baseline.score(high)) == pytest.approx((-3.5, 3.5))


def test_a_limit_beyond_all_floats_is_none() -> None:
    baseline = robust_baseline([1e-300, 1.0, 1e300], log=True)
    assert baseline.limits(3.5) == (0.0, math.inf)


def test_of_nothing_nothing_is_known() -> None:
    for baseline in (
        z_baseline(0, math.nan, math.nan),
        robust_baseline([], log=True),
        robust_baseline([0.0], log=True),
    ):
        assert (baseline.n, baseline.spread) == (0, "none")
        assert all(map(math.isnan, (*baseline.limits(3), baseline.centre)))


def quantiles_of(values: np.ndarray) -> Quantiles:
    return Quantiles(len(values), SHARES, np.quantile(values, SHARES).tolist())


@pytest.mark.parametrize("log", [False, True])
def test_forty_quantiles_say_the_same_within_a_percent(log: bool) -> None:
    values = np.random.default_rng(2).lognormal(3, 1, 50_000)
    exact = robust_baseline(values.tolist(), log=log)
    near = robust_baseline_of_quantiles([quantiles_of(values)], 0, log=log)
    assert near.median == pytest.approx(exact.median, rel=0.01)
    assert near.unit_score == pytest.approx(exact.unit_score, rel=0.01)


def test_quantiles_of_parts_are_those_of_the_whole() -> None:
    random = np.random.default_rng(3)
    parts = [random.normal(0, 1, 30_000), random.normal(4, 2, 10_000)]
    whole = robust_baseline(np.concatenate(parts).tolist(), log=False)
    near = robust_baseline_of_quantiles([quantiles_of(part) for part in parts], 7, log=False)
    assert (near.n, near.zeros) == (40_000, 7)
    assert (near.median, near.mad) == pytest.approx((whole.median, whole.mad), rel=0.02)


def test_quantiles_without_ends_are_refused() -> None:
    with pytest.raises(ValueError, match="from the smallest"):
        robust_baseline_of_quantiles([Quantiles(3, (0.5,), (1.0,))], 0, log=False)
