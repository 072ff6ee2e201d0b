"""What the lake's tests ask of a lake."""

from __future__ import annotations

from typing import Any

from agentgauge.lake import Lake


def rows(lake: Lake, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with lake.snapshot() as snapshot:
        return snapshot.connection.execute(sql, list(parameters)).fetchall()


def one(lake: Lake, sql: str, *parameters: object) -> Any:
    return rows(lake, sql, *parameters)[0][0]


def values(lake: Lake) -> list[float]:
    """The `value` of every measurement named n, sorted: tests number their events so."""
    return [value for (value,) in rows(lake, "SELECT value FROM events WHERE name = 'n' ORDER BY value")]
