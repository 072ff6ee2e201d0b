"""What stands out, over tasks whose answers can be counted by hand."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from scipy.stats import linregress

from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import Event
from agentgauge.service import reports
from agentgauge.service.reports.insights import Insights
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def task(agent: str | None, took_ms: float | None, *, hours: float = 0, **fields: Any) -> Event:
    own = {"name": "turn", "outcome": "success", **fields}
    return Event(kind="task", time=NOON + timedelta(hours=hours), agent=agent, duration_ms=took_ms, **own)


def call(agent: str | None, cost: str | None, **fields: Any) -> Event:
    return Event(
        kind="llm_call",
        model="m",
        time=fields.pop("time", NOON),
        agent=agent,
        cost_usd=None if cost is None else Decimal(cost),
        cost_source="unpriced" if cost is None else "reported",
        **fields,
    )


def ask(*events: Event, zone: str = "UTC") -> Insights:
    return reports.insights(DuckDBEngine(connection_with(events)), Window(), zone)


def test_the_fastest_agent_of_each_operation_is_by_its_mean() -> None:
    events = [task("a", took, operation="review") for took in (100, 100, 100, 100, 600)]
    events += [task("b", 150, operation="review") for _ in range(5)]
    events += [task("a", 10, name="plan") for _ in range(5)]
    fastest = ask(*events).fastest_agents_by_operation
    assert {operation: (row.agent, row.avg_time_ms, row.agents) for operation, row in fastest.items()} == {
        "plan": ("a", 10.0, 1),
        "review": ("b", 150.0, 2),
    }


def test_tasks_of_one_operation_count_together_whatever_they_are_called() -> None:
    events = [task("a", 100.0 * n, operation="review", name=f"file {n}") for n in range(1, 6)]
    row = ask(*events).fastest_agents_by_operation["review"]
    assert (row.avg_time_ms, row.samples) == (300.0, 5)


def test_few_samples_are_marked_and_never_win_over_many() -> None:
    events = [task("lucky", 1), *(task("steady", 100) for _ in range(5))]
    row = ask(*events).fastest_agents_by_operation["turn"]
    assert (row.agent, row.few_samples) == ("steady", False)
    alone = ask(task("lucky", 1)).fastest_agents_by_operation["turn"]
    assert (alone.agent, alone.few_samples, alone.samples) == ("lucky", True, 1)


def test_cost_efficiency_is_of_all_calls_in_tasks_or_not() -> None:
    events = [task(agent, 1) for agent in ("a", "b") for _ in range(5)]
    events += [call("a", "0.05"), call("b", "0.01"), call("b", "0.01", parent_id="x"), task("idle", 1)]
    cheap, dear, idle = ask(*events).most_cost_efficient
    assert (cheap.agent, cheap.cost_per_task_usd) == ("b", Decimal("0.004"))
    assert (dear.agent, dear.cost_per_task_usd) == ("a", Decimal("0.01"))
    assert (idle.agent, idle.cost_per_task_usd, idle.few_samples) == ("idle", None, True)


def test_an_agent_whose_calls_are_unpriced_is_not_the_cheapest() -> None:
    events = [task(agent, 1) for agent in ("a", "b") for _ in range(5)]
    first, last = ask(*events, call("a", None), call("b", "3")).most_cost_efficient
    assert first.agent == "b"
    assert (last.agent, last.cost_per_task_usd, last.unpriced_calls) == ("a", None, 1)


def test_the_highest_quality_is_of_tasks_with_a_score() -> None:
    events = [task("a", 1, quality_score=score) for score in (90.0, 80.0, 85.0, 85.0, 85.0)]
    events += [task("a", 1), task("perfect", 1, quality_score=100.0), task("unscored", 1)]
    first, second = ask(*events).highest_quality
    assert (first.agent, first.avg_quality_score, first.samples) == ("a", 85.0, 5)
    assert (second.agent, second.few_samples) == ("perfect", True)


def test_hours_are_those_of_the_zone_over_all_days() -> None:
    """14:00 and 10:00 UTC are 15:00 and 11:00 in Berlin; after the clocks change, on the 29th, an hour later."""
    events = [task("a", 200, hours=2 + 24 * day) for day in range(6)]
    events += [task("a", 300, hours=-2 + 24 * day) for day in range(6)]
    rows = [(row.hour, row.avg_time_ms, row.operations) for row in ask(*events).peak_performance_hours]
    assert rows == [(14, 200.0, 6), (10, 300.0, 6)]
    assert [row.hour for row in ask(*events, zone="Europe/Berlin").peak_performance_hours] == [15, 11]
    later = [task("a", 200, hours=2 + 24 * (27 + day)) for day in range(6)]
    assert [row.hour for row in ask(*later, zone="Europe/Berlin").peak_performance_hours] == [16]


def _daily(days: int, slope: float, operation: str = "testing", seed: int = 1, **more: Any) -> list[Event]:
    rng = random.Random(seed)
    return [
        task("a", 1000 + slope * day + rng.gauss(0, 10), hours=24 * day + n, operation=operation, **more)
        for day in range(days)
        for n in range(5)
    ]


def test_a_degrading_operation_has_the_line_that_scipy_draws() -> None:
    events = _daily(20, 5.67)
    (row,) = ask(*events, *_daily(20, 0, "steady", seed=2)).degrading_operations
    assert (row.operation_type, row.trend.metric, row.trend.trend) == ("testing", "execution_time", "degrading")
    means = [np.mean([event.duration_ms for event in events[5 * day : 5 * day + 5]]) for day in range(20)]  # type: ignore[misc]
    line = linregress(range(20), means)
    assert row.trend.slope == pytest.approx(line.slope, rel=1e-9)
    assert row.trend.r_squared == pytest.approx(line.rvalue**2, rel=1e-9)
    assert row.trend.p_value == pytest.approx(line.pvalue, rel=1e-6)
    assert (row.trend.data_points, row.trend.samples) == (20, 100)


def test_an_operation_that_improves_is_none() -> None:
    assert ask(*_daily(20, -5)).degrading_operations == ()


def test_six_days_are_too_few() -> None:
    """Seven are tried, and twice as many tell: of seven values the rank trend says little."""
    few, enough = ask(*_daily(6, 50)), ask(*_daily(7, 50))
    assert (few.degrading_operations, few.trends_tried) == ((), 0)
    assert enough.trends_tried == 1
    assert len(ask(*_daily(14, 50)).degrading_operations) == 1


def test_success_and_quality_that_fall_and_cost_that_rises_are_degrading_too() -> None:
    events = []
    for day in range(20):
        for n in range(10):
            won = "success" if n >= day // 3 else "failure"
            fields = {"quality_score": 95.0 - day + n / 10, "span_id": f"{day}-{n}"}
            events.append(task("a", None, hours=24 * day + n, outcome=won, **fields))
            cost = f"{0.1 + 0.01 * day:.3f}"
            events.append(call("a", cost, parent_id=f"{day}-{n}", time=NOON + timedelta(days=day)))
    trends = {row.trend.metric: row.trend.slope for row in ask(*events).degrading_operations}
    assert trends["quality_score"] == pytest.approx(-1)
    assert trends["cost"] == pytest.approx(0.01)
    assert trends["success_rate"] < 0


def test_trends_that_are_tried_in_number_are_found_in_noise_as_rarely_as_one() -> None:
    """20 steady operations at 5 %: unadjusted 2 of 3 homes would have an alarm; of 6 homes 3 are one chance in 500."""
    alarmed = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        events = [
            task("a", float(rng.normal(1000, 50)), hours=24 * day, operation=f"op{number}")
            for number in range(20)
            for day in range(8)
        ]
        alarmed += bool(ask(*events).degrading_operations)
    assert alarmed <= 2


def test_days_that_resemble_the_day_before_are_no_trend() -> None:
    """20 operations, each in a home of its own, that wander about a level (phi 0.7): the straight line finds a third
    of them to get worse or better, where the rank trend is to be wrong in 1 of 20."""
    alarmed = by_line = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        level, events = 0.0, []
        for day in range(30):
            level = 0.7 * level + float(rng.normal(0, 50))
            events.append(task("a", 1000 + level, hours=24 * day))
        alarmed += bool(ask(*events).degrading_operations)
        by_line += linregress(range(30), [event.duration_ms or 0 for event in events]).pvalue < 0.05
    assert by_line >= 4
    assert alarmed <= 2


def test_of_nothing_nothing_stands_out() -> None:
    answer = ask()
    assert (answer.fastest_agents_by_operation, answer.peak_performance_hours, answer.trends_tried) == ({}, (), 0)
