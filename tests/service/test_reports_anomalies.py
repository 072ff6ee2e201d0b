"""Anomalies of recorded events."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from agentgauge.engines import Filter
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service import reports
from agentgauge.service.reports.anomalies import Anomalies
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
NOW = MONDAY + timedelta(weeks=12, hours=12, minutes=30)
EVER = Window()


def work(random: np.random.Generator, start: datetime, agent: str, calls: int, dollars: float) -> Iterator[Event]:
    for at in range(calls):
        time = start + timedelta(minutes=at)
        cost = Decimal(str(round(dollars * float(random.lognormal(0, 0.3)), 6)))
        outcome = "success" if random.random() < 0.95 else "failure"
        yield Event(kind="task", name="turn", time=time, agent=agent, outcome=outcome, duration_ms=100.0)
        yield Event(
            kind="llm_call", name="m", model="m", time=time, agent=agent, input_tokens=900, output_tokens=100,
            cost_usd=cost, cost_source="reported",
        )  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    """Twelve weeks of two agents that work from 8 to 18 on working days. In the last week an hour of the coder's is six
    times as dear, and the reviewer is silent for a whole day."""
    random, events = np.random.default_rng(41), []
    for day in range(85):
        for hour in range(8, 18):
            start = MONDAY + timedelta(days=day, hours=hour)
            if day % 7 >= 5 or start >= NOW:
                continue
            dear = 6.0 if (day, hour) == (80, 10) else 1.0
            events += work(random, start, "coder", 4 + int(random.integers(3)), 0.1 * dear)
            if day != 79:
                events += work(random, start, "reviewer", 2 + int(random.integers(2)), 0.1)
    unpriced = MONDAY + timedelta(days=78, hours=9)
    events.append(
        Event(kind="llm_call", name="new", model="new", time=unpriced, agent="coder", input_tokens=5, output_tokens=5,
              cost_source="unpriced")
    )  # fmt: skip
    return DuckDBEngine(connection_with(events))


def found(engine: DuckDBEngine, **asked: Any) -> Anomalies:
    return reports.anomalies(engine, asked.pop("window", EVER), zone="UTC", now=NOW, **asked)


def test_a_dear_hour_is_found_with_what_was_expected(engine: DuckDBEngine) -> None:
    answer = found(engine, metrics=("cost",), window=Window(MONDAY + timedelta(days=77)))
    hour = next(each for each in answer.anomalies if each.start == MONDAY + timedelta(days=80, hours=10))
    assert (hour.metric, hour.unit, hour.cause, hour.direction) == ("cost", "USD", "value", "high")
    assert hour.expected == pytest.approx(0.8, abs=0.25)
    assert hour.high < hour.value
    assert hour.deviation_percent == pytest.approx((hour.value / hour.expected - 1) * 100)
    assert hour.severity in ("warning", "error", "critical")


def test_nights_and_weekends_are_no_anomalies(engine: DuckDBEngine) -> None:
    answer = found(engine, metrics=("cost", "operations", "tokens"))
    assert all(8 <= each.start.hour < 18 and each.start.weekday() < 5 for each in answer.anomalies)


def test_a_silent_day_of_one_agent_is_found_where_agents_are_told_apart(engine: DuckDBEngine) -> None:
    answer = found(engine, metrics=("tokens",), bucket="day", by="agent")
    silent = [each for each in answer.anomalies if each.cause == "no data"]
    assert [(each.key, each.start) for each in silent] == [("reviewer", MONDAY + timedelta(days=79))]
    assert silent[0].deviation_percent == -100
    assert {each.key for each in answer.series} == {"coder", "reviewer"}


def test_what_was_looked_at_and_what_chance_would_find_is_said(engine: DuckDBEngine) -> None:
    answer = found(engine)
    assert [each.metric for each in answer.series] == ["cost", "tokens", "operations", "execution_time", "error_rate"]
    assert {each.tested for each in answer.series} == {7 * 24}
    assert answer.expected_false == pytest.approx(5 * 168 / 672)
    assert (answer.bucket, answer.time_zone, answer.way) == ("hour", "UTC", "raw")
    assert answer.until == datetime(2026, 3, 30, 12, 30, tzinfo=UTC)


def test_an_hour_that_is_not_over_is_not_looked_at(engine: DuckDBEngine) -> None:
    last = found(engine, metrics=("cost",), window=Window(NOW - timedelta(hours=2, minutes=30)))
    assert last.series[0].tested == 2


def test_the_cost_of_hours_with_unpriced_calls_says_so(engine: DuckDBEngine) -> None:
    answer = found(engine, metrics=("cost",), window=Window(MONDAY + timedelta(days=77)))
    assert answer.series[0].unpriced_calls == 1


def test_an_hour_of_unpriced_calls_alone_is_no_free_hour() -> None:
    calls = [
        Event(kind="llm_call", name="m", model="m", time=MONDAY + timedelta(days=day, hours=9), input_tokens=1,
              output_tokens=1, cost_usd=None if day == 60 else Decimal("0.5"),
              cost_source="unpriced" if day == 60 else "reported")
        for day in range(84)
    ]  # fmt: skip
    answer = found(DuckDBEngine(connection_with(calls)), metrics=("cost",), bucket="day")
    assert answer.series[0].tested == 28
    assert not answer.anomalies


def test_filters_choose_whose_it_is(engine: DuckDBEngine) -> None:
    answer = found(engine, metrics=("operations",), bucket="day", filters=(Filter("agent", "=", "coder"),))
    assert not [each for each in answer.anomalies if each.start == MONDAY + timedelta(days=79)]


def test_days_are_those_of_the_zone(engine: DuckDBEngine) -> None:
    answer = reports.anomalies(engine, EVER, zone="Asia/Kathmandu", now=NOW, bucket="day", metrics=("cost",))
    assert all(each.start.utcoffset() == timedelta(hours=5, minutes=45) for each in answer.anomalies)
    assert answer.series[0].tested == 28


def test_too_little_history_says_how_much_is_needed() -> None:
    random = np.random.default_rng(1)
    events = [event for day in range(20) for event in work(random, MONDAY + timedelta(days=day), "coder", 3, 0.1)]
    engine = DuckDBEngine(connection_with(events))
    answer = reports.anomalies(
        engine, EVER, zone="UTC", now=MONDAY + timedelta(days=20), bucket="day", metrics=("cost",)
    )
    (series,) = answer.series
    assert (series.tested, series.history, series.needed) == (0, 20, 14 + 27)
    assert series.least_alpha == pytest.approx(1 / 6)


def test_nothing_recorded_has_no_series_of_amounts() -> None:
    answer = found(DuckDBEngine(connection_with([])), metrics=("cost", "operations"))
    assert not answer.anomalies
    assert all(each.history == 0 and math.isnan(each.least_alpha) for each in answer.series)


def test_what_cannot_be_asked_is_refused(engine: DuckDBEngine) -> None:
    with pytest.raises(QueryError, match="say hour or day"):
        found(engine, bucket="week")
    for alpha in (5, 1, 0, 5e-324, math.nan):
        with pytest.raises(QueryError, match="from 1e-06 to below 1"):
            found(engine, alpha=alpha)
    with pytest.raises(QueryError, match="no measurement is called 'cots'"):
        found(engine, metrics=("cots",))
