"""From the flat rows of a SELECT to the rows of an answer, the same for every engine.

Bucket numbers become times, parts become measures, and buckets without events get their rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice, product
from typing import Any

from agentgauge.engines import columns as event_columns
from agentgauge.engines.columns import Column
from agentgauge.engines.query import Query, TimeBucket
from agentgauge.engines.sql import AggregateSelect
from agentgauge.engines.time_buckets import bucket_numbers, bucket_time, zone_named
from agentgauge.errors import QueryError

Row = tuple[Any, ...]

MOST_FILLED_ROWS = 200_000
"""A filled answer beyond this is refused: it is a year of quarter hours for five models, and more than anyone reads."""


def answer_columns(query: Query) -> tuple[Column, ...]:
    """The columns of a query's answer: group keys, then measures."""
    keys = tuple(_key_column(key) for key in query.group)
    return (*keys, *(column for measure in query.measures for column in measure.columns))


def _key_column(key: str | TimeBucket) -> Column:
    if isinstance(key, TimeBucket):
        return Column(key.label, "time")
    target = event_columns.column(key)
    return Column(key, "text") if target.type == "attribute" else target


def answer_rows(
    query: Query, select: AggregateSelect, selected: Iterable[Sequence[Any]], window: tuple[datetime, datetime] | None
) -> tuple[Row, ...]:
    """The answer's rows. `window`, first and last moment, says which buckets there are; it is needed where one is
    filled."""
    rows = [_row(query, select, row) for row in selected]
    if window is not None and any(isinstance(key, TimeBucket) and key.fill for key in query.group):
        rows = _filled(query, select, rows, window)
    return tuple(rows)


def _row(query: Query, select: AggregateSelect, selected: Sequence[Any]) -> Row:
    values: list[Any] = [
        bucket_time(key.width, zone_named(key.zone), value) if isinstance(key, TimeBucket) else value
        for key, value in zip(query.group, selected, strict=False)
    ]
    for measure, aggregate, positions in zip(query.measures, select.aggregates, select.positions, strict=True):
        parts = [selected[position] for position in positions]
        if any(isinstance(part, float) and not math.isfinite(part) for part in parts):
            raise QueryError(
                f"{measure.columns[0].name}: the values are too large for double precision; filter them out"
            )
        values.extend(aggregate.read(*parts))
    return tuple(values)


def _filled(query: Query, select: AggregateSelect, rows: list[Row], window: tuple[datetime, datetime]) -> list[Row]:
    """The rows and, for every combination of the other keys among them, rows for the buckets that have no events."""
    at, bucket = next((i, key) for i, key in enumerate(query.group) if isinstance(key, TimeBucket) and key.fill)
    zone, width = zone_named(bucket.zone), len(query.group)
    others = dict.fromkeys(row[:at] + row[at + 1 : width] for row in rows) or ([()] if width == 1 else [])
    numbers = list(islice(bucket_numbers(bucket.width, zone, *window), MOST_FILLED_ROWS + 1))
    if len(numbers) * len(others) > MOST_FILLED_ROWS:
        raise QueryError(
            f"more than {MOST_FILLED_ROWS} rows to fill, one for each {bucket.width} of {len(others)} groups: "
            "narrow the window, use a wider bucket or fewer group keys"
        )
    moments = [bucket_time(bucket.width, zone, number) for number in numbers]
    keys = [(*other[:at], moment, *other[at:]) for moment, other in product(moments, others)]
    keys.sort(key=lambda key: tuple((value is None, 0 if value is None else value) for value in key))
    nothing = tuple(value for aggregate in select.aggregates for value in aggregate.nothing)
    found = {row[:width]: row for row in rows}
    return [found.get(key, key + nothing) for key in keys]
