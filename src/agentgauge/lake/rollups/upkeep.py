"""Keeping rollups in step with the data files of the events table.

What a data file has no rollup of gets one, and what is the rollup of no data file goes. Nothing else is remembered, so
an upkeep that a crash ends is finished by the next, and a reader takes raw rows meanwhile.

A small file is as quickly read as its rollups would be, and will soon be merged into a larger one: it gets none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import duckdb

from agentgauge.lake.parquet import literal, parquet_scan, write_file
from agentgauge.lake.rollups.levels import LEVELS, Expired, Level, expired_of
from agentgauge.lake.table import DataFile, LakeTable
from agentgauge.lake.tables import Tables

FROM_ROWS = 200_000
"""Rows from which a data file gets rollups: to read so many takes a few tens of milliseconds, and to roll them up some
two seconds. Smaller files will be merged soon, and would have to be rolled up again."""
_VACUUM_HOURS = 1
_ROWS_AT_ONCE = 1 << 20
_IN_FLIGHT = timedelta(hours=1)
"""How long another writer, or a reader of an older version, may still be about to need a file."""


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
        stale = _stale(tables, present, data)
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


def _stale(tables: Tables, present: Sequence[DataFile], data: dict[str, DataFile]) -> list[DataFile]:
    """Rollups of data files that are gone, of expiries that never happened, and what has been merged."""
    settled = [file for file in present if not _is_recent(file)]
    merged = {file.name for files in counting_files(tables.events, settled).values() for file in files}
    stale = []
    for file in present:
        expired = expired_of(file.name)
        if expired is None:
            gone = file.name not in data
        elif tables.events.transaction(expired.application):
            gone = not _is_recent(file) and file.name not in merged
        else:
            # Another home that shares the table may be about to commit its expiry.
            gone = not (tables.is_shared and _is_recent(file))
        if gone:
            stale.append(file)
    return stale


def _is_recent(file: DataFile) -> bool:
    return file.committed is None or file.committed > datetime.now(UTC) - _IN_FLIGHT


def counting_files(events: LakeTable, files: Iterable[DataFile]) -> dict[str, list[DataFile]]:
    """The files of expired rows that count for a version of the events table, by month."""
    months: dict[str, list[tuple[Expired, DataFile]]] = defaultdict(list)
    happened: dict[str, bool] = {}
    for file in files:
        expired = expired_of(file.name)
        if expired is None:
            continue
        if expired.application not in happened:
            happened[expired.application] = events.transaction(expired.application) > 0
        if happened[expired.application]:
            months[file.month or ""].append((expired, file))
    counting: dict[str, list[DataFile]] = {}
    for month, found in months.items():
        upto = max((expired.number for expired, _ in found if expired.is_merged), default=0)
        counting[month] = [
            file for expired, file in found if (expired.number == upto if expired.is_merged else expired.number > upto)
        ]
    return counting


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
