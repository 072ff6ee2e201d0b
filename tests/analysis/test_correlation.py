"""Rank correlations, against SciPy and against what simulations must cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from agentgauge.analysis.correlation import Correlation, correlations


def of(first: object, second: object, *, ordered: bool = False) -> Correlation:
    (pair,) = correlations({"a": first, "b": second}, ordered=ordered)  # type: ignore[dict-item]
    return pair


@pytest.mark.parametrize("ties", [False, True])
def test_rho_and_p_value_are_scipys(ties: bool) -> None:
    random = np.random.default_rng(1)
    first = random.lognormal(0, 1, 40)
    second = first + random.lognormal(0, 1, 40)
    if ties:
        first, second = np.round(first), np.round(second)
    expected, found = stats.spearmanr(first, second), of(first, second)
    assert (found.rho, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))


def test_of_few_values_the_p_value_counts_all_orders() -> None:
    # Zar, Biostatistical Analysis, table B.20: of five values rho = 1 has 2 of the 120 orders, both ways.
    assert of([1, 2, 3, 4, 5], [10, 20, 30, 40, 50]).p_value == pytest.approx(2 / 120)
    # and |rho| >= 0.9 another 8.
    assert of([1, 2, 3, 4, 5], [10, 20, 30, 50, 40]).p_value == pytest.approx(10 / 120)


def test_the_interval_is_fishers_with_the_error_of_bonett_and_wright() -> None:
    random = np.random.default_rng(2)
    first = random.normal(0, 1, 50)
    found = of(first, first + random.normal(0, 1, 50))
    margin = 1.959964 * math.sqrt((1 + found.rho**2 / 2) / 47)
    z = math.atanh(found.rho)
    assert (found.ci_low, found.ci_high) == pytest.approx((math.tanh(z - margin), math.tanh(z + margin)))


def test_any_shape_that_rises_is_a_correlation_of_one() -> None:
    found = of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [math.exp(x) for x in range(10)])
    assert found.rho == pytest.approx(1)
    assert found.shown


def test_only_units_that_have_both_count() -> None:
    found = of([1, 2, math.nan, 4, 5, 6], [2, 1, 3, math.nan, 6, 5])
    assert (found.n, found.rho) == (4, pytest.approx(0.6))


@pytest.mark.parametrize("values", [[], [1, 2, 3], [2, 2, 2, 2, 2]])
def test_too_few_values_and_such_as_do_not_vary_say_nothing(values: list[float]) -> None:
    found = of(values, list(range(len(values))))
    assert math.isnan(found.rho)
    assert math.isnan(found.p_value)
    assert not found.shown


def test_p_values_are_adjusted_for_the_number_of_pairs() -> None:
    random = np.random.default_rng(3)
    found = correlations({name: random.normal(0, 1, 30) for name in "abc"})  # type: ignore[arg-type]
    assert [(pair.a, pair.b) for pair in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    least = min(found, key=lambda pair: pair.p_value)
    assert least.p_adjusted == pytest.approx(min(3 * least.p_value, 1))


def test_metrics_are_of_the_same_units() -> None:
    with pytest.raises(ValueError, match="each unit"):
        of([1, 2], [1, 2, 3])


def test_intervals_cover_the_rank_correlation_as_often_as_they_say() -> None:
    random, true = np.random.default_rng(4), 6 / math.pi * math.asin(0.6 / 2)  # of normal values correlated by 0.6
    covered = []
    for _ in range(600):
        first, other = random.normal(0, 1, (2, 40))
        found = of(first, 0.6 * first + 0.8 * other)
        covered.append(found.ci_low <= true <= found.ci_high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.028)


@pytest.mark.parametrize(("ordered", "most"), [(True, 0.085), (False, 1.0)])
def test_series_that_drift_are_not_related_by_time_alone(ordered: bool, most: float) -> None:
    random = np.random.default_rng(5)
    found = []
    for _ in range(400):
        noise = random.normal(0, 1, (2, 60))
        for i in range(1, 60):
            noise[:, i] += 0.7 * noise[:, i - 1]
        found.append(of(*noise, ordered=ordered).shown)
    assert np.mean(found) <= most
    if not ordered:
        assert np.mean(found) > 0.15, "what it would be without regard to the order of time"


@pytest.mark.parametrize("ordered", [True, False])
def test_five_values_that_nearly_agree_show_nothing(ordered: bool) -> None:
    """rho is 0.9: Student's t says p = 0.037, all orders say 10 of 120, and the interval holds 0."""
    found = of([1, 2, 3, 4, 5], [1, 2, 3, 5, 4], ordered=ordered)
    assert found.rho == pytest.approx(0.9)
    assert found.p_value >= 10 / 120
    assert not found.shown


def test_a_relation_is_shown_only_where_its_interval_excludes_zero() -> None:
    rng = np.random.default_rng(11)
    pairs = [
        correlations({"a": rng.normal(size=n), "b": rng.normal(size=n) + np.linspace(0, 3, n)}, ordered=True)[0]
        for n in rng.integers(4, 30, 300)
    ]
    assert not any(pair.shown and pair.ci_low <= 0 <= pair.ci_high for pair in pairs)
    assert not any(pair.shown and pair.n < 5 for pair in pairs)
