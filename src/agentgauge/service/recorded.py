"""Whether what a question names was ever recorded: an answer of nothing must not hide that a name was mistyped."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.columns import BY_NAME as COLUMNS
from agentgauge.engines.columns import column
from agentgauge.engines.conditions import Operand
from agentgauge.errors import QueryError
from agentgauge.service.dimensions import dimension, unknown_dimension
from agentgauge.service.filters import LISTED_VALUES, MET_BY_ABSENT
from agentgauge.service.readings.keys import key_of
from agentgauge.service.window import Window

_NAMED = 8
"""Of the values there are, how many an error names."""
_COMPARED = 1000
"""The most frequent values, among which a similar one is looked for."""
_PREFIX = "attributes."
_EVER = Window()


def check_recorded(engine: Engine, window: Window, filters: Sequence[Filter] = (), by: Sequence[str] = ()) -> None:
    """Look for what conditions and dimensions name.

    Raises `QueryError` with near names

        for an attribute of `by` that no event of the window has, where the window has events;
        where no event of the window meets the conditions, for a value of `=` that no event ever had, and for an
        attribute that none ever had.

    Costs one count per attribute of `by`, and one where there are conditions; more only where these counts are zero.
    """
    for name in by:
        field = dimension(name)
        if field in COLUMNS or _count(engine, window, (Filter(field, "is not null"),)):
            continue
        if _count(engine, window, ()):
            raise unknown_dimension(name)
    if filters and not _count(engine, window, filters):
        for condition in filters:
            _check(engine, condition)


def _check(engine: Engine, condition: Filter) -> None:
    field, name = condition.field, condition.field.removeprefix(_PREFIX)
    if condition.op in MET_BY_ABSENT:
        return
    if field not in COLUMNS and not _count(engine, _EVER, (Filter(field, "is not null"),)):
        raise unknown_dimension(name, "")
    if condition.op not in ("=", "in") or column(field).type not in ("text", "attribute") or field in LISTED_VALUES:
        return
    for value in condition.value if isinstance(condition.value, tuple) else (condition.value,):
        if value is not None and not _count(engine, _EVER, (Filter(field, "=", value),)):
            raise _unknown_value(engine, field, name, value)


def _unknown_value(engine: Engine, field: str, name: str, value: Operand) -> QueryError:
    query = Query(
        filters=(Filter(field, "is not null"),), group=(field,), measures=(Measure("count"),), order=("-count",)
    )
    said = f"no event has {name} {str(value)!r}"
    known = [key for row in engine.aggregate(query).records() if (key := key_of((row[field],))) is not None]
    if not known:
        return QueryError(f"{said}, and none has another")
    near = get_close_matches(str(value), known[:_COMPARED], n=1)
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    meant = f": did you mean {near[0]}?" if near else "."
    return QueryError(f"{said}{meant} There are {', '.join(sorted(known[:_NAMED]))}{more}")


def _count(engine: Engine, window: Window, filters: Sequence[Filter]) -> int:
    query = Query(start=window.start, end=window.end, filters=tuple(filters), measures=(Measure("count"),))
    counted: int = engine.aggregate(query).records()[0]["count"]
    return counted
