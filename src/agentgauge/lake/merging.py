"""Merging small files: every batch leaves a file, and a reader should open few.

Files of one month are put into size classes, each eight times the one before; where a class has gathered eight files
they become one, sorted by time. So a row is rewritten once per class, whatever the number of batches, and a large file
is left alone.
"""

from __future__ import annotations

from collections import defaultdict

import duckdb

from agentgauge.lake.parquet import parquet_scan, write_file
from agentgauge.lake.table import DataFile, LakeTable

FAN_IN = 8
_SMALLEST = 64 << 10
LARGE = 128 << 20
"""Bytes from which a file is never merged again."""


def size_class(size: int) -> int:
    """0 below 64 KiB, 1 below 512 KiB, and so on."""
    return 0 if size < _SMALLEST else ((size // _SMALLEST).bit_length() - 1) // 3 + 1


def merge_small_files(connection: duckdb.DuckDBPyConnection, table: LakeTable, most_rows: int | None = None) -> int:
    """Merge what can be merged, one commit per group. Returns how many files went into merged ones.

    Files of `most_rows` rows or more are left as they are.
    """
    merged = 0
    while group := _next_group([file for file in table.files() if most_rows is None or file.rows < most_rows]):
        uris = [table.storage.uri(file.name) for file in group]
        select = f"SELECT * FROM {parquet_scan(uris)} ORDER BY time, id"
        file = write_file(connection, table.storage, select, month=group[0].month, span="time")
        table.commit([file], group, data_change=False)
        merged += len(group)
    return merged


def _next_group(files: list[DataFile]) -> list[DataFile]:
    groups: dict[tuple[str | None, int], list[DataFile]] = defaultdict(list)
    for file in files:
        if file.size < LARGE:
            groups[file.month, size_class(file.size)].append(file)
    return next((group for group in groups.values() if len(group) >= FAN_IN), [])
