"""`agentgauge export sqlite`."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.exporters.sqlite import SCHEMA
from agentgauge.features import AdvancedMetrics
from agentgauge.lake.feature_tables import TABLES
from tests.cli.conftest import Run

DAY = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
NEXT = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose recorder is still running."""
    with agentgauge.open(tmp_path / "home") as gauge:
        metrics = AdvancedMetrics(gauge=gauge)
        for at in (DAY, NEXT):
            metrics.record_performance_metric(
                "search", "response_time", "query_ms", 12.5, "ms", "production", metadata={"shard": 3}, at=at
            )
            metrics.record_satisfaction("search", "accuracy", 4, "very good", "i-1", at=at)
            metrics.record_feature_usage("search", "query", 30.0, False, "morning", error_type="Timeout", at=at)
        yield tmp_path / "home"


def rows(file: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(statement)]


def test_the_file_is_created_with_the_documented_statements(run: Run, home: Path, tmp_path: Path) -> None:
    result = run("export", "sqlite", "--home", home, "--out", tmp_path / "features.db")
    assert (result.exit_code, result.stdout) == (0, "")
    created = {row["name"]: row["sql"] for row in rows(tmp_path / "features.db", "SELECT * FROM sqlite_schema")}
    for statement in SCHEMA.split(";"):
        if name := statement.partition("CREATE TABLE ")[2].partition(" (")[0]:
            assert created[name] == statement.strip()
    assert set(created) >= set(TABLES)
    for name, columns in TABLES.items():
        assert tuple(row["name"] for row in rows(tmp_path / "features.db", f"PRAGMA table_info({name})")) == columns


def test_rows_have_what_was_recorded(run: Run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "features.db"
    run("export", "sqlite", "--home", home, "--out", file)
    first, second = rows(file, "SELECT * FROM system_performance ORDER BY timestamp")
    assert first["timestamp"] == "2026-03-02T23:30:00.000000Z"
    assert (first["feature"], first["metric_category"], first["metric_name"]) == ("search", "response_time", "query_ms")
    assert (first["value"], first["unit"], first["context"]) == (12.5, "ms", "production")
    assert first["metadata"] == '{"metric_type":"performance","shard":3}'
    assert first["id"] != second["id"]
    (asked, _) = rows(file, "SELECT * FROM user_satisfaction ORDER BY timestamp")
    assert (asked["score"], asked["feedback"], asked["interaction_id"]) == (4.0, "very good", "i-1")
    (used, _) = rows(file, "SELECT * FROM feature_usage ORDER BY timestamp")
    assert (used["action"], used["duration_ms"], used["success"]) == ("query", 30.0, 0)
    assert (used["error_type"], used["user_context"], used["metadata"]) == ("Timeout", "morning", None)
    assert rows(file, "SELECT datetime(timestamp) AS t FROM feature_usage ORDER BY t")[0] == {
        "t": "2026-03-02 23:30:00"
    }


def test_ids_are_those_of_the_events_and_stay(run: Run, home: Path, tmp_path: Path) -> None:
    run("export", "sqlite", "--home", home, "--out", tmp_path / "first.db")
    run("compact", "--home", home)
    run("export", "sqlite", "--home", home, "--out", tmp_path / "second.db")
    for name in TABLES:
        assert rows(tmp_path / "first.db", f"SELECT * FROM {name}") == rows(
            tmp_path / "second.db", f"SELECT * FROM {name}"
        )


def test_a_window_bounds_the_events_and_takes_its_days_whole(run: Run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "features.db"
    run("export", "sqlite", "--home", home, "--since", "2026-03-02T23:45", "--tz", "UTC", "--out", file)
    assert [row["timestamp"][:10] for row in rows(file, "SELECT * FROM system_performance")] == ["2026-03-03"]
    days = rows(file, "SELECT date, count FROM daily_aggregates WHERE metric_type = 'response_time' ORDER BY date")
    assert days == [{"date": "2026-03-02", "count": 1}, {"date": "2026-03-03", "count": 1}]


def test_an_event_still_in_the_journal_gets_an_id_of_the_file(home: Path, tmp_path: Path) -> None:
    from agentgauge.exporters.sqlite import export_sqlite
    from agentgauge.meter import Meter
    from agentgauge.service.window import Window
    from agentgauge.settings import get_settings

    meter = Meter(get_settings(home))
    meter.lake.compact()
    with agentgauge.open(home) as gauge:
        AdvancedMetrics(gauge=gauge).record_performance_metric("search", "response_time", "query_ms", 99.0, at=NEXT)
        with meter.reading() as snapshot:
            export_sqlite(snapshot.connection, Window(), tmp_path / "features.db")
    ids = [row["id"] for row in rows(tmp_path / "features.db", "SELECT id FROM system_performance ORDER BY value")]
    assert len(set(ids)) == 3
    assert max(ids) == ids[-1]


def test_nothing_recorded_gives_empty_tables(run: Run, tmp_path: Path) -> None:
    assert run("export", "sqlite", "--home", tmp_path / "new", "--out", tmp_path / "none.db").exit_code == 0
    assert not (tmp_path / "new").exists()
    for name in TABLES:
        assert rows(tmp_path / "none.db", f"SELECT * FROM {name}") == []


def test_standard_output_is_no_file_of_sqlite(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("export", "sqlite", "--home", home, "--out", "-")
    assert (result.exit_code, (tmp_path / "-").exists()) == (2, False)


@pytest.mark.parametrize("place", ["gone/features.db", "."])
def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(
    run: Run, home: Path, tmp_path: Path, place: str
) -> None:
    before = sorted(tmp_path.iterdir())
    result = run("export", "sqlite", "--home", home, "--out", tmp_path / place)
    assert result.exit_code == 2
    assert "error: --out" in result.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_what_a_killed_program_left_beside_an_earlier_file_is_not_played_into_the_new_one(
    run: Run, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "features.db"
    run("export", "sqlite", "--home", home, "--out", file)
    program = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1])\n"
        "database.execute('PRAGMA journal_mode = WAL')\n"
        "with database: database.execute('DELETE FROM feature_usage')\n"
        "os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", program, str(file)], check=False)
    assert (tmp_path / "features.db-wal").exists()
    run("export", "sqlite", "--home", home, "--out", file)
    assert len(rows(file, "SELECT * FROM feature_usage")) == 2
    assert rows(file, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_an_earlier_file_is_replaced_whole(run: Run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "features.db"
    file.write_bytes(b"not a database")
    run("export", "sqlite", "--home", home, "--out", file)
    assert len(rows(file, "SELECT * FROM feature_usage")) == 2
    assert not [path for path in tmp_path.iterdir() if "tmp" in path.name]
