"""The history of repricing: what each landed call cost before and after, as rows of the table `repriced`.

A repricing writes its rows here first and then changes the events, in one commit whose application transaction names
the repricing. Rows count only where the events table has that transaction, so a crash between the two commits leaves
rows that nobody sees, and never a changed cost without its old value. Each data file carries the name of its repricing,
so telling which rows count reads no file.

The rows are as personal as the events they are about. They go when the events go.
"""

from __future__ import annotations

import duckdb

from agentgauge.lake.parquet import parquet_scan, write_file
from agentgauge.lake.schema import REPRICED, column_list, empty_relation
from agentgauge.lake.table import DataFile
from agentgauge.lake.tables import Tables

_SEPARATOR = "-"


def transaction_of(repricing: str) -> str:
    """The application transaction by which the events table says that a repricing took place."""
    return f"repricing-{repricing}"


def label_of(repricing: str) -> str:
    """What the names of a repricing's data files begin with."""
    return f"{repricing}{_SEPARATOR}"


def repriced(tables: Tables) -> str:
    """A SELECT of the history, as of the version of the events table that was read."""
    uris = [tables.repriced.storage.uri(file.name) for file in tables.repriced.files() if _counts(tables, file)]
    return f"SELECT {column_list(REPRICED)} FROM {parquet_scan(uris)}" if uris else empty_relation(REPRICED)


def never_happened(tables: Tables) -> list[DataFile]:
    """Data files of repricings that a crash ended before they changed anything."""
    return [file for file in tables.repriced.files() if not _counts(tables, file)]


def drop_rows_without_events(connection: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """Take what is about deleted events out of the history, physically. To be called inside `writer_lock`."""
    if not tables.repriced.uris():
        return
    present = tables.events.uris()
    ids = f"SELECT id FROM {parquet_scan(present)}" if present else "SELECT NULL::BIGINT AS id WHERE false"
    add: list[DataFile] = []
    remove: list[DataFile] = []
    for file in tables.repriced.files():
        rows = parquet_scan([tables.repriced.storage.uri(file.name)])
        connection.execute(f"CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM {rows} SEMI JOIN ({ids}) USING (id)")
        count = connection.execute("SELECT count(*) FROM kept").fetchone()
        if count == (file.rows,):
            continue
        remove.append(file)
        if count != (0,):
            select = "SELECT * FROM kept ORDER BY time, id"
            add.append(write_file(connection, tables.repriced.storage, select, label=label_of(_repricing(file))))
    connection.execute("DROP TABLE IF EXISTS kept")
    if remove:
        tables.repriced.commit(add, remove)
        tables.repriced.vacuum(0)


def _counts(tables: Tables, file: DataFile) -> bool:
    return tables.events.transaction(transaction_of(_repricing(file))) > 0


def _repricing(file: DataFile) -> str:
    return file.name.partition(_SEPARATOR)[0]
