"""Writing rows of a connection as data files of a table, durable and described before any commit names them."""

from __future__ import annotations

import glob
import json
import uuid
from collections.abc import Sequence
from pathlib import Path

import duckdb

from agentgauge.errors import LakeError
from agentgauge.lake.storage import Storage
from agentgauge.lake.table import DataFile

_ROW_GROUP = 122_880
_DICTIONARY = 1_000
"""Distinct values from which a column is not worth a dictionary: found out sooner, for no larger file."""


def write_file(
    connection: duckdb.DuckDBPyConnection,
    storage: Storage,
    select: str | Sequence[str],
    *,
    month: str | None = None,
    span: str | None = None,
    label: str = "",
    name: str | None = None,
) -> DataFile:
    """Write the rows of `select`, in its order, as one Parquet file, whose name begins with `label`, or is `name`.

    The rows of several SELECTs come one after the other. Each runs when the one before is done, so that memory is
    bounded by the largest. `span` names a time column whose minimum and maximum go into the table's statistics, so that
    other engines can skip the file.
    """
    selects = [select] if isinstance(select, str) else select
    with storage.scratch() as scratch:
        path = scratch / "rows.parquet"
        try:
            if len(selects) == 1:
                _copy(connection, selects[0], path)
            else:
                parts = [scratch / f"{number}.parquet" for number in range(len(selects))]
                for part, rows in zip(parts, selects, strict=True):
                    _copy(connection, rows, part)
                _copy(connection, f"SELECT * FROM {parquet_scan([str(part) for part in parts])}", path)
        except duckdb.IOException as error:
            raise LakeError(f"{path.parent}: a data file could not be written: {error}") from error
        count, statistics = _describe(connection, path, span)
        prefix = "" if month is None else f"month={month}/"
        name = name or f"{prefix}{label}{uuid.uuid4().hex}.parquet"
        size = storage.place(path, name)
    return DataFile(name, size, count, month, statistics)


def _copy(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    # Version 2 stores times and numbers as differences: a seventh less to write. Spark and ClickHouse read it.
    connection.execute(
        f"COPY ({select}) TO {literal(str(path))} (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, "
        f"ROW_GROUP_SIZE {_ROW_GROUP}, DICTIONARY_SIZE_LIMIT {_DICTIONARY})"
    )


def _describe(connection: duckdb.DuckDBPyConnection, path: Path, span: str | None) -> tuple[int, str]:
    """Rows and Delta statistics. Times are cut to the millisecond outwards, as the Delta protocol writes them."""
    low, high = "NULL", "NULL"
    if span is not None:
        low = f"strftime(date_trunc('millisecond', min(\"{span}\")) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')"
        high = (
            f"strftime(date_trunc('millisecond', max(\"{span}\") + INTERVAL 999 MICROSECOND) AT TIME ZONE 'UTC', "
            "'%Y-%m-%dT%H:%M:%S.%gZ')"
        )
    row = connection.execute(f"SELECT count(*), {low}, {high} FROM {parquet_scan([str(path)])}").fetchone()
    rows, lowest, highest = row or (0, None, None)
    statistics: dict[str, object] = {"numRecords": rows}
    if lowest is not None:
        statistics |= {"minValues": {span: lowest}, "maxValues": {span: highest}, "nullCount": {span: 0}}
    return rows, json.dumps(statistics)


def parquet_scan(uris: Sequence[str], *, filename: bool = False, row_number: bool = False) -> str:
    """A FROM item over data files; written out rather than bound, so that a view can be made of it.

    The partition's column is not read back from the path: it follows from `time`.
    """
    files = ", ".join(literal(glob.escape(uri)) for uri in uris)
    more = (", filename = true" if filename else "") + (", file_row_number = true" if row_number else "")
    return f"read_parquet([{files}], union_by_name = true, hive_partitioning = false{more})"


def literal(text: str) -> str:
    """Text in SQL."""
    return "'" + text.replace("'", "''") + "'"
