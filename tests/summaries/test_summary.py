"""Summary is a monoid, and its percentiles are within 1 % in value."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.summaries import Summary

VALUES = st.lists(st.floats(min_value=-1e9, max_value=1e9, allow_subnormal=False), max_size=30)


@st.composite
def summaries(draw: st.DrawFn) -> Summary:
    values = draw(VALUES)
    return Summary.of(values, failures=draw(st.integers(0, len(values))))


def assert_same(left: Summary, right: Summary) -> None:
    """Equal, sums of floats within 1e-12 of the magnitudes that were added."""
    assert (left.count, left.failures, left.histogram) == (right.count, right.failures, right.histogram)
    assert (left.min, left.max) == (right.min, right.max)
    if left.count:
        assert left.min is not None
        assert left.max is not None
        largest = max(abs(left.min), abs(left.max))
        assert left.sum == pytest.approx(right.sum, rel=1e-12, abs=1e-12 * left.count * largest)
        assert left.m2 == pytest.approx(right.m2, rel=1e-12, abs=1e-12 * left.count * largest**2)


@given(summaries(), summaries(), summaries())
def test_merging_is_associative(a: Summary, b: Summary, c: Summary) -> None:
    assert_same(a.merge(b).merge(c), a.merge(b.merge(c)))


@given(summaries(), summaries())
def test_merging_is_commutative_to_the_last_bit(a: Summary, b: Summary) -> None:
    assert a.merge(b) == b.merge(a)


@given(summaries())
def test_the_empty_summary_is_the_identity(a: Summary) -> None:
    assert a.merge(Summary.EMPTY) == a
    assert Summary.EMPTY.merge(a) == a


@given(st.lists(VALUES, max_size=6))
def test_merging_parts_gives_the_summary_of_the_whole(parts: list[list[float]]) -> None:
    merged = Summary.EMPTY
    for part in parts:
        merged = merged.merge(Summary.of(part, failures=len(part) // 3))
    whole = Summary.of([value for part in parts for value in part], failures=sum(len(part) // 3 for part in parts))
    assert_same(merged, whole)


@given(st.lists(st.floats(min_value=0.5, max_value=1e6), min_size=2, max_size=50))
def test_mean_and_standard_deviation_are_those_of_the_sample(values: list[float]) -> None:
    summary = Summary.of(values)
    assert summary.mean == pytest.approx(statistics.fmean(values), rel=1e-12)
    assert summary.std_dev == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-9)


def test_one_value_has_a_standard_deviation_of_zero_and_none_has_no_number_at_all() -> None:
    assert Summary.of([7.0]).std_dev == 0.0
    empty = Summary.EMPTY
    assert all(map(math.isnan, (empty.mean, empty.std_dev, empty.success_rate, empty.percentile(50))))
    assert (empty.count, empty.failures, empty.sum, empty.min, empty.max) == (0, 0, 0.0, None, None)


def test_success_rate_is_a_ratio() -> None:
    assert Summary.of([1.0, 2.0, 3.0, 4.0], failures=1).success_rate == 0.75


def _mixture(rng: np.random.Generator) -> np.ndarray:
    fast, slow = rng.lognormal(2, 0.3, 7000), 5000 + rng.pareto(1.2, 3000) * 900
    return np.concatenate([fast, slow, np.zeros(100)])


HEAVY_TAILED: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "lognormal": lambda rng: rng.lognormal(5, 2, 10_000),
    "pareto": lambda rng: rng.pareto(0.8, 10_000) + 1,
    "few": lambda rng: rng.lognormal(5, 3, 7),
    "mixture": _mixture,
    "debts": lambda rng: -rng.pareto(1.1, 5_000),
    "tiny": lambda rng: rng.lognormal(-25, 4, 5_000),
}


@pytest.mark.parametrize("sample", HEAVY_TAILED)
@pytest.mark.parametrize("seed", range(5))
def test_percentiles_are_within_one_percent_of_the_exact_ones(sample: str, seed: int) -> None:
    values = HEAVY_TAILED[sample](np.random.default_rng(seed))
    summary = Summary.of(values)
    for p in (0, 0.1, 1, 5, 25, 50, 75, 90, 95, 99, 99.9, 100):
        assert summary.percentile(p) == pytest.approx(float(np.percentile(values, p)), rel=0.01, abs=1e-300)


@given(st.lists(st.floats(min_value=1e-12, max_value=1e12), min_size=1, max_size=40), st.floats(0, 100))
def test_percentiles_of_any_positive_values_are_within_one_percent(values: list[float], p: float) -> None:
    exact = float(np.percentile(values, p))
    assert Summary.of(values).percentile(p) == pytest.approx(exact, rel=0.01)


@given(VALUES.filter(bool))
def test_the_lowest_and_the_highest_are_exact(values: list[float]) -> None:
    summary = Summary.of(values)
    assert (summary.percentile(0), summary.percentile(100)) == (min(values), max(values))


def test_between_opposite_signs_the_error_is_a_share_of_the_larger_magnitude() -> None:
    values = [-1000.0, -999.0, 1001.0, 1002.0]
    assert abs(Summary.of(values).percentile(50) - 1.0) <= 0.01 * 1001


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Summary.of([1.0, value])


def test_impossible_requests_are_refused_with_their_numbers() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        Summary.of([1.0, 2.0], failures=3)
    with pytest.raises(ValueError, match="101"):
        Summary.of([1.0]).percentile(101)
