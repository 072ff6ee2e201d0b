"""Keys: the values of one dimension that a report tells apart.

Of `operation` an event that names none goes by what it is called itself, as a task `review` is the operation review.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentgauge.engines import Filter
from agentgauge.service.dimensions import dimension


def key_columns(by: str | None) -> tuple[str, ...]:
    """The columns that a key is read from; none where nothing is told apart. Raises `QueryError` for no dimension."""
    if by is None:
        return ()
    return ("operation", "name") if by == "operation" else (dimension(by),)


def key_of(values: Sequence[Any]) -> str | None:
    """The key that values of the columns make; None where the events have none, or nothing is told apart."""
    found = next((value for value in values if value is not None), None)
    if isinstance(found, bool):
        return "true" if found else "false"
    return None if found is None else str(found)


def key_conditions(columns: Sequence[str], values: Sequence[Any]) -> tuple[Filter, ...]:
    """What the events of these values of the columns meet."""
    return tuple(
        Filter(column, "is null") if value is None else Filter(column, "=", value)
        for column, value in zip(columns, values, strict=True)
    )
