"""Charts of forecasts and of budgets' periods: lines, and what they lie between."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.analysis.forecast import Span
from agentgauge.charts import Chart
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import Event
from agentgauge.service import reports
from agentgauge.service.budget_course import Course, Reached
from agentgauge.service.budget_outlook import Expected, Outlook
from agentgauge.service.budgets import BudgetState
from agentgauge.service.graphs.budgets import burn_up
from agentgauge.service.graphs.forecasts import forecast_chart
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

START, NOW, END = (datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((1, 0), (29, 12), (31, 0)))
END += timedelta(days=1)
STATE = BudgetState(
    id=1, scope="agent", name="coder", project=None, period="month", total_usd=Decimal(40), used_usd=Decimal(30),
    told_usd=Decimal(0), reserved_usd=Decimal(0), remaining_usd=Decimal(10), utilization_percent=75.0,
    unpriced_calls=0, status="ok", warning_percent=80.0, critical_percent=95.0, start=START, counted_from=START,
    created=START, updated=START, version=1, set_by="person",
)  # fmt: skip
COURSE = Course(start=START, end=END, width="day", points=(Reached(START, Decimal(0)), Reached(NOW, Decimal(30))))
OUTLOOK = Outlook(
    state="forecast", history_days=60, exhausted=False, last=date(2026, 3, 31), period_ends=True,
    days=tuple(
        Expected(date(2026, 3, day), Span(used, used - 1, used + 1, used - 2, used + 2))
        for day, used in ((29, 31.0), (30, 32.0), (31, 33.0))
    ),
)  # fmt: skip


def of(chart: Chart, name: str) -> list[Mapping[str, Any]]:
    return [row for row in chart.rows if row["series"] == name]


def test_a_period_goes_from_what_was_used_to_what_is_expected_by_its_end() -> None:
    chart = burn_up(STATE, COURSE, OUTLOOK)
    assert [row["y"] for row in of(chart, "used")] == [0.0, 30.0]
    assert [(row["label"], row["y"]) for row in of(chart, "expected")] == [
        ("29 Mar 12:00 UTC", 30.0), ("end of Sun 29 Mar", 31.0), ("end of Mon 30 Mar", 32.0),
        ("end of Tue 31 Mar", 33.0),
    ]  # fmt: skip
    assert [(row["low"], row["high"]) for row in of(chart, "95 of 100 cases")] == [
        (30.0, 30.0), (29.0, 33.0), (30.0, 34.0), (31.0, 35.0)
    ]  # fmt: skip
    assert {row["y"] for row in of(chart, "limit")} == {40.0}
    assert of(chart, "even pace")[-1]["y"] == 40.0
    assert chart.summary.startswith("$30.00 of $40.00 used. Not expected to be used up by 31 Mar")


def test_a_budget_in_total_has_no_pace_and_one_used_up_has_nothing_ahead() -> None:
    total = msgspec.structs.replace(COURSE, end=None)
    assert [series.name for series in burn_up(STATE, total, OUTLOOK).series][-1] == "limit"
    used_up = msgspec.structs.replace(OUTLOOK, exhausted=True)
    assert [series.name for series in burn_up(STATE, total, used_up).series] == ["used", "limit"]


def test_without_intervals_there_are_none_to_draw() -> None:
    days = tuple(Expected(each.day, Span(each.used.value, *(math.nan,) * 4)) for each in OUTLOOK.days)
    plain = msgspec.structs.replace(OUTLOOK, state="no intervals", days=days)
    chart = burn_up(STATE, COURSE, plain)
    assert (chart.form, burn_up(STATE, COURSE, OUTLOOK).form) == ("lines", "band")
    assert {row["series"] for row in chart.rows} == {"used", "expected", "limit", "even pace"}
    assert [series.name for series in chart.series] == ["used", "expected", "limit", "even pace"]


def test_a_forecast_shows_the_days_before_it_and_its_limits() -> None:
    monday = datetime(2026, 1, 5, 12, tzinfo=UTC)
    events = [
        Event(
            kind="llm_call", name="m", model="m", time=monday + timedelta(days=day), cost_usd=Decimal(2 + day % 3),
            cost_source="reported", input_tokens=1, output_tokens=0,
        )
        for day in range(60)
    ]  # fmt: skip
    now = monday + timedelta(days=60, hours=3)
    answer = reports.forecast(DuckDBEngine(connection_with(events)), Window(), zone="UTC", now=now, days=10)
    chart = forecast_chart(answer)
    assert (len(of(chart, "spent")), len(of(chart, "expected")), len(of(chart, "80 of 100 cases"))) == (45, 10, 10)
    assert of(chart, "expected")[0]["y"] == answer.days[0].expected.value
    assert of(chart, "95 of 100 cases")[-1]["low"] == answer.days[-1].expected.low_95
    assert "in 95." in chart.summary


def test_too_little_history_draws_nothing_and_says_so() -> None:
    answer = reports.forecast(DuckDBEngine(connection_with([])), Window(), zone="UTC", now=NOW)
    chart = forecast_chart(answer)
    assert chart.rows == ()
    assert chart.summary.startswith("Too little history")
