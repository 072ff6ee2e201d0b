"""Relating metrics over units and over time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service import reports
from agentgauge.service.reports.correlate import Correlations
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def event(kind: str, *, hours: float = 0, **fields: Any) -> Event:
    return Event(kind=kind, time=NOON + timedelta(hours=hours), **fields)


def call(cost: str | None, **fields: Any) -> Event:
    money = {} if cost is None else {"cost_usd": Decimal(cost), "cost_source": "reported"}
    return event("llm_call", **{"model": "m1", **money, **fields})


def issues(count: int = 6) -> list[Event]:
    """Of each issue two calls and a task; the more it costs the better it gets and the less often it succeeds."""
    found = []
    for i in range(count):
        found += [call(f"{i}.5", issue=str(i), input_tokens=100 * i), call("0.5", issue=str(i), input_tokens=1)]
        outcome = "success" if i < count / 2 else "failure"
        found.append(event("task", name="turn", issue=str(i), outcome=outcome, quality_score=10.0 * i))
    return found


def ask(events: Iterable[Event], *metrics: str, **how: Any) -> Correlations:
    return reports.correlate(DuckDBEngine(connection_with(list(events))), Window(), metrics, **how)


def test_each_pair_of_metrics_is_related_over_units() -> None:
    found = ask(issues(), "cost", "quality", "success")
    assert (found.over, found.metrics) == ("issue", ("cost", "quality", "success"))
    assert [(pair.a, pair.b, pair.n, round(pair.rho, 2)) for pair in found.pairs] == [
        ("cost", "quality", 6, 1.0),
        ("cost", "success", 6, -0.88),
        ("quality", "success", 6, -0.88),
    ]


def test_units_where_one_of_them_is_not_known_are_left_out_and_counted() -> None:
    found = ask([*issues(), call(None, issue="0")], "cost", "tokens")
    assert (found.pairs[0].n, found.without) == (5, (1, 0))


def test_units_may_be_others_than_issues() -> None:
    events = [call(f"{i}", run=f"r{i}", input_tokens=i) for i in range(5)]
    found = ask(events, "cost", "tokens", unit="run")
    assert (found.over, found.pairs[0].n) == ("run", 5)


def test_issues_of_two_projects_are_two() -> None:
    events = [call(f"{i}", issue="1", project=f"p{i}", input_tokens=i) for i in range(5)]
    assert ask(events, "cost", "tokens").pairs[0].n == 5


def test_over_time_buckets_that_lie_whole_in_the_window_count_and_the_day_before_is_regarded() -> None:
    events = []
    for day in range(10):
        events += [
            call(f"{day}", hours=24 * day, input_tokens=100 * day),
            event("task", name="turn", hours=24 * day, outcome="success"),
        ]
    found = ask(events, "cost", "tokens", bucket="day", now=NOON + timedelta(days=9, hours=1))
    (pair,) = found.pairs
    assert (found.over, pair.n, pair.rho) == ("day", 8, pytest.approx(1))
    assert pair.effective_n < 5


@pytest.mark.parametrize(
    ("metrics", "how", "message"),
    [
        (("cost",), {}, "2 to 12"),
        (("cost", "cost"), {}, "2 to 12"),
        (("cost", "cost_per_success"), {}, "relate cost and success"),
        (("cost", "tokens"), {"unit": "run", "bucket": "day", "now": NOON}, "leave out"),
        (("cost", "recal"), {}, "'recal'"),
    ],
)
def test_what_cannot_be_asked_says_what_can(metrics: tuple[str, ...], how: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        ask(issues(), *metrics, **how)
