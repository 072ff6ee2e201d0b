"""Aggregations as they are kept."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agentgauge.errors import StateError
from agentgauge.state.aggregations import Aggregation, AggregationBook
from agentgauge.state.store import Store

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def row(start: datetime = MONDAY, metric: str = "cost", **more: object) -> Aggregation:
    figures = {"mean": 1.5, "median": 1.25, "p99": 9.0, "total": Decimal("3.000000000001"), "count": 2}
    return Aggregation(
        granularity="day", start=start, end=start + DAY, metric=metric, computed=MONDAY + 2 * DAY, **{**figures, **more}
    )  # type: ignore[arg-type] - figures of any


def test_rows_come_back_exactly(store: Store) -> None:
    book = AggregationBook(store)
    assert book.rows("day") == ()
    rows = (
        row(),
        row(agent="coder", std_dev=0.5, minimum=-1.0),
        row(project="shop", role="dev", operation_type="plan"),
    )
    assert book.replace("day", MONDAY, rows) == 3
    assert set(book.rows("day")) == set(rows)


def test_computing_a_period_again_replaces_it_and_no_other(store: Store) -> None:
    book = AggregationBook(store)
    book.replace("day", MONDAY, [row(), row(agent="gone")])
    book.replace("day", MONDAY + DAY, [row(MONDAY + DAY)])
    book.replace("day", MONDAY, [row(count=5)])
    assert [(found.start, found.agent, found.count) for found in book.rows("day")] == [
        (MONDAY, None, 5), (MONDAY + DAY, None, 2),
    ]  # fmt: skip
    assert store.changes("aggregations") == (3,)


def test_a_period_that_cannot_be_kept_whole_stays_as_it_was(store: Store) -> None:
    book = AggregationBook(store)
    book.replace("day", MONDAY, [row()])
    with pytest.raises(StateError):
        book.replace("day", MONDAY, [row(count=7), row(count=8)])
    assert [found.count for found in book.rows("day")] == [2]


def test_what_is_no_number_is_none(store: Store) -> None:
    book = AggregationBook(store)
    book.replace("day", MONDAY, [row(mean=math.nan, count=0, total=None)])
    (found,) = book.rows("day")
    assert (found.mean, found.total) == (None, None)


def test_rows_are_found_by_what_they_are_of_page_by_page(store: Store) -> None:
    book = AggregationBook(store)
    for number in range(4):
        start = MONDAY + number * DAY
        rows = [row(start), row(start, agent="coder"), row(start, project="shop"), row(start, metric="tokens")]
        book.replace("day", start, rows)
    assert len(book.rows("day", MONDAY + DAY, MONDAY + 3 * DAY)) == 8
    assert {found.agent for found in book.rows("day", agent="coder")} == {"coder"}
    assert len(book.rows("day", agent="", project="", metric="cost")) == 4
    assert {found.project for found in book.rows("day", projects={"shop"})} == {"shop"}
    assert book.rows("week") == ()
    everything, pages = book.rows("day"), []
    while page := book.rows("day", limit=5, after=pages[-1] if pages else None):
        pages += page
    assert tuple(pages) == everything
    assert len(everything) == 16
