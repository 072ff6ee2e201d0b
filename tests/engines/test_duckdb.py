"""What holds for the DuckDB engine alone: cursors, threads and the session's settings."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agentgauge.engines import Filter, Measure, Query, TimeBucket
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from tests.engines.relation import connection_with
from tests.engines.sample import sample

DAYS = Query(group=(TimeBucket("day", "Asia/Kathmandu"), "kind"), measures=(Measure("count"), Measure("cost")))


def test_the_callers_session_zone_changes_no_answer_and_is_left_as_it_was() -> None:
    connection = connection_with(sample())
    answer = DuckDBEngine(connection).aggregate(DAYS)
    connection.execute("SET TimeZone = 'America/New_York'")
    assert DuckDBEngine(connection).aggregate(DAYS) == answer
    assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("America/New_York",)


def test_threads_share_an_engine() -> None:
    engine = DuckDBEngine(connection_with(sample()))
    expected, answers = engine.aggregate(DAYS), []
    threads = [threading.Thread(target=lambda: answers.append(engine.aggregate(DAYS))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 6


def test_money_is_exact_where_binary_floats_are_not() -> None:
    when = datetime(2025, 1, 1, tzinfo=UTC)
    costs = [Decimal("0.1")] * 10 + [Decimal("123456.000000000001")]
    events = [Event(kind="llm_call", model="m", time=when, cost_usd=cost, cost_source="reported") for cost in costs]
    query = Query(measures=(Measure("cost"), Measure("mean", "cost_usd"), Measure("max", "cost_usd")))
    (row,) = DuckDBEngine(connection_with(events)).aggregate(query).rows
    assert row == (Decimal("123457.000000000001"), 0, Decimal("11223.363636363636"), Decimal("123456.000000000001"))


def test_calls_of_which_none_is_priced_cost_none_and_not_zero() -> None:
    when = datetime(2025, 1, 1, tzinfo=UTC)
    events = [
        Event(kind="llm_call", model="unheard-of", time=when, cost_source="unpriced", input_tokens=5),
        Event(kind="tool_call", name="free", time=when),
    ]
    engine = DuckDBEngine(connection_with(events))
    assert engine.aggregate(Query(measures=(Measure("cost"), Measure("tokens")))).rows == ((None, 1, 5),)
    assert engine.aggregate(Query(measures=(Measure("cost", over="tool_call"),))).rows == ((Decimal(0), 0),)


def test_a_parent_that_repeats_its_childrens_usage_is_not_counted_again() -> None:
    """Such an event breaks the rules of its kind; one that is in a lake all the same changes no total."""
    when = datetime(2025, 1, 1, tzinfo=UTC)
    usage = {"input_tokens": 100, "output_tokens": 10, "cost_usd": Decimal(1), "cost_source": "reported"}
    events = [Event(kind="llm_call", model="m", time=when, **usage), Event(kind="task", name="t", time=when, **usage)]  # type: ignore[arg-type]
    fields = (Measure("sum", "input_tokens"), Measure("mean", "cost_usd"), Measure("summary", "output_tokens"))
    ((cost, _, tokens, total, mean, summary),) = (
        DuckDBEngine(connection_with(events))
        .aggregate(Query(measures=(Measure("cost"), Measure("tokens"), *fields)))
        .rows
    )
    assert (cost, tokens, total, mean, summary.count) == (1, 110, 100, 1, 1)


def test_attributes_that_are_no_numbers_do_not_count_as_such() -> None:
    when = datetime(2025, 1, 1, tzinfo=UTC)
    events = [
        Event(kind="mark", name="m", time=when, attributes={"k": value})
        for value in (1, "2", "NaN", "inf", "text", True, None, [3], {"a": 4})
    ]
    query = Query(measures=(Measure("sum", "attributes.k"), Measure("mean", "attributes.k")))
    assert DuckDBEngine(connection_with(events)).aggregate(query).rows == ((3.0, 1.5),)


def test_numbers_beyond_what_can_be_computed_with_are_a_query_error() -> None:
    when = datetime(2025, 1, 1, tzinfo=UTC)
    events = [Event(kind="measurement", name="m", time=when, value=value) for value in (1.7e308, -1.7e308)]
    with pytest.raises(QueryError, match=r"std_dev_value: .* too large"):
        DuckDBEngine(connection_with(events)).aggregate(Query(measures=(Measure("std_dev", "value"),)))


def test_a_scan_needs_columns_that_exist() -> None:
    engine = DuckDBEngine(connection_with([]))
    with pytest.raises(QueryError, match="at least one column"):
        engine.scan(Query(), [])
    with pytest.raises(QueryError, match="no column 'modle'"):
        engine.scan(Query(), ["modle"])


def test_times_at_both_ends_of_the_calendar_can_be_asked_for() -> None:
    engine = DuckDBEngine(connection_with(sample(20)))
    ends = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
    query = Query(start=ends[0], end=ends[1], filters=(Filter("time", "<=", ends[1]),), group=(TimeBucket("month"),))
    assert sum(row[1] for row in engine.aggregate(query).rows) == 20
