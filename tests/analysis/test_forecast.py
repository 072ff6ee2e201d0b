"""Forecasts: whether intervals hold what they promise, and what is said where nothing can be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agentgauge.analysis.forecast import Span, budget_exhaustion, first_to_learn_from, forecast
from agentgauge.analysis.forecast_backtest import independent_sums, reach_of_sums
from tests.analysis.daily_series import (
    Maker,
    autocorrelated,
    growing_weekly,
    noisy,
    skewed,
    trending,
    weekly,
)


def inside(span: Span, actual: float) -> tuple[bool, bool]:
    return span.low_80 <= actual <= span.high_80, span.low_95 <= actual <= span.high_95


@pytest.mark.parametrize(
    "make", [noisy, skewed, weekly, trending, growing_weekly, autocorrelated], ids=lambda make: make.__name__
)
def test_intervals_hold_as_often_as_they_say(make: Maker) -> None:
    """150 series of 120 days. Four figures of each are 600 cases, of which those of one series depend on each other:
    a standard error of 2 to 3 percentage points at 80 %, half of it at 95 %. The sum of two weeks is of few
    folds, and its interval errs on the safe side."""
    random = np.random.default_rng(31)
    near, far = [], []
    for _ in range(150):
        values = np.maximum(make(random, 134), 0)
        found, coming = forecast(values[:120], 14), values[120:]
        near += [inside(found.sums[h - 1], coming[:h].sum()) for h in (1, 7)]
        near += [inside(found.days[h - 1], coming[h - 1]) for h in (7, 14)]
        far.append(inside(found.sums[13], coming.sum()))
    at_80, at_95 = np.mean(near, axis=0)
    assert 0.75 <= at_80 <= 0.86
    assert 0.92 <= at_95 <= 0.98
    at_80, at_95 = np.mean(far, axis=0)
    assert at_80 >= 0.78
    assert at_95 >= 0.93


def test_the_coverage_that_is_told_is_what_earlier_intervals_held() -> None:
    random = np.random.default_rng(32)
    told = [forecast(skewed(random, 200), 7).coverage for _ in range(40)]
    for level in (0.8, 0.95):
        of_weeks = [figure for figures in told for figure in figures if (figure.days, figure.level) == (7, level)]
        share = sum(figure.inside for figure in of_weeks) / sum(figure.folds for figure in of_weeks)
        assert share == pytest.approx(level, abs=0.06)
        assert of_weeks[0].independent < of_weeks[0].folds / 4


def test_a_month_from_three_months_says_how_far_it_was_tested() -> None:
    found = forecast(noisy(np.random.default_rng(33), 90), 60)
    assert 20 < found.tested_days < 35
    tested, beyond = found.sums[found.tested_days - 1], found.sums[-1]
    assert (beyond.high_95 - beyond.low_95) / 60 >= (tested.high_95 - tested.low_95) / found.tested_days
    assert {figure.days for figure in found.coverage} == {1, 7}


def test_wider_holds_narrower_sums_do_not_fall_and_nothing_is_below_zero() -> None:
    random = np.random.default_rng(34)
    for make in (skewed, weekly, trending):
        found = forecast(make(random, 60), 40)
        for span in (*found.days, *found.sums):
            assert 0 <= span.low_95 <= span.low_80 <= span.value <= span.high_80 <= span.high_95
        for figures in (
            [s.low_95 for s in found.sums],
            [s.low_80 for s in found.sums],
            [s.high_95 for s in found.sums],
        ):
            assert figures == sorted(figures)
        assert found.sums[-1].value == pytest.approx(sum(span.value for span in found.days))


@pytest.mark.parametrize(("make", "word"), [(trending, "trend"), (weekly, "week")])
def test_what_does_best_on_the_series_is_taken(make: Maker, word: str) -> None:
    random = np.random.default_rng(35)
    taken = [forecast(make(random, 150), 7).method for _ in range(20)]
    assert sum(word in name.replace("four weeks", "") or "Winters" in name for name in taken) >= 18


def test_under_seven_days_there_is_no_forecast() -> None:
    found = forecast([1.0] * 6, 30)
    assert (found.method, found.days, found.sums, found.tested_days) == ("none", (), (), 0)


@pytest.mark.parametrize("count", [7, 13, 14, 27])
def test_under_four_weeks_there_is_no_interval(count: int) -> None:
    found = forecast([2.0] * count, 30)
    assert found.sums[-1].value == pytest.approx(60)
    assert math.isnan(found.sums[-1].high_95)
    assert found.coverage == ()
    assert found.tested_days == 0


@pytest.mark.parametrize("count", [28, 29, 41, 55, 56, 57])
def test_from_four_weeks_on_there_is(count: int) -> None:
    found = forecast(skewed(np.random.default_rng(count), count), 30)
    assert found.tested_days >= 1
    assert all(math.isfinite(span.high_95) for span in (*found.days, *found.sums))


def test_what_never_varies_is_forecast_as_it_is() -> None:
    found = forecast([3.0] * 60, 10)
    assert found.sums[-1].low_95 == pytest.approx(30)
    assert found.sums[-1].high_95 == pytest.approx(30)
    assert forecast([3.0] * 60, 60).sums[-1].high_95 == pytest.approx(180)  # beyond what could be tested
    nothing = forecast([0.0] * 60, 10)
    assert nothing.sums[-1].high_95 == 0


def test_every_series_has_an_answer() -> None:
    """Rare and huge amounts, zeros for a long time, few days; warnings are errors here."""
    random = np.random.default_rng(38)
    for n in (28, 40, 57, 90):
        shapes = [np.where(random.random(n) < 0.95, 0, 1e9), np.repeat([0.0, 5.0], n // 2), random.lognormal(0, 3, n)]
        for values in shapes:
            found = forecast(values, 50)
            assert all(math.isfinite(span.high_95) for span in (*found.days, *found.sums))


def test_the_same_days_have_the_same_forecast() -> None:
    values = skewed(np.random.default_rng(36), 100)
    assert forecast(values, 30) == forecast(values, 30)


def test_overlapping_sums_are_worth_fewer_than_they_are() -> None:
    assert independent_sums(50, 1) == 50
    assert independent_sums(60, 10) == pytest.approx(9, rel=0.01)


def test_an_interval_of_few_folds_is_as_wide_as_student_says() -> None:
    """Three one-day errors of size 1: the 97.5th percentile of t with 3 degrees of freedom is 3.182."""
    errors = np.array([[1.0], [-1.0], [1.0], [math.nan]])
    assert reach_of_sums(errors, 0.95)[0] == pytest.approx(3.182, abs=0.001)


@pytest.mark.parametrize("bad", [[-1.0] * 30, [math.nan] * 30, [math.inf] * 30])
def test_what_cannot_be_used_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        forecast(bad, 7)
    with pytest.raises(ValueError, match="1 to 366 days"):
        forecast([1.0] * 30, 0)


class TestBudgets:
    SUMS = tuple(Span(10.0 * day, 8.0 * day, 12.0 * day, 7.0 * day, 14.0 * day) for day in range(1, 31))

    def test_the_day_is_where_the_sums_reach_what_remains(self) -> None:
        found = budget_exhaustion(84, self.SUMS)
        assert (found.day, found.earliest_80, found.latest_80) == (9, 7, 11)
        assert (found.earliest_95, found.latest_95) == (6, 12)
        assert not found.exhausted

    def test_not_within_the_days_ahead_is_none(self) -> None:
        found = budget_exhaustion(290, self.SUMS)
        assert (found.day, found.earliest_80, found.latest_80, found.latest_95) == (29, 25, None, None)
        assert budget_exhaustion(1e6, self.SUMS).earliest_95 is None

    def test_what_is_used_up_is_said_to_be(self) -> None:
        assert budget_exhaustion(0, self.SUMS).exhausted
        assert budget_exhaustion(-5, ()).exhausted

    def test_without_intervals_only_the_forecast_is_told(self) -> None:
        found = budget_exhaustion(15, forecast([2.0] * 20, 30).sums)
        assert (found.day, found.earliest_80, found.latest_95) == (8, None, None)

    def test_the_interval_of_the_day_holds_it_as_often_as_it_says(self) -> None:
        random = np.random.default_rng(37)
        held = []
        for _ in range(100):
            values = skewed(random, 160)
            found = budget_exhaustion(150.0, forecast(values[:120], 40).sums)
            day = int(np.searchsorted(values[120:].cumsum(), 150.0)) + 1
            held.append((found.earliest_80 or 99) <= day <= (found.latest_80 or 99))
        assert 0.72 <= np.mean(held) <= 0.94  # days are whole, so the interval holds a little more


@pytest.mark.parametrize(
    ("days", "first"),
    [
        ("." * 10, 10),
        ("..x.x", 2),
        ("x" * 9 + "." * 27 + "x" * 3, 0),
        ("x" * 9 + "." * 28 + "x" * 3, 37),
        ("x" * 9 + "." * 40, 0),
        ("x" + "." * 40 + "x" + "." * 40 + "x", 82),
        (("x" * 9 + "." * 30) * 3, 0),
        ("x" + "." * 40 + ("x" * 9 + "." * 30) * 3, 41),
    ],
)
def test_the_past_begins_after_a_break_and_holds_breaks_that_recur(days: str, first: int) -> None:
    assert first_to_learn_from([day == "x" for day in days]) == first
