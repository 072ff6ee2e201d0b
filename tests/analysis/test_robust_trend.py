"""The rank trend is what SciPy and pyMannKendall compute, and takes likeness of neighbours for no trend."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter
from scipy.special import ndtri

from agentgauge.analysis.robust_trend import (
    FEWEST,
    robust_direction,
    robust_trend,
    sen_limits,
    trend_and_shifts,
    variance_inflation,
    variance_of_s,
)
from agentgauge.analysis.trend import linear_trend

START = datetime(2026, 5, 1, tzinfo=UTC)
SHAMPOO = [
    266.0, 145.9, 183.1, 119.3, 180.3, 168.5, 231.8, 224.5, 192.8, 122.9, 336.5, 185.9,
    194.3, 149.5, 210.1, 273.3, 191.4, 287.0, 226.0, 303.6, 289.9, 421.6, 264.5, 342.3,
    339.7, 440.4, 315.9, 439.3, 401.3, 437.4, 575.5, 407.6, 682.0, 475.3, 581.3, 646.9,
]  # fmt: skip
"""Monthly sales of shampoo: Makridakis, Wheelwright and Hyndman, Forecasting: Methods and Applications, 1998. What
pyMannKendall documents of them is from its Examples/Example_pyMannKendall.ipynb."""


def days(count: int) -> list[datetime]:
    return [START + timedelta(days=day) for day in range(count)]


def slopes_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    before, after = np.triu_indices(len(values), 1)
    return np.sort((values[after] - values[before]) / (after - before))


def test_the_slope_that_pymannkendall_documents_of_shampoo_sales() -> None:
    trend = robust_trend(days(36), SHAMPOO)
    assert trend.slope_per_day == pytest.approx(11.509375)
    assert trend.tau == pytest.approx(0.6984126984126984)
    assert trend.p_value < 0.001


def test_the_variance_that_pymannkendall_documents_of_shampoo_sales() -> None:
    """Hamed and Rao's own estimate: the autocorrelations of the detrended ranks that are significant."""
    values = np.array(SHAMPOO)
    assert variance_of_s(values) == 36 * 35 * 77 / 18
    ranks = stats.rankdata(values - 11.509375 * np.arange(1, 37)) - 18.5
    rho = np.array([ranks[lag:] @ ranks[:-lag] / (ranks @ ranks) for lag in range(1, 36)])
    rho[np.abs(rho) <= ndtri(0.975) / 6] = 0
    assert variance_of_s(values) * variance_inflation(rho, 36) == pytest.approx(7322.011164105283)


@given(st.lists(st.integers(-50, 50), min_size=FEWEST, max_size=40))
def test_slope_and_tau_are_those_of_scipy(values: list[int]) -> None:
    assume(len(set(values)) > 1)
    trend = robust_trend(days(len(values)), [value / 7 for value in values])
    x = np.arange(len(values))
    assert trend.slope_per_day == pytest.approx(stats.theilslopes([value / 7 for value in values], x).slope)
    assert trend.tau == pytest.approx(stats.kendalltau(x, values).statistic)


@given(st.lists(st.integers(-50, 50), min_size=FEWEST, max_size=40), st.sampled_from([0.8, 0.95, 0.99]))
def test_limits_of_independent_values_are_those_of_scipy(values: list[int], confidence: float) -> None:
    """SciPy answers with the outermost slope where there is no limit."""
    assume(len(set(values)) > 1)
    y = np.array(values, dtype=np.float64)
    low, high = sen_limits(slopes_of(y), ndtri((1 + confidence) / 2) * math.sqrt(variance_of_s(y)))
    expected = stats.theilslopes(y, np.arange(len(y)), alpha=confidence)
    if math.isfinite(low):
        assert low == pytest.approx(expected.low_slope)
    if math.isfinite(high):
        assert high == pytest.approx(expected.high_slope)


@pytest.mark.parametrize("values", [[1, 2, 3, 4, 5, 6, 7], [1, 1, 2, 3, 3, 3, 4], [0, 0, 0, 0, 0, 0, 1]])
def test_the_variance_with_ties_is_that_over_all_orders(values: list[float]) -> None:
    orders = np.array(list(permutations(values)))
    before, after = np.triu_indices(7, 1)
    s = np.sign(orders[:, after] - orders[:, before]).sum(axis=1)
    assert variance_of_s(np.array(values)) == pytest.approx(float(s.var()))


def test_autocorrelation_inflates_the_variance_as_much_as_simulated() -> None:
    random, n, phi = np.random.default_rng(5), 40, 0.5
    series = random.normal(size=(6_000, n))
    series[:, 0] /= math.sqrt(1 - phi * phi)
    series = lfilter([1.0], [1.0, -phi], series, axis=1)
    before, after = np.triu_indices(n, 1)
    s = np.zeros(len(series))
    for i, j in zip(before, after, strict=True):
        s += np.sign(series[:, j] - series[:, i])
    rho = 6 / np.pi * np.arcsin(phi ** np.arange(1.0, n) / 2)
    inflated = variance_of_s(np.arange(float(n))) * variance_inflation(rho, n)
    # Hamed and Rao's factor is an approximation: their table 1 has it within some percent.
    assert inflated == pytest.approx(float(s.var()), rel=0.08)


def test_one_mad_day_does_not_turn_the_slope() -> None:
    values = [float(day) for day in range(30)]
    values[3] = 1e6
    trend = robust_trend(days(30), values)
    assert trend.slope_per_day == pytest.approx(1, abs=0.05)
    assert trend.slope_low <= 1 <= trend.slope_high
    assert trend.p_value < 0.001


def test_values_on_a_line_leave_no_doubt_and_their_rounding_is_no_autocorrelation() -> None:
    trend = robust_trend(days(20), [0.1 * day + 1 / 3 for day in range(20)])
    assert trend.autocorrelation == 0
    assert (trend.slope_low, trend.slope_high) == pytest.approx((0.1, 0.1))
    assert trend.p_value < 1e-5


@pytest.mark.parametrize("value", [0.0, 0.1, 1e300])
def test_values_that_do_not_vary_have_no_trend(value: float) -> None:
    trend = robust_trend(days(9), [value] * 9)
    assert (trend.slope_per_day, trend.tau, trend.p_value, trend.autocorrelation) == (0, 0, 1, 0)


def test_fewer_than_seven_values_are_too_few() -> None:
    trend = robust_trend(days(6), [1.0, 2, 3, 4, 5, 6])
    assert trend.n == 6
    assert all(math.isnan(part) for part in (trend.slope_per_day, trend.tau, trend.p_value, trend.slope_low))


def test_so_few_values_that_a_limit_lies_beyond_them_have_none() -> None:
    trend = robust_trend(days(7), [1.0, 5, 2, 6, 3, 7, 4], confidence=0.999)
    assert (trend.slope_low, trend.slope_high) == (-math.inf, math.inf)


def test_order_changes_nothing_and_gaps_are_time() -> None:
    times = [START + timedelta(days=day) for day in (0, 1, 2, 5, 9, 14, 20, 27)]
    values = [day.toordinal() * 2.0 for day in times]
    trend = robust_trend(times, values)
    assert trend == robust_trend(times[::-1], values[::-1])
    assert trend.slope_per_day == pytest.approx(2)


def test_what_makes_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        robust_trend(days(7), [1, 2, 3, math.nan, 5, 6, 7])
    with pytest.raises(ValueError, match="2 times for 1 values"):
        robust_trend(days(2), [1])
    with pytest.raises(ValueError, match="one value at a time"):
        robust_trend([START] * 7, [1.0] * 7)


def way(values: list[float], *, lower_is_better: bool, **asked: float) -> str:
    times = days(len(values))
    trend, line = robust_trend(times, values), linear_trend(times, values)
    return robust_direction(trend, line, lower_is_better=lower_is_better, **asked)


def test_what_is_better_decides_the_word() -> None:
    rising = [float(day + day % 3) for day in range(20)]
    assert way(rising, lower_is_better=True) == "degrading"
    assert way(rising, lower_is_better=False) == "improving"
    assert way(rising[::-1], lower_is_better=True) == "improving"
    assert way(rising[:6], lower_is_better=True) == "insufficient_data"


def test_a_p_value_adjusted_for_many_trends_decides_where_it_is_given() -> None:
    rising = [float(day + day % 3) for day in range(20)]
    assert way(rising, lower_is_better=True, p_value=0.2) == "stable"
    assert way(rising, lower_is_better=True, p_value=0.2, alpha=0.3) == "degrading"


def test_ranks_and_line_that_disagree_are_no_trend() -> None:
    rising = [float(day) for day in range(20)]
    rising[0] = 5000
    assert robust_trend(days(20), rising).p_value < 0.01
    assert linear_trend(days(20), rising).slope_per_day < 0
    assert way(rising, lower_is_better=True) == "stable"


_DRAWN = 400
_SCATTER = 3.1 * math.sqrt(0.07 * 0.93 / _DRAWN)
"""How far the share found in so many series is from the true one in 999 of 1,000 seeds."""


def drawn(n: int, phi: float, seed: int = 20_261_121) -> NDArray[np.float64]:
    innovations = np.random.default_rng(seed).normal(size=(_DRAWN, n))
    innovations[:, 0] /= math.sqrt(1 - phi * phi)
    rows: NDArray[np.float64] = lfilter([1.0], [1.0, -phi], innovations, axis=1) * math.sqrt(1 - phi * phi)
    return rows


def found(rows: NDArray[np.float64]) -> float:
    times = days(rows.shape[1])
    return float(np.mean([trend_and_shifts(times, row)[0].p_value < 0.05 for row in rows.tolist()]))


@pytest.mark.parametrize(("n", "phi"), [(7, 0.6), (14, 0.6), (30, 0.0), (30, 0.3), (30, 0.6), (90, 0.0), (90, 0.6)])
def test_days_that_resemble_the_day_before_are_no_trend(n: int, phi: float) -> None:
    """At most 7 of 100 such series, whatever their length; docs/trends.md has the figures."""
    assert found(drawn(n, phi)) < 0.07 + _SCATTER


def test_the_plain_line_takes_likeness_for_a_trend() -> None:
    """Why another p-value decides: six times as often as asked for."""
    x = np.arange(30)
    wrong = np.mean([stats.linregress(x, row).pvalue < 0.05 for row in drawn(30, 0.6)])
    assert wrong > 0.25


def test_skewed_values_mislead_no_more_often() -> None:
    assert found(np.exp(drawn(30, 0.3))) < 0.07 + _SCATTER


def test_a_shift_does_not_hide_the_trend_that_it_makes() -> None:
    """Beside a line its two levels look like autocorrelation."""
    rows = drawn(60, 0.0)[:200] + np.where(np.arange(60) < 40, 0.0, 3.0)
    both = [(robust_trend(days(60), row), trend_and_shifts(days(60), row)[0]) for row in rows.tolist()]
    assert np.mean([alone.autocorrelation for alone, _ in both]) > 0.3
    assert np.mean([beside.autocorrelation for _, beside in both]) < 0.1
    assert np.mean([beside.p_value < 0.001 for _, beside in both]) > 0.9


def test_a_trend_of_two_standard_deviations_is_found() -> None:
    assert found(drawn(30, 0.0) + 2 * np.arange(30) / 30) > 0.65
    assert found(drawn(90, 0.3) + 2 * np.arange(90) / 90) > 0.9


def test_limits_hold_the_true_slope() -> None:
    """At least 93 of 100, of series whose days resemble the day before too; 400 intervals leave 4 in 999 seeds."""
    for phi in (0.0, 0.4):
        trends = [robust_trend(days(60), row) for row in (drawn(60, phi) + 0.05 * np.arange(60)).tolist()]
        assert np.mean([trend.slope_low <= 0.05 <= trend.slope_high for trend in trends]) > 0.93 - 0.04
