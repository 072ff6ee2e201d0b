"""Whether the newest of alike figures is worse than those before it: as SciPy has it, and how often by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from agentgauge.analysis.level_shift import newest_against_before
from agentgauge.analysis.multiplicity import benjamini_hochberg


def test_of_as_many_values_each_p_is_that_of_the_prediction_interval_of_one_further_normal_value() -> None:
    rng = np.random.default_rng(1)
    before, newest = rng.normal(50, 4, (5, 28)), rng.normal(55, 4, 5)
    n = np.full((5, 29), 40.0)
    shift = newest_against_before(newest, n[:, 0], before, n[:, 1:], scale="linear", lower_is_better=True)
    for row in range(5):
        error = np.std(before[row], ddof=1) * math.sqrt(1 + 1 / 28)
        t = (newest[row] - before[row].mean()) / error
        assert shift.p_value[row] == pytest.approx(stats.t.sf(t, 27))
        low, high = stats.t.interval(0.95, 27, before[row].mean(), error)
        assert (shift.low[row], shift.high[row]) == pytest.approx((low, high))
        assert (shift.expected[row], shift.before[row]) == (pytest.approx(before[row].mean()), 28)


def test_what_is_better_is_not_worse_and_of_fewer_than_seven_figures_nothing_is_said() -> None:
    before = np.array([[100, 101, 99, 100, 102, 98, 100.0], [100, 101, math.nan, 100, 102, 98, 100.0]])
    n = np.full((2, 7), 30.0)
    newest = np.array([150.0, 150.0])
    worse = newest_against_before(newest, n[:, 0], before, n, scale="log", lower_is_better=True)
    better = newest_against_before(newest, n[:, 0], before, n, scale="log", lower_is_better=False)
    assert worse.p_value[0] < 1e-6 < 0.999 < better.p_value[0]
    assert np.isnan(worse.p_value[1])
    assert np.isnan(worse.expected[1])


def test_which_figures_it_was_compared_with_is_known() -> None:
    before = np.array([[0.0, 101, 99, math.nan, 102, 98, 100, 99, 101, 0.0], np.full(10, math.nan)])
    n = np.full((2, 10), 30.0)
    found = newest_against_before(np.array([150.0, 150.0]), n[:, 0], before, n, scale="log", lower_is_better=True)
    assert (found.before[0], found.nearest[0], found.farthest[0]) == (7, 1, 8)
    assert np.isnan(found.p_value[1])


def test_figures_that_never_varied_have_a_shift_all_the_same() -> None:
    before, n = np.full((1, 10), 100.0), np.full((1, 10), 30.0)
    same, other = (
        newest_against_before(np.array([value]), n[:, 0], before, n, scale="log", lower_is_better=True).p_value[0]
        for value in (100.0, 101.0)
    )
    assert same == pytest.approx(0.5)
    assert other < 1e-9


@pytest.mark.parametrize("newest_n", [30, 400])
def test_where_nothing_changed_all_of_200_agents_together_rarely_alarm(newest_n: int) -> None:
    """Means of long-tailed durations, of days that differ, of a newest window of as many values as the days before it
    or far fewer: of evaluations without a change, at most the adjusted level finds one. Of 200, 4 are 2 %.
    """
    rng, evaluations, agents, days = np.random.default_rng(5), 200, 200, 28
    alarms = 0
    for _ in range(evaluations):
        n = np.full((agents, days + 1), 400.0)
        n[:, 0] = newest_n
        # The mean of n lognormal values with sigma 0.9 scatters by sqrt((exp(0.81) - 1) / n), skewed as a gamma is.
        shape = n / (math.exp(0.81) - 1)
        means = rng.gamma(shape, 1 / shape) * rng.lognormal(6, 0.08, (agents, days + 1))
        shift = newest_against_before(means[:, 0], n[:, 0], means[:, 1:], n[:, 1:], scale="log", lower_is_better=True)
        alarms += min(benjamini_hochberg(list(shift.p_value))) <= 0.01
    assert alarms <= 4


def test_a_shift_of_half_as_much_again_of_one_agent_of_200_is_found() -> None:
    rng = np.random.default_rng(6)
    values = rng.lognormal(6, 0.08, (200, 29))
    values[17, 0] *= 1.5
    n = np.full((200, 29), 200.0)
    shift = newest_against_before(values[:, 0], n[:, 0], values[:, 1:], n[:, 1:], scale="log", lower_is_better=True)
    adjusted = benjamini_hochberg(list(shift.p_value))
    assert [row for row, p in enumerate(adjusted) if p <= 0.01] == [17]


def test_p_values_are_adjusted_as_scipy_does() -> None:
    p = list(np.random.default_rng(2).random(40) ** 3)
    assert benjamini_hochberg(p) == pytest.approx(list(stats.false_discovery_control(p)))
    assert benjamini_hochberg([0.04, math.nan, 0.01]) == pytest.approx([0.04, math.nan, 0.02], nan_ok=True)
    assert benjamini_hochberg([]) == []
