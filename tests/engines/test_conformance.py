"""Every engine gives the answers of a plain fold over the same events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.events import Event
from agentgauge.summaries import Summary
from tests.engines import fold
from tests.engines.sample import FIRST, LAST, TEXTS, sample

EVENTS = sample()
MIDDLE = FIRST + timedelta(days=2)

MEASURES = (
    *(Measure(statistic) for statistic in ("count", "successes", "failures", "success_rate", "tokens", "cost")),
    *(Measure("count", over=over) for over in ("tasks", "usage", "tool_call")),
    *(Measure(statistic, over="tasks") for statistic in ("success_rate", "last_success")),
    *(Measure("began", over=over) for over in ("all", "llm_call")),
    Measure("cost", over="tool_call"),
    *(
        Measure(s, "duration_ms")
        for s in ("values", "sum", "mean", "min", "max", "std_dev", "p50", "p90", "p95", "p99.9")
    ),
    *(Measure(s, "input_tokens") for s in ("sum", "mean", "min", "max", "std_dev", "p50", "p99")),
    *(Measure(s, "cost_usd") for s in ("mean", "min", "max", "std_dev", "p50", "p99")),
    *(Measure(s, "attributes.k") for s in ("values", "sum", "mean", "max", "p50", "distinct")),
    *(Measure(s, "time") for s in ("min", "max")),
    *(Measure("p50", "duration_ms", over=over) for over in ("tasks", "llm_call")),
    Measure("distinct", "agent"),
    Measure("distinct", "work_item", over="tasks"),
    Measure("sum", "value"),
    *(Measure("histogram", field) for field in ("duration_ms", "cost_usd", "value")),
    *(Measure("summary", field) for field in ("duration_ms", "cost_usd", "value", "attributes.k")),
)


@pytest.fixture(scope="module")
def engine(engine_of: Callable[[Sequence[Event]], Engine]) -> Engine:
    return engine_of(EVENTS)


def assert_value(got: Any, expected: Any) -> None:
    if expected is None or isinstance(expected, Summary):
        assert (got is None) == (expected is None)
        if isinstance(expected, Summary):
            assert_summary(got, expected)
    elif isinstance(got, Decimal) and not isinstance(expected, Decimal):
        assert float(got) == pytest.approx(float(expected), rel=1e-9, abs=1e-11)  # rounded to money's 12 places
    elif isinstance(got, float):
        assert got == pytest.approx(float(expected), rel=1e-9, abs=1e-9)
    else:
        assert (type(got), got) == (type(expected), expected)


def assert_summary(got: Summary, expected: Summary) -> None:
    exact = ("count", "failures", "min", "max", "histogram")
    assert [getattr(got, name) for name in exact] == [getattr(expected, name) for name in exact]
    assert got.sum == pytest.approx(expected.sum, rel=1e-12, abs=1e-9)
    assert got.m2 == pytest.approx(expected.m2, rel=1e-9, abs=1e-9)


def check(engine: Engine, query: Query) -> None:
    """The engine's groups are the fold's, each value of the type of its column, money to the last digit."""
    answer = engine.aggregate(query)
    width = len(query.group)
    got = {fold.utc(row[:width]): row[width:] for row in answer.rows}
    expected = fold.answer(query, EVENTS)
    assert len(got) == len(answer.rows)
    assert got.keys() == expected.keys()
    for key, values in expected.items():
        assert len(got[key]) == len(values) == len(answer.columns) - width
        for column, value, wanted in zip(answer.columns[width:], got[key], values, strict=True):
            try:
                assert_value(value, wanted)
            except AssertionError as error:
                raise AssertionError(f"{column.name} of {key}: {error}") from error


GROUPS: dict[str, tuple[str | TimeBucket, ...]] = {
    "all": (),
    "kind": ("kind",),
    "agent and model": ("agent", "model"),
    "work item": ("work_item",),
    "success": ("success",),
    "attribute": ("attributes.k",),
    "odd attributes": ("attributes.a.b", "attributes.a/b~c", "attributes.missing"),
    "day and kind": (TimeBucket("day", "Europe/Berlin"), "kind"),
}


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_every_measure_of_every_group_is_the_folds(engine: Engine, group: tuple[str | TimeBucket, ...]) -> None:
    check(engine, Query(group=group, measures=MEASURES))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham"])
@pytest.mark.parametrize("width", ["15min", "hour", "day", "week", "month"])
def test_buckets_are_those_of_the_zones_clocks(engine: Engine, width: Any, zone: str) -> None:
    check(engine, Query(group=(TimeBucket(width, zone),), measures=(Measure("count"), Measure("cost"))))


FILTERS = (
    *(Filter("agent", op, text) for op in ("=", "!=") for text in TEXTS if text is not None),
    Filter("agent", "in", ("a", "O'Brien")),
    Filter("agent", "not in", ("a", "O'Brien")),
    Filter("agent", "<", "b"),
    Filter("model", "is null"),
    Filter("model", "is not null"),
    *(Filter("agent", "like", pattern) for pattern in ("%", "_", "%'%", r"100\%", r"x\_y", r"back\\%", "x_y", "A%")),
    *(Filter("agent", "not like", pattern) for pattern in ("%a%", r"%\%")),
    *(Filter("agent", "glob", pattern) for pattern in ("*", "?", "100%", "x_?", "back\\*", "*ï*")),
    Filter("agent", "not glob", "b*"),
    *(Filter("input_tokens", op, 500_000) for op in ("=", "!=", "<", "<=", ">", ">=")),
    Filter("duration_ms", ">=", 0.1),
    Filter("duration_ms", "=", 0),
    Filter("value", "<", -1.5),
    Filter("cost_usd", "=", Decimal("0.1")),
    Filter("cost_usd", "!=", Decimal("0.100000000000")),
    Filter("cost_usd", "in", (Decimal("0.1"), 3)),
    Filter("cost_usd", ">", Decimal("0.100000000001")),
    Filter("success", "=", True),
    Filter("success", "!=", True),
    Filter("time", ">=", MIDDLE),
    Filter("arrived", "is null"),
    *(Filter("attributes.k", op, value) for op in ("=", "!=") for value in (1, 2.5, "text", "7", 7, True, False)),
    *(Filter("attributes.k", op, 2) for op in ("<", "<=", ">", ">=")),
    Filter("attributes.k", "in", ("text", 1, True)),
    Filter("attributes.k", "not in", ("text", 1, True)),
    Filter("attributes.k", "is null"),
    Filter("attributes.k", "like", "te%"),
    Filter("attributes.a.b", "=", "dotted"),
    Filter("attributes.a/b~c", "=", "odd"),
)


@pytest.mark.parametrize("condition", FILTERS, ids=lambda f: f"{f.field} {f.op} {f.value!r}")
def test_every_filter_selects_what_the_fold_selects(engine: Engine, condition: Filter) -> None:
    check(engine, Query(filters=(condition,), group=("kind",), measures=(Measure("count"), Measure("cost"))))


def test_filters_are_joined_by_and(engine: Engine) -> None:
    filters = (Filter("kind", "in", ("llm_call", "task")), Filter("agent", "!=", "a"), Filter("success", "=", True))
    check(engine, Query(filters=filters, measures=MEASURES))


def test_a_window_holds_its_start_and_not_its_end(engine: Engine) -> None:
    moments = sorted(event.time for event in EVENTS)
    for start, end in [(moments[3], moments[9]), (None, moments[9]), (moments[3], None), (moments[5], moments[5])]:
        check(engine, Query(start=start, end=end, measures=MEASURES))


def test_no_events_give_one_row_of_zeros_and_nones(engine: Engine) -> None:
    check(engine, Query(start=LAST + timedelta(days=9), measures=MEASURES))
    check(engine, Query(start=LAST + timedelta(days=9), group=("kind",), measures=MEASURES))
    check(engine, Query(start=LAST + timedelta(days=9), group=(TimeBucket("day"),), measures=MEASURES))


@pytest.mark.parametrize("term", ["-count", "cost_usd", "-p50_duration_ms", "mean_cost_usd", "-success_rate", "agent"])
def test_rows_come_in_the_order_asked_for_with_none_last_and_ties_by_key(engine: Engine, term: str) -> None:
    measures = (
        *(Measure(s) for s in ("count", "cost", "success_rate")),
        Measure("p50", "duration_ms"),
        Measure("p90", "duration_ms"),
        Measure("mean", "cost_usd"),
    )
    query = Query(group=("agent", "kind"), measures=measures, order=(term,))
    records = engine.aggregate(query).records()
    by_key = sorted(records, key=lambda r: tuple((v is None, v or "") for v in (r["agent"], r["kind"])))
    name = term.removeprefix("-")
    known = sorted((r for r in by_key if r[name] is not None), key=lambda r: r[name], reverse=term != name)
    assert records == known + [r for r in by_key if r[name] is None]
    assert engine.aggregate(msgspec.structs.replace(query, limit=3)).records() == records[:3]


def test_a_scan_gives_the_selected_events_in_order_of_time(engine: Engine) -> None:
    query = Query(filters=(Filter("kind", "=", "llm_call"),), start=MIDDLE)
    names = ["time", "agent", "cost_usd", "input_tokens", "duration_ms", "success", "attributes", "work_item"]
    expected = [event for event in EVENTS if fold.selected(query, event)]
    expected.sort(key=lambda event: event.time)
    rows = list(engine.scan(query, names))
    assert rows == [tuple(fold.value_of(event, name) for name in names) for event in expected]
    assert list(engine.scan(query, names, limit=5)) == rows[:5]


def test_a_scan_is_not_disturbed_by_other_questions(engine: Engine) -> None:
    first = engine.scan(Query(), ["id"])
    second = engine.scan(Query(), ["id"])
    interleaved = [(next(first), next(second)) for _ in range(50)]
    assert engine.aggregate(Query()).rows == ((len(EVENTS),),)
    interleaved += list(zip(first, second, strict=True))
    assert all(a == b for a, b in interleaved)
    assert sorted(a for (a,), _ in interleaved) == list(range(1, len(EVENTS) + 1))
