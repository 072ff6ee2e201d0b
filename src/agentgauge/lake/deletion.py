"""Taking events out of the lake: a person's on request, old ones by age.

`forget` is physical. The rows go from the data files, the files that held them are deleted, older versions of the table
with them, and what live segments of the journal still hold of the landed bytes is overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import duckdb
import msgspec

from agentgauge.errors import SettingsError
from agentgauge.events.source_ids import TIMED
from agentgauge.lake.blanking import blank_landed_bytes
from agentgauge.lake.closed_days import close_days, forget_in_closed_days
from agentgauge.lake.parquet import literal, parquet_scan, write_file
from agentgauge.lake.repriced import drop_rows_without_events
from agentgauge.lake.rewrite import files_with, without_rows
from agentgauge.lake.rollups.expiry import forget_in_rollups, keep_rollups, merge_expired
from agentgauge.lake.rollups.upkeep import roll_up
from agentgauge.lake.table import LakeTable
from agentgauge.lake.tables import Tables
from agentgauge.settings import Home

_OLDER = "coalesce(arrived, time) < ?"


class Deletion(msgspec.Struct, frozen=True):
    events: int
    """Rows removed."""
    files_rewritten: int


def delete_user(
    connection: duckdb.DuckDBPyConnection,
    tables: Tables,
    home: Home,
    user: str,
    *,
    rollups_from_rows: int,
    marks: Mapping[str, int],
) -> Deletion:
    """Remove every landed event of `user`, in a version that bears the `marks`, as transactions.

    To be called inside `writer_lock`, right after a compaction.
    """
    if not user:
        raise SettingsError("forget needs the name of a user, as recorded in the user field of the scope")
    done = _delete(connection, tables.events, '"user" = ?', [user], marks)
    tables.events.vacuum(0)
    drop_rows_without_events(connection, tables)
    forget_in_closed_days(connection, tables.daily, user)
    forget_in_rollups(connection, tables, user)
    roll_up(connection, tables, from_rows=rollups_from_rows, vacuum_hours=0)
    blank_landed_bytes(home)
    return done


def delete_older(
    connection: duckdb.DuckDBPyConnection,
    tables: Tables,
    before: datetime,
    *,
    rollups_from_rows: int,
    on_step: Callable[[str], None] = lambda name: None,
    marks: Mapping[str, int],
) -> Deletion:
    """Remove events that arrived before `before`, an aware time. Source ids of imported ones stay known, as digests, so
    that none comes back by import, and their days and their rollups keep their figures. `marks` as of `delete_user`.

    To be called inside `writer_lock`. Steps: `kept`, what is to stay of them is written; `expired`, they are gone.
    """
    _keep_source_keys(connection, tables, before)
    close_days(connection, tables, _OLDER, before)
    moment = f"{literal(before.astimezone(UTC).isoformat())}::TIMESTAMPTZ"
    transactions = keep_rollups(connection, tables, _OLDER.replace("?", moment))
    on_step("kept")
    done = _delete(connection, tables.events, _OLDER, [before], {**transactions, **marks})
    on_step("expired")
    roll_up(connection, tables, from_rows=rollups_from_rows)
    merge_expired(connection, tables)
    drop_rows_without_events(connection, tables)
    return done


def _delete(
    connection: duckdb.DuckDBPyConnection,
    table: LakeTable,
    condition: str,
    parameters: list[object],
    transactions: Mapping[str, int],
) -> Deletion:
    add, remove, rows = without_rows(connection, table, condition, parameters)
    if remove:
        table.commit(add, remove, transactions)
    return Deletion(events=rows, files_rewritten=len(remove))


def _keep_source_keys(connection: duckdb.DuckDBPyConnection, tables: Tables, before: datetime) -> None:
    """Before the rows go: a crash in between leaves a key twice, which changes nothing.

    Not of those whose repeats are looked for by their time: there are as many as spans, and no retry is that late.
    """
    kept = f"{_OLDER} AND NOT starts_with(source_id, '{TIMED}')"
    expiring = list(files_with(connection, tables.events, kept, [before]))
    if not expiring:
        return
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE keys AS SELECT DISTINCT md5(source_id) AS source_key "
        f"FROM {parquet_scan(expiring)} WHERE {kept} ORDER BY 1",
        [before],
    )
    file = write_file(connection, tables.sources.storage, "SELECT * FROM keys")
    connection.execute("DROP TABLE keys")
    tables.sources.commit([file])
