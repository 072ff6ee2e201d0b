"""Days that keep their figures after their events have expired.

Expiry calls `close_days` before it removes anything: the aggregates of every day that loses events are computed from
all of them and kept in the table `daily_aggregates`, one small file that each closing writes anew. A key that is there
already stays as it is, so a closing that a crash repeats changes nothing.

`forget_in_closed_days` takes out the figures that speak of one person alone. To that end each row has the digests of
the people in it, and how many of its events were nobody's.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import duckdb

from agentgauge.lake.feature_tables import daily_select
from agentgauge.lake.parquet import literal, parquet_scan, write_file
from agentgauge.lake.rewrite import files_with
from agentgauge.lake.schema import DAILY, column_list, empty_relation
from agentgauge.lake.table import LakeTable
from agentgauge.lake.tables import Tables

_KEY = "date, feature, metric_type, metric_name"
_DAY = "(time AT TIME ZONE 'UTC')::DATE"
_VACUUM_HOURS = 1


def closed_days(table: LakeTable) -> str:
    """A SELECT of the rows kept."""
    uris = table.uris()
    if not uris:
        return empty_relation(DAILY)
    return f"SELECT * REPLACE (users::JSON AS users) FROM {parquet_scan(uris)}"


def close_days(connection: duckdb.DuckDBPyConnection, tables: Tables, expiring: str, before: datetime) -> None:
    """Keep what the days are that have events meeting `expiring`, a condition on `before`.

    To be called inside `writer_lock`, before they are removed.
    """
    if not (affected := list(files_with(connection, tables.events, expiring, [before]))):
        return
    days = connection.execute(
        f"SELECT DISTINCT {_DAY}::VARCHAR FROM {parquet_scan(affected)} WHERE {expiring} ORDER BY 1", [before]
    ).fetchall()
    listed = [literal(day) for (day,) in days]
    # The bounds of all let files and row groups be skipped.
    events = (
        f"(SELECT * REPLACE (attributes::JSON AS attributes) FROM {parquet_scan(tables.events.uris())} "
        f"WHERE time >= {listed[0]}::TIMESTAMPTZ AND time < {listed[-1]}::TIMESTAMPTZ + INTERVAL 1 DAY "
        f"AND {_DAY}::VARCHAR IN ({', '.join(listed)}))"
    )
    kept = closed_days(tables.daily)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE closing AS SELECT * FROM ({daily_select(events)}) "
        f"ANTI JOIN ({kept}) USING ({_KEY})"
    )
    if connection.execute("SELECT 1 FROM closing LIMIT 1").fetchone():
        tables.daily.load(create=True)
        _write(connection, tables.daily, f"{kept} UNION ALL BY NAME SELECT * FROM closing")
    connection.execute("DROP TABLE closing")


def forget_in_closed_days(connection: duckdb.DuckDBPyConnection, table: LakeTable, user: str) -> None:
    """Remove `user` from the kept days, and the figures that are of nobody else. To be called inside `writer_lock`."""
    digest = literal(hashlib.md5(user.encode(), usedforsecurity=False).hexdigest())
    if not table.uris():
        return
    others = f"list_filter(users::VARCHAR[], lambda person: person != {digest})"
    _write(
        connection,
        table,
        f"SELECT * REPLACE (to_json({others})::JSON AS users) FROM ({closed_days(table)}) "
        f"WHERE nobodys > 0 OR len({others}) > 0",
    )
    table.vacuum(0)


def _write(connection: duckdb.DuckDBPyConnection, table: LakeTable, select: str) -> None:
    """Make these rows all that the table has."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE days AS SELECT {column_list(DAILY)} FROM ({select})")
    file = write_file(connection, table.storage, f"SELECT * FROM days ORDER BY {_KEY}")
    connection.execute("DROP TABLE days")
    table.commit([file], table.files())
    table.vacuum(_VACUUM_HOURS)
