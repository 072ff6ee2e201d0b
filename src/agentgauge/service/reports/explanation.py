"""What the question why a figure changed is answered with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from agentgauge.analysis.decomposition import Part
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.engines.columns import BY_NAME as COLUMNS
from agentgauge.engines.query import Relation
from agentgauge.service.dimensions import dimension, unknown_dimension
from agentgauge.service.window import Window

UnitOfWork = Literal["operation", "call", "use"]
"""A task; a model call; a model or tool call."""


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two windows."""

    window: Window
    days: float
    """Its length so far: of a window that is not over only what has passed counts."""
    value: Decimal | None
    """The figure; None where it is not known: no call has a price, or there is nothing to take a mean of."""
    count: int
    """Units of work; of a mean the events that it is of."""
    unpriced_calls: int = 0
    """Calls that are in no sum of money. 0 where money is not asked for."""
    failed: Decimal | None = None
    """What of the figure went to calls that failed; None of a mean."""
    is_unfinished: bool = False
    """The window is not over."""


class Contributor(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a dimension: its own figures, and what it has of the change."""

    key: Any
    before: Decimal | None
    after: Decimal | None
    change: Decimal
    """Those of all keys add up to the change."""
    count_before: int
    """Model calls; of a mean the events that it is of."""
    count_after: int
    unpriced_before: int = 0
    unpriced_after: int = 0
    mix: Decimal | None = None
    """Of a mean: how much of `change` is that the group weighs otherwise."""


class Contributors(msgspec.Struct, frozen=True):
    by: str
    rows: tuple[Contributor, ...]
    """The largest change first."""


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Two shares, counted, and whether they can be told apart."""

    before: int
    """Events that the share is of: that succeeded, or that failed."""
    n_before: int
    after: int
    n_after: int
    p_value: float
    """Fisher's exact test with mid-p, were the events independent of each other."""
    shown: bool
    """Whether the difference can be told from chance at 5 %."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    """USD, token or the metric's; 1 is a ratio."""
    before: Period
    after: Period
    change: Decimal | None
    """Of the priced calls. None where one of the windows has nothing to take a mean of."""
    relative: float
    """Change over what was before; NaN where that is 0."""
    unit_of_work: UnitOfWork | None
    """None of a mean."""
    parts: tuple[Part, ...]
    """Of cost and tokens one per factor, else `within` and `mix`; they add up to `change` exactly."""
    contributors: tuple[Contributors, ...]
    is_partial: bool
    """Calls without a price are in one of the windows, so the change of the whole cost is not known."""
    overlap: bool = False
    """Some time is in both windows."""
    recorded_since: datetime | None = None
    """The first event there is, where it is later than the start of the earlier window."""
    shares: Shares | None = None
    """Of a share whose windows both have events."""
    way: Way = "raw"
    exact: bool = True


def sorted_contributors(by: str, rows: Iterable[Contributor]) -> Contributors:
    return Contributors(by, tuple(sorted(rows, key=lambda row: (-abs(row.change), str(row.key)))))


def relative(change: Decimal, before: Decimal | None) -> float:
    return float(change / abs(before)) if before else math.nan


def grouped(
    engine: Engine,
    windows: Sequence[Window],
    name: str,
    filters: Sequence[Filter],
    measures: Sequence[Measure],
    relation: Relation = "events",
    *,
    otherwise: str | None = None,
) -> Sequence[Mapping[Any, Mapping[str, Any]]]:
    """Per window the measures of each value of a dimension; `tool` is the name of tool calls.

    What has no value goes by its value of the column `otherwise`; measures must be such as add up then.

    Raises `QueryError` where nothing has such an attribute.
    """
    column = "name" if name == "tool" else dimension(name)
    found = [_rows(engine, window, column, filters, measures, relation) for window in windows]
    keys = {key for window in found for key in window}
    if keys == {None} and column not in COLUMNS:
        raise unknown_dimension(name, "of the windows")
    if otherwise is not None:
        return [
            _with_otherwise(engine, rows, window, (column, otherwise), filters, measures, relation)
            for rows, window in zip(found, windows, strict=True)
        ]
    return found


def _rows(
    engine: Engine,
    window: Window,
    column: str,
    filters: Sequence[Filter],
    measures: Sequence[Measure],
    relation: Relation,
) -> dict[Any, Mapping[str, Any]]:
    query = Query(
        start=window.start,
        end=window.end,
        filters=tuple(filters),
        group=(column,),
        measures=tuple(measures),
        relation=relation,
    )
    return {row[column]: row for row in engine.aggregate(query).records()}


def _with_otherwise(
    engine: Engine,
    rows: Mapping[Any, Mapping[str, Any]],
    window: Window,
    columns: tuple[str, str],
    filters: Sequence[Filter],
    measures: Sequence[Measure],
    relation: Relation,
) -> Mapping[Any, Mapping[str, Any]]:
    """Asked apart, and only where there are such: rollups do not know names."""
    if None not in rows:
        return rows
    first, second = columns
    merged = {key: row for key, row in rows.items() if key is not None}
    unnamed = (*filters, Filter(first, "is null"))
    for key, row in _rows(engine, window, second, unnamed, measures, relation).items():
        merged[key] = _sum(merged[key], row, measures) if key in merged else row
    return merged


def _sum(first: Mapping[str, Any], second: Mapping[str, Any], measures: Sequence[Measure]) -> dict[str, Any]:
    names = [measure.name for measure in measures]
    return {name: (first[name] or 0) + (second[name] or 0) for name in names}
