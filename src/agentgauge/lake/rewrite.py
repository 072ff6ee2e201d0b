"""Rewriting data files without some of their rows: corrections, deletions, expiry."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from agentgauge.errors import LakeError
from agentgauge.lake.parquet import parquet_scan, write_file
from agentgauge.lake.storage import Storage
from agentgauge.lake.table import DataFile, LakeTable


def files_with(
    connection: duckdb.DuckDBPyConnection, table: LakeTable, condition: str, parameters: Sequence[object]
) -> dict[str, int]:
    """URIs of the table's files that hold rows meeting `condition`, with their number."""
    uris = table.uris()
    if not uris:
        return {}
    rows = connection.execute(
        f"SELECT filename, count(*) FROM {parquet_scan(uris, filename=True)} WHERE {condition} GROUP BY filename",
        list(parameters),
    ).fetchall()
    return dict(rows)


def without_rows(
    connection: duckdb.DuckDBPyConnection,
    table: LakeTable,
    condition: str,
    parameters: Sequence[object],
) -> tuple[list[DataFile], list[DataFile], int]:
    """Files to add and files to remove so that no row meets `condition`, and how many rows that takes out.

    Nothing is committed. A file that would be empty has no replacement.
    """
    storage: Storage = table.storage
    affected = files_with(connection, table, condition, parameters)
    rows = sum(affected.values())
    add, remove = [], []
    for file in table.files():
        uri = storage.uri(file.name)
        taken = affected.pop(uri, 0)
        if not taken:
            continue
        remove.append(file)
        if taken == file.rows:
            continue
        # All columns of the file: a newer version may have written more than this one knows.
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM {parquet_scan([uri])} "
            f"WHERE NOT coalesce({condition}, false) ORDER BY time",
            list(parameters),
        )
        add.append(write_file(connection, storage, "SELECT * FROM kept", month=file.month, span="time"))
        connection.execute("DROP TABLE kept")
    if affected:
        raise LakeError(f"rows are in files that the table does not name: {', '.join(affected)}")
    return add, remove, rows
