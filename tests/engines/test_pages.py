"""Pages: what comes after the last row of one page is what follows it where all are asked for at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from agentgauge.engines import Engine, Filter, Measure, Page, Query, TimeBucket
from agentgauge.errors import QueryError
from agentgauge.events import Event
from tests.engines.sample import sample

EVENTS = sample()
ORDERS: dict[str, tuple[str, ...]] = {
    "by key": (),
    "latest first": ("-last",),
    "dearest first": ("-cost_usd", "unpriced_calls"),
    "slowest first": ("-p50_duration_ms",),
    "fewest first, then worst": ("count", "-success_rate"),
}
MEASURES = (
    Measure("max", "time", name="last"),
    Measure("cost"),
    Measure("p50", "duration_ms"),
    Measure("count"),
    Measure("success_rate"),
)


@pytest.fixture(scope="module")
def engine(engine_of: Callable[[Sequence[Event]], Engine]) -> Engine:
    return engine_of(EVENTS)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("group", [("agent", "model"), ("attributes.k",), ("success",), ("work_item", "kind")], ids=str)
def test_pages_of_groups_make_the_whole(engine: Engine, group: tuple[str, ...], order: tuple[str, ...]) -> None:
    whole = engine.aggregate(Query(group=group, measures=MEASURES, order=order))
    names = [column.name for column in whole.columns]
    found: list[tuple[Any, ...]] = []
    after: tuple[Any, ...] | None = None
    while page := engine.aggregate(Query(group=group, measures=MEASURES, order=order, limit=3, after=after)).rows:
        found += page
        last = dict(zip(names, page[-1], strict=True))
        after = (*(last[term.removeprefix("-")] for term in order), *(last[key] for key in group))
    assert found == list(whole.rows)


@pytest.mark.parametrize("relation", ["events", "operations"])
@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_of_events_make_the_whole(engine: Engine, newest_first: bool, relation: Any) -> None:
    columns = ("time", "segment", "n", "kind")
    query = Query(relation=relation, filters=(Filter("kind", "!=", "mark"),))
    whole = sorted(
        engine.scan(query, columns), key=lambda row: (row[0], row[1] or "", row[2] or 0), reverse=newest_first
    )
    found: list[tuple[Any, ...]] = []
    after = None
    while page := list(_page(engine, query, columns, Page(newest_first, after))):
        found += page
        after = page[-1][:3]
    assert found == whole


def _page(engine: Engine, query: Query, columns: tuple[str, ...], page: Page) -> Any:
    from msgspec.structs import replace

    return engine.scan(replace(query, page=page), columns, 100)


def test_pages_are_of_columns_not_of_buckets_of_time() -> None:
    with pytest.raises(QueryError, match="not asked for page by page"):
        Query(group=(TimeBucket("day"),), after=(EVENTS[0].time,))


def test_a_page_begins_after_a_value_of_each_column_of_the_order() -> None:
    with pytest.raises(QueryError, match="a value of each of -last, agent, got 1"):
        Query(group=("agent",), measures=MEASURES, order=("-last",), after=("a",))


def test_events_of_one_time_are_told_apart_by_where_they_were_written(engine: Engine) -> None:
    moment = EVENTS[0].time
    window = Query(start=moment, end=moment + timedelta(microseconds=1), page=Page())
    rows = list(engine.scan(window, ("segment", "n")))
    assert rows == sorted(rows)
