"""A question that cannot be asked says which words can."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from agentgauge.engines import Filter, Measure, Query, TimeBucket
from agentgauge.errors import QueryError

NAIVE = datetime(2025, 1, 1)  # noqa: DTZ001
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "unknown column": (lambda: Filter("modle", "=", "x"), "no column 'modle'; there are .*model.*attributes.<key>"),
    "unknown operator": (lambda: Filter("model", "==", "x"), "no operator '=='; there are =, !=, in"),  # type: ignore[arg-type]
    "text for a number": (lambda: Filter("input_tokens", ">", "5"), "int, got str '5'"),
    "float for money": (lambda: Filter("cost_usd", ">", 0.1), "Decimal or int, got float"),
    "finer than money": (lambda: Filter("cost_usd", "=", Decimal("1e-13")), "12 decimal places"),
    "bool for a number": (lambda: Filter("duration_ms", ">", True), "int or float, got bool"),
    "number for a flag": (lambda: Filter("success", "=", 1), "bool, got int"),
    "naive operand": (lambda: Filter("time", ">", NAIVE), "no time zone"),
    "infinite operand": (lambda: Filter("duration_ms", "<", math.inf), "finite"),
    "huge operand": (lambda: Filter("input_tokens", "<", 2**63), "64-bit"),
    "lone surrogate": (lambda: Filter("name", "=", "\ud800"), "UTF-8"),
    "one value for a list": (lambda: Filter("model", "in", "x"), "tuple of at least one value"),
    "empty list": (lambda: Filter("model", "not in", ()), "tuple of at least one value"),
    "list for one value": (lambda: Filter("model", "=", ("x",)), "takes one value"),
    "equal to nothing": (lambda: Filter("model", "=", None), "use 'is null'"),
    "value for null": (lambda: Filter("model", "is null", "x"), "takes no value"),
    "pattern on a number": (lambda: Filter("input_tokens", "like", 5), "compares text"),
    "dangling escape": (lambda: Filter("name", "like", "x\\"), "backslash"),
    "whole attributes": (lambda: Filter("attributes", "=", "{}"), "use attributes.<key>"),
    "order of flags": (lambda: Filter("success", "<", True), "use = or !="),
    "unknown statistic": (
        lambda: Measure("median", "duration_ms"),
        "no statistic 'median'; there are count.*p1 to p99.9",
    ),
    "percentile 0": (lambda: Measure("p0", "duration_ms"), "no statistic"),
    "percentile 100": (lambda: Measure("p100", "duration_ms"), "no statistic"),
    "unknown events": (lambda: Measure("count", over="calls"), "use one of all, tasks, usage, llm_call"),
    "field for a count": (lambda: Measure("count", "model"), "takes no field"),
    "no field": (lambda: Measure("mean"), "use one of .*duration_ms"),
    "mean of text": (lambda: Measure("mean", "model"), "not a number"),
    "sum of times": (lambda: Measure("sum", "time"), "not a number"),
    "sum of money": (lambda: Measure("sum", "cost_usd"), "measure 'cost'"),
    "tokens of tasks": (lambda: Measure("tokens", over="tasks"), "tasks events carry no tokens"),
    "tokens of tools": (lambda: Measure("sum", "input_tokens", over="tool_call"), "carry no input_tokens"),
    "unknown width": (lambda: TimeBucket("fortnight"), "use one of 15min, hour, day, week, month"),  # type: ignore[arg-type]
    "group by time": (lambda: Query(group=("time",)), "TimeBucket"),
    "group by attributes": (lambda: Query(group=("attributes",)), "attributes.<key>"),
    "naive start": (lambda: Query(start=NAIVE), "start .* no time zone"),
    "backwards": (lambda: Query(start=NOON, end=NOON.replace(hour=11)), "is after end"),
    "nothing asked": (lambda: Query(measures=()), "group key or a measure"),
    "same name twice": (
        lambda: Query(measures=(Measure("count"), Measure("count", over="tasks", name="count"))),
        "count",
    ),
    "unknown order": (lambda: Query(order=("-cost",)), "use one of count"),
    "order by summary": (
        lambda: Query(measures=(Measure("count"), Measure("summary", "value")), order=("summary_value",)),
        "use one of count,",
    ),
    "limit 0": (lambda: Query(limit=0), "at least 1"),
    "filled and cut": (lambda: Query(group=(TimeBucket("day", fill=True),), limit=3), "leave out order and limit"),
    "filled twice": (
        lambda: Query(group=(TimeBucket("day", fill=True), TimeBucket("hour", fill=True))),
        "only one time bucket",
    ),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_asked_is_refused_with_what_can(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        make()


@pytest.mark.parametrize(
    ("measure", "names"),
    [
        (Measure("count"), ["count"]),
        (Measure("count", over="tasks"), ["count_tasks"]),
        (Measure("cost"), ["cost_usd", "unpriced_calls"]),
        (Measure("cost", over="tool_call"), ["cost_usd_tool_call", "unpriced_calls_tool_call"]),
        (Measure("cost", name="spent"), ["spent", "spent_unpriced_calls"]),
        (Measure("p95", "duration_ms"), ["p95_duration_ms"]),
        (Measure("mean", "attributes.score", over="task"), ["mean_attributes.score_task"]),
        (Measure("sum", "output_tokens", name="written"), ["written"]),
    ],
)
def test_columns_are_named_for_what_they_measure(measure: Measure, names: list[str]) -> None:
    assert [column.name for column in measure.columns] == names


@pytest.mark.parametrize(
    ("measure", "type_", "unit"),
    [
        (Measure("success_rate"), "real", "1"),
        (Measure("sum", "input_tokens"), "whole", "token"),
        (Measure("mean", "input_tokens"), "real", "token"),
        (Measure("max", "cost_usd"), "money", "USD"),
        (Measure("p50", "cost_usd"), "money", "USD"),
        (Measure("p50", "quality_score"), "real", "0-100"),
        (Measure("max", "time"), "time", ""),
        (Measure("summary", "duration_ms"), "summary", "ms"),
    ],
)
def test_columns_state_type_and_unit(measure: Measure, type_: str, unit: str) -> None:
    (column,) = measure.columns
    assert (column.type, column.unit) == (type_, unit)


def test_queries_are_values() -> None:
    query = Query(group=("model", TimeBucket("day", "Europe/Berlin")), filters=(Filter("agent", "=", "a"),))
    assert query == msgspec.structs.replace(query)
    assert hash(query) == hash(msgspec.structs.replace(query))
    assert query != msgspec.structs.replace(query, limit=1)
