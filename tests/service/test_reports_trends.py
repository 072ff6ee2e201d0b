"""Trends over daily figures of recorded events."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from scipy import stats

from agentgauge.engines import Filter
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service.reports.trends import Trend, Trends, lookback, trends
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

TODAY = datetime(2026, 3, 30, tzinfo=UTC)
NOW = TODAY + timedelta(hours=9)


def task(days_ago: float, ms: float | None = 100.0, **fields: Any) -> Event:
    own = {"name": "turn", "outcome": "success", **fields}
    return Event(kind="task", time=TODAY - timedelta(days=days_ago), duration_ms=ms, **own)


def engine(events: Iterable[Event]) -> DuckDBEngine:
    return DuckDBEngine(connection_with(list(events)))


def rising(days: int = 30, slope: float = 10.0, **fields: Any) -> list[Event]:
    """Five tasks a day about a line, the same in every run."""
    rng = random.Random(5)
    return [
        task(day - 0.1 * i, 500 + slope * (days - day) + rng.gauss(0, 20), **fields)
        for day in range(days, 0, -1)
        for i in range(1, 6)
    ]


def ask(events: Iterable[Event], metric: str = "execution_time", days: int = 30, **asked: Any) -> Trends:
    zone = asked.pop("zone", "UTC")
    return trends(engine(events), metric, lookback(days, zone, NOW), zone=zone, now=NOW, **asked)


def only(events: Iterable[Event], metric: str = "execution_time", **asked: Any) -> Trend:
    (trend,) = ask(events, metric, **asked).trends
    return trend


class TestDocumented:
    def test_the_line_is_that_of_the_daily_means(self) -> None:
        trend = only(rising())
        expected = stats.linregress(range(30), [point.value for point in trend.points])
        assert trend.slope == pytest.approx(expected.slope)
        assert trend.r_squared == pytest.approx(expected.rvalue**2)
        assert trend.p_value == pytest.approx(expected.pvalue)
        assert (trend.data_points, trend.values) == (30, 150)

    def test_the_period_is_that_many_whole_days_before_today(self) -> None:
        period = ask(rising()).period
        assert (period.start, period.end) == (TODAY - timedelta(days=30), TODAY)

    def test_a_day_is_one_of_the_zone(self) -> None:
        """Clocks went forward in Berlin on the 29th of March."""
        answer = ask(rising(), zone="Europe/Berlin", days=2)
        assert answer.period.start == datetime(2026, 3, 27, 23, tzinfo=UTC)
        assert answer.period.end == datetime(2026, 3, 29, 22, tzinfo=UTC)
        assert [point.start.day for point in answer.trends[0].points] == [28, 29]

    def test_slower_is_degrading_and_more_success_improving(self) -> None:
        assert only(rising()).trend == "degrading"
        assert only(rising(slope=-10)).trend == "improving"
        won = [task(day, outcome="success" if i > day / 4 else "error") for day in range(1, 31) for i in range(8)]
        assert only(won, "success_rate").trend == "improving"
        assert only(won, "error_rate").trend == "improving"

    def test_six_days_are_insufficient_and_seven_are_not(self) -> None:
        six = only([task(day, 10.0 * day) for day in range(1, 7)])
        assert (six.trend, six.data_points) == ("insufficient_data", 6)
        assert all(map(math.isnan, (six.slope, six.r_squared, six.p_value, six.p_adjusted)))
        assert only([task(day, 10.0 * day) for day in range(1, 8)]).trend == "improving"

    def test_of_nothing_there_is_insufficient_data(self) -> None:
        trend = only([])
        assert (trend.trend, trend.data_points, trend.points) == ("insufficient_data", 0, trend.points)
        assert ask([], by="agent").trends == ()
        (open_window,) = trends(engine([]), "cost", Window(), zone="UTC", now=NOW).trends
        assert open_window.points == ()


class TestDays:
    def test_days_without_values_are_no_points_and_no_zeros(self) -> None:
        trend = only([task(day, 100.0) for day in range(1, 31) if day % 3])
        assert (trend.data_points, trend.empty_days, trend.slope) == (20, 10, 0)

    def test_a_day_that_is_not_whole_is_left_out_and_counted(self) -> None:
        window = Window(TODAY - timedelta(days=20.5), None)
        (trend,) = trends(engine(rising()), "execution_time", window, zone="UTC", now=NOW).trends
        assert (trend.data_points, trend.incomplete_days) == (20, 2)

    def test_a_window_without_a_start_begins_with_the_first_event(self) -> None:
        answer = trends(engine(rising(12)), "execution_time", Window(None, TODAY), zone="UTC", now=NOW)
        assert answer.period.start == TODAY - timedelta(days=12)
        assert answer.trends[0].data_points == 11

    def test_more_than_ten_years_are_refused(self) -> None:
        with pytest.raises(QueryError, match="1 to 3660 days"):
            lookback(4000, "UTC", NOW)
        with pytest.raises(QueryError, match="3660 days at most"):
            trends(
                engine([task(1)]), "execution_time", Window(TODAY - timedelta(days=4000), TODAY), zone="UTC", now=NOW
            )


class TestDecision:
    def test_the_rank_trend_decides_and_not_a_mad_day(self) -> None:
        rng = random.Random(3)
        quiet = [task(day, 100 + rng.gauss(0, 1)) for day in range(4, 31)] + [task(day, 5000.0) for day in (1, 2, 3)]
        trend = only(quiet)
        assert trend.p_value < 0.05
        assert (trend.trend, trend.p_adjusted) == ("stable", trend.robust.p_value)

    def test_a_shift_has_its_day_and_size_and_is_a_trend(self) -> None:
        rng = random.Random(4)
        events = [task(day, (100 if day > 12 else 160) + rng.gauss(0, 8)) for day in range(30, 0, -1)]
        trend = only(events)
        (point,) = trend.shifts.points
        assert point.time == TODAY - timedelta(days=12)
        assert point.size == pytest.approx(60, abs=8)
        assert trend.trend == "degrading"
        assert trend.shifts.r_squared > trend.r_squared

    def test_many_at_once_are_adjusted_for_their_number(self) -> None:
        rng = random.Random(6)
        events = [task(day, rng.lognormvariate(4, 0.3), agent=f"a{i}") for day in range(1, 31) for i in range(8)]
        answer = ask([*events, *rising(agent="worse")], by="agent")
        assert (answer.tests, answer.shift_alpha) == (9, pytest.approx(0.05 / 9))
        first, *others = answer.trends
        assert (first.key, first.trend) == ("worse", "degrading")
        assert first.p_adjusted == pytest.approx(9 * first.robust.p_value)
        assert {trend.trend for trend in others} == {"stable"}
        assert [trend.p_adjusted for trend in answer.trends] == sorted(trend.p_adjusted for trend in answer.trends)

    def test_a_key_with_too_few_days_is_shown_and_not_tested(self) -> None:
        answer = ask([*rising(agent="a"), task(1, agent="new")], by="agent")
        assert [(trend.key, trend.trend) for trend in answer.trends] == [
            ("a", "degrading"),
            ("new", "insufficient_data"),
        ]
        assert answer.tests == 1
        assert answer.trends[0].p_adjusted == answer.trends[0].robust.p_value

    def test_whoever_asks_may_say_which_way_is_better(self) -> None:
        measured = [
            Event(kind="measurement", time=TODAY - timedelta(days=day), name="coverage", value=100.0 - day)
            for day in range(1, 31)
        ]
        assert only(measured, "coverage").trend == "improving"
        assert only(measured, "coverage", lower_is_better=True).trend == "degrading"


class TestChosen:
    def test_one_agent_role_or_part(self) -> None:
        events = [*rising(agent="a", role="r"), *rising(slope=-10, agent="b", attributes={"branch": "main"})]
        assert only(events, agent="a").trend == "degrading"
        assert only(events, role="r").trend == "degrading"
        assert only(events, filters=(Filter("attributes.branch", "=", "main"),)).trend == "improving"

    def test_cost_says_what_is_not_in_it(self) -> None:
        events = [task(day, span_id=f"s{day}") for day in range(1, 31)]
        for day in range(1, 31):
            usd = None if day == 4 else Decimal(day) / 100
            events.append(
                Event(
                    kind="llm_call", time=TODAY - timedelta(days=day), model="m", cost_usd=usd, parent_id=f"s{day}",
                    cost_source="unpriced" if usd is None else "reported",
                )
            )  # fmt: skip
        answer = ask(events, "cost")
        assert (answer.trends[0].trend, answer.trends[0].unpriced_calls) == ("improving", 1)
        assert (answer.unit, answer.way) == ("USD", "raw")

    def test_what_there_is_none_of_is_refused(self) -> None:
        with pytest.raises(QueryError, match="no measurement is called"):
            ask([], "speed_of_light")
        with pytest.raises(QueryError, match="added up"):
            ask([], by="cost_usd")
