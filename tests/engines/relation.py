"""Events as the relation `events` of a DuckDB connection, as the lake lays them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import msgspec

from agentgauge.events import Event, fields
from agentgauge.lake.schema import SQL_TYPES


def connection_with(events: Sequence[Event]) -> duckdb.DuckDBPyConnection:
    """An in-memory database whose `events` are these, their ids counted from 1."""
    connection = duckdb.connect()
    columns = ["id BIGINT", "segment VARCHAR", "n BIGINT"]
    columns += [f'"{field.name}" {SQL_TYPES[field.type]}' for field in fields.ALL]
    connection.execute(f"CREATE TABLE landed ({', '.join(columns)})")
    if events:
        lists = ", ".join("unnest(?::VARCHAR[])" for _ in columns)
        rows = [_row(number, event) for number, event in enumerate(events, 1)]
        connection.execute(f"INSERT INTO landed SELECT {lists}", [list(values) for values in zip(*rows, strict=True)])
    connection.execute(
        "CREATE VIEW events AS "
        "SELECT *, outcome = 'success' AS success, coalesce(ticket, issue) AS work_item, "
        "input_tokens + output_tokens AS tokens FROM landed"
    )
    return connection


def _row(number: int, event: Event) -> list[str | None]:
    identity = [str(number), "a-segment", str(number)]
    return [*identity, *(_text(field, getattr(event, field.name)) for field in fields.ALL)]


def _text(field: fields.Field, value: Any) -> str | None:
    if value is None:
        return None
    if field.type == "time":
        return value.isoformat()
    return msgspec.json.encode(value).decode() if field.type == "json" else str(value)
