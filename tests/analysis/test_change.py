"""Paired changes, against SciPy and against what simulations must cover."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from agentgauge.analysis.change import Change, Estimate, paired_change

Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]


def pairs_of(seed: int, count: int) -> Pairs:
    random = np.random.default_rng(seed)
    before = random.lognormal(3, 0.6, count)
    return before, before * random.lognormal(-0.2, 0.3, count)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_the_absolute_change_is_scipys_paired_t_test(count: int) -> None:
    before, after = pairs_of(1, count)
    found = paired_change(before, after, confidence=0.9).absolute
    expected = stats.ttest_rel(after, before)
    low, high = expected.confidence_interval(0.9)
    assert found.method == "t"
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(after - before), low, high))
    assert found.p_value == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_the_relative_change_of_positive_values_is_the_t_test_of_their_logarithms(count: int) -> None:
    before, after = pairs_of(2, count)
    found = paired_change(before, after).relative
    expected = stats.ttest_1samp(np.log(after / before), 0.0)
    low, high = np.expm1(expected.confidence_interval(0.95))
    assert found.method == "t of logarithms"
    assert (found.value, found.low, found.high) == pytest.approx((stats.gmean(after / before) - 1, low, high))
    assert found.p_value == pytest.approx(expected.pvalue)


def test_where_a_value_is_zero_the_relative_change_is_bootstrapped_as_scipy_does() -> None:
    before, after = pairs_of(3, 40)
    before[0] = after[1] = 0.0
    found = paired_change(before, after).relative
    expected = stats.bootstrap(
        (before, after),
        lambda first, second, axis: (second.sum(axis) - first.sum(axis)) / first.sum(axis),
        paired=True,
        method="BCa",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    )
    low, high = expected.confidence_interval
    assert found.method == "bootstrap"
    assert found.value == pytest.approx(after.sum() / before.sum() - 1)
    # SciPy's own limits move by 0.02 from seed to seed, of 20,000 resamples, and ours are of 4,000.
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.04)
    assert paired_change(before, after).relative == found, "the same data has the same interval"


Draw = Callable[[np.random.Generator], Pairs]


def covered(draw: Draw, truth: float, of: Callable[[Change], Estimate], times: int) -> float:
    random = np.random.default_rng(20_251_215)
    estimates = (of(paired_change(*draw(random))) for _ in range(times))
    return sum(estimate.low <= truth <= estimate.high for estimate in estimates) / times


@pytest.mark.parametrize("count", [3, 10, 30])
def test_intervals_of_absolute_changes_cover_the_truth_as_often_as_they_say(count: int) -> None:
    def draw(random: np.random.Generator) -> Pairs:
        before = random.normal(100, 20, count)
        return before, before - 5 + random.normal(0, 4, count)

    # 1,000 draws of a rate of 0.95 are within 0.021 of it in 998 of 1,000 cases.
    assert covered(draw, -5.0, lambda change: change.absolute, 1000) == pytest.approx(0.95, abs=0.021)


@pytest.mark.parametrize("count", [3, 10, 30])
def test_intervals_of_relative_changes_cover_the_truth_as_often_as_they_say(count: int) -> None:
    def draw(random: np.random.Generator) -> Pairs:
        before = random.lognormal(3, 1, count)
        return before, before * random.lognormal(math.log(0.8), 0.3, count)

    assert covered(draw, -0.2, lambda change: change.relative, 1000) == pytest.approx(0.95, abs=0.021)


def test_bootstrapped_intervals_of_skewed_values_with_zeros_cover_nearly_as_often() -> None:
    def draw(random: np.random.Generator) -> Pairs:
        before = random.exponential(10, 40) * (random.random(40) > 0.1)
        after = random.exponential(8, 40) * (random.random(40) > 0.1)
        after[0] *= 0
        return before, after

    truth = 8 * 39 / (10 * 40) - 1
    assert 0.91 <= covered(draw, truth, lambda change: change.relative, 400) <= 0.98


def test_a_test_of_no_change_is_wrong_one_time_in_twenty() -> None:
    random = np.random.default_rng(11)
    changes = [paired_change(*random.lognormal(3, 0.3, (2, 8))) for _ in range(2000)]
    for found in ([change.absolute.p_value for change in changes], [change.relative.p_value for change in changes]):
        assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_of_fewer_than_two_pairs_there_is_no_interval() -> None:
    one = paired_change([10.0], [8.0])
    assert (one.count, one.absolute.value, one.absolute.method) == (1, -2.0, "none")
    assert one.relative.value == pytest.approx(-0.2)
    for estimate in (one.absolute, one.relative):
        assert all(math.isnan(figure) for figure in (estimate.low, estimate.high, estimate.p_value))
    none = paired_change([], [])
    assert none.count == 0
    assert all(math.isnan(figure) for figure in (none.mean_before, none.absolute.value, none.relative.value))


def test_pairs_that_differ_by_the_same_leave_no_doubt() -> None:
    less = paired_change([10.0, 20.0, 30.0], [8.0, 18.0, 28.0]).absolute
    assert (less.value, less.low, less.high, less.p_value) == (-2.0, -2.0, -2.0, 0.0)
    same = paired_change([10.0, 20.0], [10.0, 20.0])
    assert (same.absolute.p_value, same.relative.p_value, same.relative.value) == (1.0, 1.0, 0.0)


def test_a_relative_change_of_nothing_does_not_exist() -> None:
    assert math.isnan(paired_change([0.0, 0.0], [1.0, 2.0]).relative.value)
    few = paired_change([0.0, 4.0], [1.0, 2.0]).relative
    assert (few.value, few.method) == (-0.25, "none")


def test_a_loss_that_halves_is_a_rise_of_a_half() -> None:
    assert paired_change([-10.0, -20.0], [-5.0, -10.0]).relative.value == 0.5


def test_figures_beyond_a_double_are_no_exception() -> None:
    found = paired_change([1e308, -1e308], [1e308, 1e308])
    assert math.isnan(found.absolute.low)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([1.0, 1.0] + 9 * [0.0], [0.0, 1e-300, 1e-320, 0.0, 5e-324, 0.0, 1e-300, -1e150, 0.0, 1e150, -1e308]),
        (9 * [0.0] + [1.0, 1e-320], 9 * [1e150] + [0.0, 0.0]),
        ([-1.0] + 9 * [0.0] + [1e-320, 3.3], 6 * [1e150] + 6 * [-1e-300]),
    ],
)
def test_no_size_of_figures_makes_resampling_fail(before: list[float], after: list[float]) -> None:
    found = paired_change(before, after).relative
    assert found.method == "bootstrap"
    assert not found.low > found.high


@pytest.mark.parametrize(
    ("before", "after", "confidence"),
    [([1.0], [1.0, 2.0], 0.95), ([math.nan], [1.0], 0.95), ([1.0], [math.inf], 0.95), ([1.0], [1.0], 1.0)],
)
def test_what_makes_no_pairs_is_refused(before: list[float], after: list[float], confidence: float) -> None:
    with pytest.raises(ValueError):
        paired_change(before, after, confidence)
