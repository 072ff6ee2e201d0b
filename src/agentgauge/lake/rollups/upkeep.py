"""Keeping rollups in step with the data files of the events table.

What a data file has no rollup of gets one, and what is the rollup of no data file goes. Nothing else is remembered, so
an upkeep that a crash ends is finished by the next, and a reader takes raw rows meanwhile.

A small file is as quickly read as its rollups would be, and will soon be merged into a larger one: it gets none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import duckdb

from agentgauge.lake.parquet import literal, parquet_scan, write_file
from agentgauge.lake.rollups.levels import LEVELS, Level, expiry_of
from agentgauge.lake.table import DataFile, LakeTable
from agentgauge.lake.tables import Tables

FROM_ROWS = 10_000
"""Rows from which a data file gets rollups."""
_VACUUM_HOURS = 1
_ROWS_AT_ONCE = 1 << 20
_ABANDONED = timedelta(hours=1)


def roll_up(
    connection: duckdb.DuckDBPyConnection,
    tables: Tables,
    *,
    from_rows: int = FROM_ROWS,
    vacuum_hours: int = _VACUUM_HOURS,
    on_step: Callable[[str], None] = lambda name: None,
) -> int:
    """Write missing rollups and remove what is the rollup of nothing. Returns how many data files got theirs.

    To be called inside `writer_lock`, with `tables` loaded. What is removed is deleted from storage once it has been
    removed for `vacuum_hours`.
    """
    data = {file.name: file for file in tables.events.files()}
    wanted = [file for file in data.values() if file.rows >= from_rows]
    sources: dict[str, list[str]] = {}
    rolled: set[str] = set()
    for level in LEVELS:
        table = tables.rollups[level.name]
        if not table.load(create=bool(wanted)):
            continue
        present = table.files()
        names = {file.name for file in present}
        missing = [file for file in wanted if file.name not in names]
        stale = [file for file in present if _is_stale(tables, file, data)]
        for file in missing:
            if file.name not in sources:
                sources[file.name] = raw_rows(connection, [tables.events.storage.uri(file.name)], "true")
        made = [_rollup_of(connection, table, level, file, sources[file.name]) for file in missing]
        add = [file for file in made if file is not None]
        on_step(f"written {level.name}")
        if add or stale:
            table.commit(add, stale)
        on_step(f"committed {level.name}")
        if stale or not vacuum_hours:
            table.vacuum(vacuum_hours)
        rolled |= {file.name for file in add}
    return len(rolled)


def _is_stale(tables: Tables, file: DataFile, data: dict[str, DataFile]) -> bool:
    """Whether it is the rollup of a data file that is gone, or of an expiry that never happened."""
    expiry = expiry_of(file.name)
    if expiry is None:
        return file.name not in data
    if tables.events.transaction(expiry):
        return False
    # Another home that shares the table may be about to commit its expiry.
    abandoned = file.committed is not None and file.committed < datetime.now(UTC) - _ABANDONED
    return abandoned or not tables.is_shared


def _rollup_of(
    connection: duckdb.DuckDBPyConnection, table: LakeTable, level: Level, file: DataFile, sources: Sequence[str]
) -> DataFile | None:
    """None where a sum is beyond what its column holds: questions then read the rows, and say what they cannot add."""
    selects = [level.select(source) for source in sources]
    try:
        return write_file(connection, table.storage, selects, month=file.month, span=level.span, name=file.name)
    except (duckdb.ConversionException, duckdb.OutOfRangeException):
        return None


def raw_rows(connection: duckdb.DuckDBPyConnection, uris: Sequence[str], condition: str) -> list[str]:
    """FROM items that are, together, the rows of data files that meet a condition; no UTC day is in two of them.

    Several where the rows are many, so that memory stays bounded.
    """
    scan = parquet_scan(uris)
    days = connection.execute(
        f"SELECT date_trunc('day', time)::VARCHAR, count(*) FROM {scan} WHERE {condition} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    starts: list[str] = []
    room = 0
    for day, rows in days:
        if room < rows:
            starts.append(day)
            room = _ROWS_AT_ONCE
        room -= rows
    if len(starts) <= 1:
        return [f"(SELECT * FROM {scan} WHERE {condition})"]
    bounds = [f"time >= {literal(start)}::TIMESTAMPTZ" for start in starts]
    uppers = [f" AND time < {literal(start)}::TIMESTAMPTZ" for start in starts[1:]]
    return [
        f"(SELECT * FROM {scan} WHERE {condition} AND {lower}{upper})"
        for lower, upper in zip(bounds, [*uppers, ""], strict=True)
    ]
