"""Columns of the lake's tables, derived from the fields of an event.

`events`: one row per event that landed, partitioned by the UTC month of `time`, sorted by time inside a file.
`losses`: what the recorder refused or dropped and what was torn, one row per report.
`sources`: digests of the source ids of events that have expired, so that an import still knows them.
`daily_aggregates`: figures of days whose events have expired; there from the first expiry on.
`repriced`: what calls cost before they were priced anew, and since; there from the first repricing on.

The tables of rollups are in `agentgauge.lake.rollups`.
"""

from __future__ import annotations

from collections.abc import Mapping

from deltalake import Field as DeltaField
from deltalake import Schema
from deltalake.schema import ArrayType, PrimitiveType

from agentgauge.events import fields
from agentgauge.events.fields import Field, FieldType

SQL_TYPES: dict[FieldType, str] = {
    "text": "VARCHAR",
    "whole": "BIGINT",
    "real": "DOUBLE",
    "money": "DECIMAL(18,12)",
    "time": "TIMESTAMPTZ",
    "json": "JSON",
}
_DELTA_TYPES: dict[str, str] = {
    "VARCHAR": "string",
    "INTEGER": "integer",
    "BIGINT": "long",
    "DOUBLE": "double",
    "DECIMAL(18,12)": "decimal(18,12)",
    "DECIMAL(38,12)": "decimal(38,12)",
    "TIMESTAMPTZ": "timestamp",
    "JSON": "string",
}

EVENTS = (*fields.IDENTITY, *fields.ALL)
LOSSES = (
    Field("time", "time"),
    Field("reason", "text"),
    Field("count", "whole"),
    Field("file", "text"),
    Field("offset", "whole"),
    Field("detail", "text"),
)
SOURCES = (Field("source_key", "text"),)
DAILY = (
    *(Field(name, "text") for name in ("date", "feature", "metric_type", "metric_name")),
    *(Field(name, "real") for name in ("avg_value", "min_value", "max_value", "stddev")),
    Field("count", "whole"),
    *(Field(name, "real") for name in ("percentile_50", "percentile_95", "percentile_99")),
    Field("created", "time"),
    Field("users", "json"),
    Field("nobodys", "whole"),
)
"""`created` is when the last of the events arrived; `users` are digests of the people that they name, `nobodys` is how
many name none."""

REPRICED = (
    Field("repricing", "text"),
    Field("repriced", "time"),
    *fields.IDENTITY,
    Field("time", "time"),
    *fields.MODEL,
    Field("old_cost_usd", "money"),
    Field("old_cost_source", "text"),
    Field("old_price_version", "text"),
    *fields.COST,
)
"""`repriced` is when the repricing took place that `repricing` names; `id`, `segment` and `n` are the event's."""

DERIVED = {
    "success": "(outcome = 'success')",
    "work_item": "coalesce(ticket, issue)",
    "tokens": "(input_tokens + output_tokens)",
}
"""Columns that the `events` view adds, by their SQL."""


def sql_columns(columns: tuple[Field, ...]) -> dict[str, str]:
    """The SQL type of each column."""
    return {column.name: SQL_TYPES[column.type] for column in columns}


def delta_schema(columns: Mapping[str, str], partition: str | None = None) -> Schema:
    """The Delta schema of columns given by their SQL types, and of the text by which files are partitioned."""
    members = [DeltaField(name, _delta_type(sql_type)) for name, sql_type in columns.items()]
    if partition is not None:
        members.append(DeltaField(partition, PrimitiveType("string")))
    return Schema(members)


def _delta_type(sql_type: str) -> PrimitiveType | ArrayType:
    element = PrimitiveType(_DELTA_TYPES[sql_type.removesuffix("[]")])
    return ArrayType(element, contains_null=True) if sql_type.endswith("[]") else element


def empty_relation(columns: tuple[Field, ...]) -> str:
    """A SELECT of no rows with these columns and types."""
    typed = ", ".join(f'NULL::{SQL_TYPES[column.type]} AS "{column.name}"' for column in columns)
    return f"SELECT {typed} WHERE false"


def column_list(columns: tuple[Field, ...]) -> str:
    return ", ".join(f'"{column.name}"' for column in columns)
