"""An event with a source id lands once; a repeat with other usage corrects it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import agentgauge
from agentgauge.events import Event
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from tests.lake.reading import one, rows

WHEN = datetime(2026, 3, 5, 12, tzinfo=UTC)


def call(source_id: str, output_tokens: int = 10, **more: object) -> Event:
    return Event(
        kind="llm_call",
        time=WHEN,
        model="claude-sonnet-4-5",
        provider="anthropic",
        outcome="success",
        input_tokens=100,
        output_tokens=output_tokens,
        source_id=source_id,
        **more,  # type: ignore[arg-type]
    )


def test_a_repeated_source_id_counts_once_in_the_tail_and_in_the_lake(lake: Lake, gauge: agentgauge.Gauge) -> None:
    for _ in range(3):
        gauge.record(call("a"))
    assert one(lake, "SELECT count(*) FROM events") == 1
    lake.compact()
    gauge.record(call("a"))
    assert one(lake, "SELECT count(*) FROM events") == 1
    lake.compact()
    assert one(lake, "SELECT count(*) FROM events") == 1


def test_the_last_usage_of_a_source_id_wins(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(call("a", 10))
    gauge.record(call("b", 10))
    lake.compact()
    gauge.record(call("a", 25))
    expected = [("a", 25), ("b", 10)]
    assert rows(lake, "SELECT source_id, output_tokens FROM events ORDER BY 1") == expected
    lake.compact()
    assert rows(lake, "SELECT source_id, output_tokens FROM events ORDER BY 1") == expected
    assert one(lake, "SELECT sum(cost_usd) FROM events") == Decimal("0.001125")


def test_which_usage_is_the_last_is_decided_by_arrival_not_by_file_names(lake: Lake, book: PriceBook) -> None:
    for number in range(8):
        with agentgauge.open(lake.home.root) as first:
            first.record(call(f"call-{number}", 10))
        with agentgauge.open(lake.home.root) as second:
            second.record(call(f"call-{number}", 20))
    query = "SELECT DISTINCT output_tokens FROM events"
    assert rows(lake, query) == [(20,)]
    lake.compact()
    assert rows(lake, query) == [(20,)]


def test_what_arrived_earlier_does_not_replace_what_landed(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(call("a", 20, arrived=WHEN + timedelta(hours=2)))
    lake.compact()
    gauge.record(call("a", 10, arrived=WHEN + timedelta(hours=1)))
    assert one(lake, "SELECT output_tokens FROM events") == 20
    lake.compact()
    assert one(lake, "SELECT output_tokens FROM events") == 20


def test_an_expired_event_does_not_come_back(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(call("a", arrived=WHEN))
    gauge.record(call("b", arrived=WHEN))
    lake.compact()
    assert lake.expire(WHEN + timedelta(days=1)).events == 2
    assert one(lake, "SELECT count(*) FROM events") == 0
    gauge.record(call("a"))
    gauge.record(call("c"))
    assert rows(lake, "SELECT source_id FROM events") == [("c",)]
    lake.compact()
    assert rows(lake, "SELECT source_id FROM events") == [("c",)]


def test_unlanded_names_what_would_change_the_lake(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(call("a"))
    gauge.record(call("b"))
    lake.compact()
    assert lake.unlanded([call("a"), call("b", 99), call("c")]) == {"b", "c"}
