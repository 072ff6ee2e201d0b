"""Rollups of events that have expired: what outlives raw retention.

Before an expiry removes rows, the rollups of exactly these rows are written under the expiry's name. They count from
the version of the events table on that has its transaction, the one that no longer has the rows. So a crash between the
two commits neither loses nor doubles anything: what it leaves is the rollup of an expiry that never happened, which the
next upkeep removes.

A month's files of many expiries are merged into one, which counts by a transaction of its own and from then on takes
their place. They are removed an hour later: a reader that began before needs them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict

import duckdb

from agentgauge.lake.parquet import literal, parquet_scan, write_file
from agentgauge.lake.rollups.levels import EXPIRIES, LEVELS, UNITS, expired_name, expired_of
from agentgauge.lake.rollups.upkeep import counting_files, raw_rows
from agentgauge.lake.table import DataFile
from agentgauge.lake.tables import Tables

FAN_IN = 16


def keep_rollups(connection: duckdb.DuckDBPyConnection, tables: Tables, condition: str) -> dict[str, int]:
    """Write the rollups of the rows that meet `condition`. Returns the transactions that the commit which removes them
    has to carry; none where there are no such rows.

    To be called inside `writer_lock`, before that commit.
    """
    months: dict[str, list[str]] = defaultdict(list)
    for file in _files_with(connection, tables, condition):
        months[file.month or ""].append(tables.events.storage.uri(file.name))
    if not months:
        return {}
    sources = {month: raw_rows(connection, uris, condition) for month, uris in sorted(months.items())}
    number = tables.events.transaction(EXPIRIES) + 1
    expiry = expired_name(number, secrets.token_hex(8))
    for level in LEVELS:
        table = tables.rollups[level.name]
        table.load(create=True)
        add = [
            write_file(
                connection,
                table.storage,
                [level.select(source) for source in rows],
                month=month,
                span=level.span,
                label=f"{expiry}.",
            )
            for month, rows in sources.items()
        ]
        table.commit(add)
    return {expiry: 1, EXPIRIES: number}


def merge_expired(connection: duckdb.DuckDBPyConnection, tables: Tables, *, fan_in: int = FAN_IN) -> None:
    """Merge the files of expiries in every month that has `fan_in` of them. To be called inside `writer_lock`."""
    number = tables.events.transaction(EXPIRIES)
    merging = expired_name(number, secrets.token_hex(8), is_merged=True)
    is_needed = False
    for level in LEVELS:
        table = tables.rollups[level.name]
        if not table.load():
            continue
        order = " ORDER BY time" if level.seconds else ""
        add = [
            write_file(
                connection,
                table.storage,
                f"SELECT * FROM {parquet_scan([table.storage.uri(file.name) for file in files])}{order}",
                month=month,
                span=level.span,
                label=f"{merging}.",
            )
            for month, files in sorted(counting_files(tables.events, table.files()).items())
            if len(files) >= fan_in
        ]
        if add:
            table.commit(add)
            is_needed = True
    if is_needed:
        tables.events.commit([], [], {merging: 1}, data_change=False)


def _files_with(connection: duckdb.DuckDBPyConnection, tables: Tables, condition: str) -> list[DataFile]:
    files = {tables.events.storage.uri(file.name): file for file in tables.events.files()}
    if not files:
        return []
    found = connection.execute(
        f"SELECT DISTINCT filename FROM {parquet_scan(list(files), filename=True)} WHERE {condition}"
    ).fetchall()
    return [files[uri] for (uri,) in found]


def forget_in_rollups(connection: duckdb.DuckDBPyConnection, tables: Tables, user: str) -> None:
    """Take `user` out of the units of expired events: the person's own row, the rows of units that are of nobody else,
    and the digest in others. Sums and histograms name no person.

    To be called inside `writer_lock`, after the events themselves are gone. Physical.
    """
    table = tables.rollups[UNITS.name]
    if not table.load():
        return
    digest = literal(hashlib.md5(user.encode(), usedforsecurity=False).hexdigest())
    others = f"list_filter(users, lambda person: person IS DISTINCT FROM {digest})"
    add: list[DataFile] = []
    remove: list[DataFile] = []
    for file in table.files():
        expired = expired_of(file.name)
        scan = parquet_scan([table.storage.uri(file.name)])
        if expired is None or not _any(connection, f"SELECT 1 FROM {scan} WHERE list_contains(users, {digest})"):
            continue
        remove.append(file)
        kept = (
            f"SELECT * REPLACE ({others} AS users) FROM {scan} WHERE (nobodys > 0 OR len({others}) > 0) "
            f"AND NOT (unit_kind = 'user' AND unit = {literal(user)})"
        )
        if _any(connection, kept):
            add.append(write_file(connection, table.storage, kept, month=file.month, label=f"{expired.application}."))
    if remove:
        table.commit(add, remove)


def _any(connection: duckdb.DuckDBPyConnection, select: str) -> bool:
    return connection.execute(f"SELECT 1 FROM ({select}) LIMIT 1").fetchone() is not None
