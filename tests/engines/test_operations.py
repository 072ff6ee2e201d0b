"""The relation `operations`: a task with what the calls inside it used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.errors import QueryError
from agentgauge.events import Event

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
EngineOf = Callable[[Sequence[Event]], Engine]


def task(name: str, span: str | None, minute: int = 10, **values: Any) -> Event:
    moment = NOON + timedelta(minutes=minute)
    return Event(kind="task", time=moment, name=name, span_id=span, outcome="success", duration_ms=10.0, **values)


def call(parent: str | None, usd: str | None = "0.5", model: str = "m", **values: Any) -> Event:
    return Event(
        kind="llm_call",
        time=NOON + timedelta(minutes=5),
        parent_id=parent,
        model=model,
        input_tokens=100,
        output_tokens=10,
        cost_usd=None if usd is None else Decimal(usd),
        cost_source="unpriced" if usd is None else "reported",
        **values,
    )


def read(engine: Engine, *columns: str, **asked: Any) -> dict[str, tuple[Any, ...]]:
    rows = engine.scan(Query(relation="operations", **asked), ("name", *columns))
    return {name: tuple(values) for name, *values in rows}


def test_calls_count_in_the_innermost_task_around_them(engine_of: EngineOf) -> None:
    inner = task("inner", "b", 8, parent_id="a")
    engine = engine_of([task("outer", "a"), inner, call("a"), call("b"), call("b", "0.25", "other")])
    assert read(engine, "cost_usd", "tokens", "model") == {
        "inner": (Decimal("0.75"), 220, "m + other"),
        "outer": (Decimal("0.5"), 110, "m"),
    }


def test_a_call_inside_a_tool_call_counts_in_the_task_around_both(engine_of: EngineOf) -> None:
    tool = Event(kind="tool_call", time=NOON, name="search", span_id="t", parent_id="a", cost_usd=Decimal("0.01"))
    engine = engine_of([task("outer", "a"), tool, call("t")])
    assert read(engine, "cost_usd") == {"outer": (Decimal("0.51"),)}


def test_a_call_inside_steps_counts_in_the_task_around_them(engine_of: EngineOf) -> None:
    outer = Event(kind="step", time=NOON, name="plan", span_id="s", parent_id="a")
    inner = Event(kind="step", time=NOON, name="POST", span_id="p", parent_id="s")
    engine = engine_of([task("outer", "a"), outer, inner, call("p"), call("a")])
    assert read(engine, "cost_usd", "tokens") == {"outer": (Decimal("1.0"), 220)}


def test_the_cost_of_an_operation_with_an_unpriced_call_is_unknown(engine_of: EngineOf) -> None:
    engine = engine_of([task("outer", "a"), call("a"), call("a", None)])
    assert read(engine, "cost_usd", "cost_source", "tokens") == {"outer": (None, "unpriced", 220)}


def test_an_operation_without_calls_has_neither_tokens_nor_cost(engine_of: EngineOf) -> None:
    engine = engine_of([task("alone", None), task("empty", "a"), call(None)])
    assert read(engine, "cost_usd", "tokens") == {"alone": (None, None), "empty": (None, None)}


def test_usage_counts_once_where_two_tasks_state_one_span(engine_of: EngineOf) -> None:
    engine = engine_of([task("first", "a", 9), task("second", "a", 10), call("a")])
    assert read(engine, "tokens") == {"first": (None,), "second": (110,)}


def test_calls_that_name_each_other_as_parents_are_no_endless_loop(engine_of: EngineOf) -> None:
    engine = engine_of([task("outer", "a"), call("a", span_id="b"), call("b", span_id="a"), call("b", span_id="b")])
    assert read(engine, "tokens") == {"outer": (330,)}


def test_a_window_is_of_the_tasks_and_takes_their_earlier_calls_along(engine_of: EngineOf) -> None:
    engine = engine_of([task("outer", "a", 10), task("before", "b", 2), call("a"), call("b")])
    start = NOON + timedelta(minutes=7)
    assert read(engine, "tokens", start=start) == {"outer": (110,)}
    one = Query(relation="operations", start=start, measures=(Measure("cost"), Measure("p50", "tokens")))
    assert engine.aggregate(one).rows == ((Decimal("0.5"), 0, 110.0),)


@pytest.mark.parametrize("duration_ms", [1e15, 1e18, 1e308])
def test_a_task_that_says_it_took_longer_than_calendars_go_hides_no_other(
    duration_ms: float, engine_of: EngineOf
) -> None:
    endless = Event(kind="task", time=NOON, name="endless", duration_ms=duration_ms)
    engine = engine_of([endless, task("work", "a"), call("a")])
    found = read(engine, "tokens", start=NOON - timedelta(hours=1))
    assert found == {"endless": (None,), "work": (110,)}


def test_filters_and_groups_are_of_the_operation_as_a_whole(engine_of: EngineOf) -> None:
    engine = engine_of([task("outer", "a", agent="x"), task("other", "b", agent="y"), call("a"), call("b", None)])
    query = Query(
        relation="operations", group=("agent",), filters=(Filter("model", "=", "m"),), measures=(Measure("cost"),)
    )
    assert engine.aggregate(query).rows == (("x", Decimal("0.5"), 0), ("y", None, 1))


def test_operations_are_not_asked_of_one_kind_of_event() -> None:
    with pytest.raises(QueryError, match="leave `over` out"):
        Query(relation="operations", measures=(Measure("count", over="llm_call"),))


def test_a_condition_on_the_project_holds_of_the_calls_inside_too(engine_of: EngineOf) -> None:
    events = [
        task("ours", "a", project="one"),
        call("a", "0.5", project="one"),
        call("a", "8", "secret", project="two"),
        task("theirs", "b", project="two", parent_id="a"),
        Event(kind="tool_call", time=NOON, name="search", span_id="t", parent_id="a", project="two"),
        call("t", "16", project="one"),
    ]
    engine = engine_of(events)
    for condition in (Filter("project", "=", "one"), Filter("project", "in", ("one", "three"))):
        assert read(engine, "cost_usd", "model", filters=(condition,)) == {"ours": (Decimal("0.5"), "m")}
    assert read(engine, "cost_usd")["ours"] == (Decimal("24.5"),)


def test_a_span_of_another_project_hides_none_of_ours(engine_of: EngineOf) -> None:
    """Span ids are the senders' to choose: another project's later task of the same id takes nothing away."""
    engine = engine_of(
        [task("ours", "a", project="one"), call("a", project="one"), task("theirs", "a", 50, project="two")]
    )
    assert read(engine, "cost_usd", filters=(Filter("project", "=", "one"),)) == {"ours": (Decimal("0.5"),)}


@pytest.mark.parametrize("relation", ["spans", "components"])
def test_other_relations_are_made_of_the_events_of_the_project_alone(relation: Any, engine_of: EngineOf) -> None:
    def timing(project: str, component: str) -> Event:
        return Event(
            kind="measurement", time=NOON, name="component_time", value=5.0, unit="ms", parent_id="a", project=project,
            attributes={"component": component},
        )  # fmt: skip

    engine = engine_of(
        [
            task("ours", "a", project="one"),
            call("a", project="one"),
            call("a", model="secret", project="two"),
            timing("one", "retrieval"),
            timing("two", "secret"),
        ]
    )
    asked = Query(relation=relation, filters=(Filter("project", "=", "one"),))
    rows = list(engine.scan(asked, ("project", "name", "model", "attributes.component")))
    assert rows
    assert {row[0] for row in rows} == {"one"}
    assert "secret" not in str(rows)


@pytest.mark.parametrize("column", ["span_id", "parent_id", "segment", "kind"])
def test_a_condition_on_any_column_of_the_task_chooses_operations(column: str, engine_of: EngineOf) -> None:
    engine = engine_of([task("outer", "a", parent_id="z"), task("other", None), call("a")])
    (value,) = read(engine, column)["outer"]
    named = (Filter("name", "=", "outer"), Filter(column, "=", value))
    assert read(engine, "cost_usd", filters=named) == {"outer": (Decimal("0.5"),)}
