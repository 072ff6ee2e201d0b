"""Losses as rows: what a scan of the journal reports, in the columns of the losses table."""

from __future__ import annotations

import time
from collections.abc import Sequence

import duckdb

from agentgauge.journal import Loss


def insert_losses(connection: duckdb.DuckDBPyConnection, table: str, losses: Sequence[Loss]) -> None:
    """Insert into a table with the columns of `LOSSES`.

    What has no time of its own, damage, gets the time it was found.
    """
    now = time.time_ns() // 1000
    if losses:
        connection.executemany(
            f"INSERT INTO {table} VALUES (make_timestamptz(?::BIGINT), ?, ?, ?, ?, ?)",
            [[loss.time or now, loss.reason, loss.count, loss.file, loss.offset, loss.detail] for loss in losses],
        )
