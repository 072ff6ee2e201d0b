"""A trend is the least-squares line that SciPy finds, and chance is taken for one as often as is said."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.api import OLS, add_constant

from agentgauge.analysis.trend import DIRECTIONS, FEWEST, LinearTrend, direction, linear_trend

START = datetime(2026, 5, 1, tzinfo=UTC)


def at(days: float) -> datetime:
    return START + timedelta(days=days)


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.floats(-1e6, 1e6).map(lambda y: round(y, 3))), min_size=3, max_size=40
    )
)
def test_the_line_is_the_one_that_scipy_finds(points: list[tuple[int, float]]) -> None:
    hours, values = zip(*points, strict=True)
    assume(len(set(hours)) > 1)
    assume(len(set(values)) > 1)
    trend = linear_trend([at(hour / 24) for hour in hours], values)
    expected = stats.linregress([(hour - min(hours)) / 24 for hour in hours], values)
    scale = np.std(values) / np.std(np.array(hours) / 24)
    assert trend.n == len(points)
    assert trend.slope_per_day == pytest.approx(expected.slope, rel=1e-6, abs=1e-9 * scale)
    assert trend.intercept == pytest.approx(expected.intercept, rel=1e-6, abs=1e-6 * np.std(values))
    assert trend.r_squared == pytest.approx(expected.rvalue**2, abs=1e-9)
    assert trend.strength == pytest.approx(abs(expected.rvalue), abs=1e-6)
    # Where all but nothing is left beside the line, both errors are what rounding left.
    assert trend.slope_error == pytest.approx(expected.stderr, rel=1e-4, abs=1e-6 * scale)
    assert trend.p_value == pytest.approx(expected.pvalue, rel=1e-4, abs=1e-6)


def test_the_line_and_its_errors_are_those_of_statsmodels() -> None:
    random = np.random.default_rng(3)
    days = np.sort(random.uniform(0, 60, 25))
    values = 40 + 0.3 * days + random.normal(0, 5, 25)
    trend = linear_trend([at(day) for day in days], list(values))
    fitted = OLS(values, add_constant(days - days[0])).fit()
    assert (trend.intercept, trend.slope_per_day) == pytest.approx(tuple(fitted.params), rel=1e-6)
    assert (trend.slope_error, trend.p_value) == pytest.approx((fitted.bse[1], fitted.pvalues[1]), rel=1e-5)
    assert trend.r_squared == pytest.approx(fitted.rsquared)


def test_a_known_line() -> None:
    """NIST StRD has no line this short; by hand: y = 1 + 2x with errors of +1, -2, +1."""
    trend = linear_trend([at(0), at(1), at(2)], [2.0, 1.0, 6.0])
    assert trend.slope_per_day == pytest.approx(2)
    assert trend.intercept == pytest.approx(1)
    assert trend.r_squared == pytest.approx(8 / 14)
    assert trend.slope_error == pytest.approx(math.sqrt(6 / 1 / 2))
    assert trend.p_value == pytest.approx(stats.linregress([0, 1, 2], [2, 1, 6]).pvalue)


def test_order_of_the_values_changes_nothing() -> None:
    times, values = [at(3), at(1), at(2), at(5)], [4.0, 1.0, 3.0, 4.5]
    trend, other = linear_trend(times, values), linear_trend(times[::-1], values[::-1])
    assert (trend.slope_per_day, trend.intercept) == pytest.approx((other.slope_per_day, other.intercept))


def test_values_on_a_line_leave_no_doubt() -> None:
    trend = linear_trend([at(day) for day in range(5)], [10 - day for day in range(5)])
    assert (trend.slope_per_day, trend.intercept, trend.r_squared) == pytest.approx((-1, 10, 1))
    assert trend.p_value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e300, -7e-12])
def test_values_that_do_not_vary_have_no_trend_but_enough_data(value: float) -> None:
    trend = linear_trend([at(day) for day in range(9)], [value] * 9)
    assert (trend.slope_per_day, trend.r_squared, trend.p_value) == (0, 0, 1)
    assert trend.intercept == pytest.approx(value)
    assert direction(trend, lower_is_better=True) == "stable"


@pytest.mark.parametrize("n", range(FEWEST))
def test_fewer_than_three_values_are_too_few(n: int) -> None:
    trend = linear_trend([at(day) for day in range(n)], [float(day) for day in range(n)])
    assert trend.n == n
    assert all(math.isnan(value) for value in (trend.slope_per_day, trend.r_squared, trend.p_value, trend.strength))
    assert direction(trend, lower_is_better=True) == "insufficient_data"


def test_values_at_one_time_are_too_few() -> None:
    trend = linear_trend([at(1)] * 50, [float(value) for value in range(50)])
    assert direction(trend, lower_is_better=True) == "insufficient_data"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        linear_trend([at(0), at(1), at(2)], [1, value, 2])


def test_times_and_values_go_together() -> None:
    with pytest.raises(ValueError, match="2 times for 1 values"):
        linear_trend([at(0), at(1)], [1])


@pytest.mark.parametrize(
    ("slope", "lower_is_better", "word"),
    [(-1, True, "improving"), (1, True, "degrading"), (-1, False, "degrading"), (1, False, "improving")],
)
def test_what_is_better_decides_the_word(slope: float, lower_is_better: bool, word: str) -> None:
    trend = LinearTrend(30, slope, 0, 0.1, 0.8, 0.001)
    assert direction(trend, lower_is_better=lower_is_better) == word
    assert word in DIRECTIONS


def test_a_slope_that_chance_gives_too_is_stable() -> None:
    trend = LinearTrend(30, 5, 0, 4, 0.05, 0.2)
    assert direction(trend, lower_is_better=True) == "stable"
    assert direction(trend, lower_is_better=True, alpha=0.25) == "degrading"


_DRAWN = 2000


def _false_positives(n: int, draw: str) -> float:
    random = np.random.default_rng(20261121)
    found = 0
    for _ in range(_DRAWN):
        values = {
            "normal": lambda: random.normal(5, 1, n),
            "lognormal": lambda: random.lognormal(0, 1, n),  # durations: most short, some very long
        }[draw]()
        times = [at(hour / 24) for hour in np.sort(random.uniform(0, 1000, n))]
        found += direction(linear_trend(times, values.tolist()), lower_is_better=True) != "stable"
    return found / _DRAWN


@pytest.mark.parametrize("n", [3, 5, 30])
def test_without_a_trend_one_is_found_five_times_in_a_hundred(n: int) -> None:
    """Exactly so for normal values; the bounds are those that 2,000 draws leave in 1 of 10,000 seeds."""
    spread = 3.9 * math.sqrt(0.05 * 0.95 / _DRAWN)
    assert _false_positives(n, "normal") == pytest.approx(0.05, abs=spread)


@pytest.mark.parametrize("n", [3, 5, 30])
def test_skewed_values_mislead_hardly_more_often(n: int) -> None:
    assert _false_positives(n, "lognormal") < 0.08


def test_a_trend_as_large_as_its_scatter_is_found() -> None:
    random = np.random.default_rng(7)
    times = [at(day) for day in range(30)]
    found = sum(
        direction(linear_trend(times, [2 + day / 15 + random.normal() for day in range(30)]), lower_is_better=True)
        == "degrading"
        for _ in range(500)
    )
    assert found / 500 > 0.8


def test_operations_in_a_row_are_taken_at_their_starts() -> None:
    """One that begins when the one before ends has its own duration in its end: slow ones lie later than they would.

    Taken at their ends, durations without any trend look degrading several times too often.
    """
    random = np.random.default_rng(11)
    wrong = {"start": 0, "end": 0}
    for _ in range(_DRAWN):
        durations = random.lognormal(0, 1, 5).tolist()
        ends = list(accumulate(durations))
        for name, moments in (("start", [0.0, *ends[:-1]]), ("end", ends)):
            trend = linear_trend([at(moment) for moment in moments], durations)
            wrong[name] += direction(trend, lower_is_better=True) == "degrading"
    assert wrong["start"] / _DRAWN < 0.06
    assert wrong["end"] > 2 * wrong["start"]
