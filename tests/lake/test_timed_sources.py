"""A repeat that states the same time, as a retried span does, is found among the events of that time alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import LakeError
from agentgauge.events import Event
from agentgauge.events.source_ids import TIMED
from agentgauge.lake import Lake
from agentgauge.lake.merging import FAN_IN
from tests.lake.reading import one, rows

WHEN = datetime(2026, 3, 5, 12, tzinfo=UTC)


def span(name: str = "a", *, time: datetime = WHEN, output_tokens: int = 10, **more: object) -> Event:
    return Event(
        kind="llm_call",
        time=time,
        model="claude-sonnet-4-5",
        input_tokens=100,
        output_tokens=output_tokens,
        source_id=name if ":" in name else f"{TIMED}{name}",
        **more,  # type: ignore[arg-type]
    )


def stored(lake: Lake) -> list[tuple[str, int]]:
    return rows(lake, "SELECT source_id, output_tokens FROM events ORDER BY 1")


def test_a_retry_in_the_same_batch_is_stored_once(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(span())
    gauge.record(span())
    assert stored(lake) == [("otlp:a", 10)]
    lake.compact()
    assert stored(lake) == [("otlp:a", 10)]


def test_a_retry_after_landing_is_stored_once_in_the_tail_and_in_the_lake(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(span())
    lake.compact()
    gauge.record(span())
    assert stored(lake) == [("otlp:a", 10)]
    lake.compact()
    assert stored(lake) == [("otlp:a", 10)]


def test_a_retry_among_later_spans_is_stored_once(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(span("a"))
    gauge.record(span("b", time=WHEN + timedelta(hours=1)))
    lake.compact()
    for late in range(3):
        gauge.record(span(f"c{late}", time=WHEN + timedelta(days=40 * late)))
    gauge.record(span("a"))
    lake.compact()
    assert [source for source, _ in stored(lake)] == ["otlp:a", "otlp:b", "otlp:c0", "otlp:c1", "otlp:c2"]


def test_a_retry_after_files_were_merged_is_stored_once(lake: Lake, gauge: agentgauge.Gauge) -> None:
    merged = 0
    for batch in range(FAN_IN):
        gauge.record(span(f"s{batch}", time=WHEN + timedelta(microseconds=batch)))
        merged += lake.compact().files_merged
    assert merged == FAN_IN
    for batch in range(FAN_IN):
        gauge.record(span(f"s{batch}", time=WHEN + timedelta(microseconds=batch)))
    lake.compact()
    assert one(lake, "SELECT count(*) FROM events") == FAN_IN


def test_a_fuller_statement_of_the_same_time_replaces_the_one_before(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(span(output_tokens=10))
    lake.compact()
    gauge.record(span(output_tokens=25))
    assert stored(lake) == [("otlp:a", 25)]
    lake.compact()
    assert stored(lake) == [("otlp:a", 25)]


def test_what_comes_again_after_its_event_has_expired_is_a_new_event(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(span("a", arrived=WHEN))
    gauge.record(span("log:1", arrived=WHEN))
    lake.compact()
    assert lake.expire(WHEN + timedelta(days=1)).events == 2
    gauge.record(span("a"))
    gauge.record(span("log:1"))
    lake.compact()
    assert stored(lake) == [("otlp:a", 10)]


def test_a_retry_of_a_span_from_the_future_is_stored_once(lake: Lake, gauge: agentgauge.Gauge) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=2)
    gauge.record(span(time=ahead))
    lake.compact()
    gauge.record(span("b", time=ahead))
    gauge.record(span(time=ahead))
    assert [source for source, _ in stored(lake)] == ["otlp:a", "otlp:b"]
    lake.compact()
    assert [source for source, _ in stored(lake)] == ["otlp:a", "otlp:b"]


def test_files_of_other_times_are_not_read(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.record(span("old", time=WHEN - timedelta(days=60)))
    lake.compact()
    (file,) = Path(lake.home.lake, "events").rglob("*.parquet")
    file.write_bytes(b"unreadable")
    gauge.record(span("new"))
    assert lake.compact(briefly=True).events == 1
    gauge.record(span("new"))
    assert lake.compact(briefly=True).events == 0
    gauge.record(span("log:1"))
    with pytest.raises(LakeError):
        lake.compact(briefly=True)


def test_ids_with_and_without_a_time_are_looked_for_in_one_batch(lake: Lake, gauge: agentgauge.Gauge) -> None:
    first = [span("a"), span("log:1", time=WHEN - timedelta(days=60))]
    for event in first:
        gauge.record(event)
    lake.compact()
    for event in [*first, span("b"), span("log:2"), Event(kind="mark", time=WHEN, name="no id")]:
        gauge.record(event)
    assert lake.compact().events == 3
    assert lake.unlanded([span("a"), span("b", output_tokens=99), span("c"), span("log:1")]) == {"otlp:b", "otlp:c"}
