"""How large the tables of a lake are, from their logs: nothing of the data is read."""

from __future__ import annotations

import msgspec

from agentgauge.lake.table import LakeTable
from agentgauge.lake.tables import Tables
from agentgauge.settings import Home


class TableSize(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    rows: int
    files: int
    bytes: int
    """Of the files of the newest version; older ones wait an hour for readers that still have them."""
    version: int


def lake_sizes(home: Home) -> tuple[TableSize, ...]:
    """Of each table that there is: `events` first, then the sums that are kept of them, then the others. Raises
    `LakeError`.
    """
    tables = Tables(home)
    named: dict[str, LakeTable] = {
        "events": tables.events, **tables.rollups, "losses": tables.losses, "sources": tables.sources,
        "daily_aggregates": tables.daily, "repriced": tables.repriced,
    }  # fmt: skip
    return tuple(_size(name, table) for name, table in named.items() if table.load())


def _size(name: str, table: LakeTable) -> TableSize:
    files = table.files()
    return TableSize(
        name=name, rows=sum(file.rows for file in files), files=len(files), bytes=sum(file.size for file in files),
        version=table.version,
    )  # fmt: skip
