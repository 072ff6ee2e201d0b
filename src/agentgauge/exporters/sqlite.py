"""The tables of features as an SQLite file: what document 001 creates, filled.

The file appears whole or not at all, and rows are written as they are read. `id` is the event's where it is in the
lake; an event that is still in the journal gets the next free one of the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from agentgauge.files import appearing
from agentgauge.lake.feature_tables import TABLES, create_feature_tables
from agentgauge.service.window import Window

if TYPE_CHECKING:
    import duckdb

_ROWS_AT_ONCE = 2048
_COMPANIONS = ("-wal", "-shm", "-journal")
"""What a killed program leaves beside a file that it wrote to, and SQLite would play into the one that replaces it."""

SCHEMA = """
CREATE TABLE system_performance (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TEXT NOT NULL,
    feature TEXT NOT NULL,
    metric_category TEXT NOT NULL,
    metric_name TEXT NOT NULL,
    value REAL NOT NULL,
    unit TEXT,
    context TEXT,
    metadata TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE user_satisfaction (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TEXT NOT NULL,
    feature TEXT NOT NULL,
    satisfaction_type TEXT NOT NULL,
    score REAL NOT NULL,
    feedback TEXT,
    interaction_id TEXT,
    metadata TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE feature_usage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TEXT NOT NULL,
    feature TEXT NOT NULL,
    action TEXT NOT NULL,
    duration_ms REAL,
    success BOOLEAN,
    error_type TEXT,
    user_context TEXT,
    metadata TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE daily_aggregates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    date TEXT NOT NULL,
    feature TEXT NOT NULL,
    metric_type TEXT NOT NULL,
    metric_name TEXT NOT NULL,
    avg_value REAL,
    min_value REAL,
    max_value REAL,
    stddev REAL,
    count INTEGER,
    percentile_50 REAL,
    percentile_95 REAL,
    percentile_99 REAL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(date, feature, metric_type, metric_name)
);
"""


def export_sqlite(
    connection: duckdb.DuckDBPyConnection,
    window: Window,
    target: Path,
    on_row: Callable[[int], None] = lambda count: None,
) -> int:
    """Write the four tables over a window and return the number of their rows.

    `connection` has the views of a snapshot. Days that the window touches are whole. Raises `OSError` where the target
    cannot be written.
    """
    create_feature_tables(connection, window.start, window.end)
    written = 0
    try:
        with appearing(target) as temporary, closing(sqlite3.connect(temporary, isolation_level=None)) as database:
            # A crash leaves no half of it, because nobody knows the file before it is whole.
            database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; {SCHEMA}")
            for table, columns in TABLES.items():
                # Those with an id first, so that no id that the file gives is one of theirs.
                rows = connection.cursor().execute(f"SELECT * FROM {table} ORDER BY id NULLS LAST")  # noqa: S608 - ours
                insert = f"INSERT INTO {table} VALUES ({', '.join('?' for _ in columns)})"  # noqa: S608 - ours
                while batch := rows.fetchmany(_ROWS_AT_ONCE):
                    database.executemany(insert, batch)
                    written += len(batch)
                    on_row(written)
            database.execute("COMMIT")
            for suffix in _COMPANIONS:
                target.with_name(target.name + suffix).unlink(missing_ok=True)
    except sqlite3.OperationalError as error:
        raise OSError(f"{target}: {error}") from error
    return written
