"""Losses as rows: what a scan of the journal reports, in the columns of the losses table."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from agentgauge.journal.scanner import Loss


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


def unreadable_losses(unreadable: Iterable[tuple[bytes, str]], sources: Iterable[tuple[Path, int]]) -> list[Loss]:
    """Where each line stands that had a right checksum but was no event.

    `sources` are the segments that the lines were read from, each with the byte the reading began at.
    """
    wanted = dict(unreadable)
    losses = []
    for path, start in sources if wanted else ():
        data = path.read_bytes() if path.exists() else b""
        for line, why in list(wanted.items()):
            offset = data.find(line, start)
            if offset >= 0:
                losses.append(Loss("unreadable record", 1, path.name, offset, detail=why))
                del wanted[line]
    return losses
