"""An event is one event in the stream, however often it is shown, written, read and recorded."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import agentgauge
from agentgauge.engines import Measure, Query
from agentgauge.lake import Lake
from agentgauge.meter import Meter, engine_of
from agentgauge.sessions import EventType, MetricsCollector, MetricsEvent, MetricsStorage
from agentgauge.settings import get_settings
from tests.sessions.making import LINES, event, mark, result

_COUNTED = Query(
    measures=(
        Measure("count", over="tasks", name="tasks"),
        Measure("count", over="llm_call", name="calls"),
        Measure("tokens"),
        Measure("cost"),
    )
)


def _in_stream(gauge: agentgauge.Gauge) -> tuple[Any, ...]:
    """Tasks, calls, tokens and cost, from the journal's tail and again from the lake."""
    with engine_of(gauge) as engine:
        tail = engine.aggregate(_COUNTED).rows[0]
    assert gauge.settings is not None
    gauge.flush()
    Meter(gauge.settings).lake.compact()
    with engine_of(gauge) as engine:
        landed = engine.aggregate(_COUNTED).rows[0]
    assert landed == tail
    return landed[:4]


def _again(path: Path, gauge: agentgauge.Gauge) -> MetricsCollector:
    """What a ticket's summary does: a collector of its own over what a file holds."""
    collector = MetricsCollector(gauge=gauge)
    for read in MetricsStorage(path, gauge=gauge).read_events():
        collector.record_event(read)
    return collector


@pytest.fixture
def storage(tmp_path: Path, gauge: agentgauge.Gauge) -> MetricsStorage:
    return MetricsStorage(tmp_path / "metrics.jsonl", gauge=gauge)


def test_an_event_recorded_into_a_second_collector_is_there_once(gauge: agentgauge.Gauge) -> None:
    first, second = MetricsCollector("s-1", gauge=gauge), MetricsCollector("s-2", gauge=gauge)
    first.record_from_result(result(), "review", "check")
    first.record_event(event())
    for one in first.get_events():
        second.record_event(one)
    assert first.get_summary() == second.get_summary()
    assert [one.session_id for one in second.get_events()] == ["s-1", "s-1"]
    assert _in_stream(gauge) == (2, 2, 300, Decimal("0.02"))


def test_recorded_then_written_then_read_and_recorded_lands_once(
    gauge: agentgauge.Gauge, storage: MetricsStorage
) -> None:
    collector = MetricsCollector("s-1", gauge=gauge)
    collector.record_from_result(result(), "review", "check", ticket_id="PROJ-456")
    mine = event(ticket_id="PROJ-456")
    collector.record_event(mine)
    storage.write_event(mine)
    storage.write_batch([one for one in collector.get_events() if one != mine])
    for _ in range(2):
        assert _again(storage.path, gauge).get_summary() == collector.get_summary()
    assert _in_stream(gauge) == (2, 2, 300, Decimal("0.02"))


def test_written_then_recorded_then_read_and_recorded_lands_once(
    gauge: agentgauge.Gauge, storage: MetricsStorage
) -> None:
    mine = event()
    storage.write_event(mine)
    written = mine.event_id
    MetricsCollector(gauge=gauge).record_event(mine)
    assert mine.event_id == written
    _again(storage.path, gauge)
    _again(storage.path, gauge)
    assert _in_stream(gauge) == (1, 1, 150, Decimal("0.01"))
    _again(storage.path, gauge)
    assert _in_stream(gauge) == (1, 1, 150, Decimal("0.01"))


def test_a_foreign_file_recorded_twice_lands_each_of_its_lines_once(
    gauge: agentgauge.Gauge, storage: MetricsStorage
) -> None:
    storage.path.write_text("\n".join([*LINES, LINES[0]]) + "\n")
    collector = _again(storage.path, gauge)
    assert collector.get_summary().total_events == 3
    assert _in_stream(gauge) == (3, 3, 1000, Decimal("0.06"))
    assert _again(storage.path, gauge).get_summary() == collector.get_summary()
    assert _in_stream(gauge) == (3, 3, 1000, Decimal("0.06"))


def test_the_lines_before_an_event_that_is_read_tell_it_from_its_equals(
    gauge: agentgauge.Gauge, storage: MetricsStorage
) -> None:
    storage.path.write_text("\n".join([LINES[0], LINES[0]]) + "\n")
    for position in (0, 1):
        MetricsCollector(gauge=gauge).record_event(storage.read_events()[position])
    storage.path.write_text("\n".join([LINES[0], LINES[1], LINES[0], LINES[0]]) + "\n")
    for read in storage.read_events(lambda one: one.agent_role == "interview"):
        MetricsCollector(gauge=gauge).record_event(read)
    assert _in_stream(gauge) == (3, 3, 450, Decimal("0.03"))


def test_a_copy_of_a_foreign_file_is_the_same_events(
    gauge: agentgauge.Gauge, storage: MetricsStorage, tmp_path: Path
) -> None:
    short = LINES[0].replace(',"session_id":"session-123","ticket_id":"PROJ-456","metadata":{}', "")
    storage.path.write_text(f"{short}\n  {LINES[1]}\n")
    copy = MetricsStorage(tmp_path / "copy.jsonl", gauge=gauge)
    copy.write_batch(storage.read_events())
    _again(storage.path, gauge)
    _again(copy.path, gauge)
    assert _in_stream(gauge) == (2, 2, 850, Decimal("0.05"))


def test_a_recorded_foreign_event_says_so_where_it_is_written_next(
    gauge: agentgauge.Gauge, storage: MetricsStorage, tmp_path: Path
) -> None:
    storage.path.write_text(LINES[0])
    copy = MetricsStorage(tmp_path / "copy.jsonl", gauge=gauge)
    copy.write_batch(_again(storage.path, gauge).get_events())
    assert '"event_id":"' in copy.path.read_text()
    _again(copy.path, gauge)
    _again(storage.path, gauge)
    assert _in_stream(gauge) == (1, 1, 150, Decimal("0.01"))


def test_marks_read_back_land_once_too(gauge: agentgauge.Gauge, storage: MetricsStorage, home: Path) -> None:
    storage.write_batch([mark(EventType.SESSION_START), mark(EventType.SESSION_END, duration_ms=9)])
    _again(storage.path, gauge)
    _again(storage.path, gauge)
    _in_stream(gauge)
    settings = get_settings(home)
    with Lake(settings.home, Meter(settings).book).snapshot() as snapshot:
        assert _names(snapshot.connection) == ["session_end", "session_start"]


def _names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM events ORDER BY 1").fetchall()]


def test_an_event_in_memory_only_counts_once_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    gauge = agentgauge.open(tmp_path / "home")
    path = tmp_path / "metrics.jsonl"
    path.write_text("\n".join(LINES))
    _again(path, gauge)
    assert _again(path, gauge).get_summary().total_tokens == 850
    with engine_of(gauge) as engine:
        assert engine.aggregate(_COUNTED).rows[0][:4] == (2, 2, 850, Decimal("0.05"))


def test_an_event_that_could_not_be_recorded_may_be_later(home: Path, gauge: agentgauge.Gauge) -> None:
    closed = agentgauge.open(home)
    closed.close()
    mine, nowhere = event(), MetricsCollector(gauge=closed)
    nowhere.record_event(mine)
    assert (mine.event_id, nowhere.get_events()) == (None, [])
    assert closed.health().dropped
    MetricsCollector(gauge=gauge).record_event(mine)
    assert isinstance(mine, MetricsEvent)
    assert _in_stream(gauge) == (1, 1, 150, Decimal("0.01"))


@pytest.mark.parametrize("foreign", ["run/7", "7", "/", "a-b/7", ""])
def test_an_identity_of_somebody_elses_is_a_source_and_lands_once(gauge: agentgauge.Gauge, foreign: str) -> None:
    for _ in range(2):
        MetricsCollector(gauge=gauge).record_event(event(event_id=foreign))
    assert _in_stream(gauge)[0] == (1 if foreign else 2)
