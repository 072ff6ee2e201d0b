"""Dimensions: names by which people tell events apart, and the columns and attributes that they mean."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from agentgauge.engines.columns import BY_NAME as COLUMNS
from agentgauge.engines.time_buckets import WIDTHS
from agentgauge.errors import QueryError
from agentgauge.events.fields import TOKEN_NAMES

_ADDED_UP = ("cost_usd", "tokens", *TOKEN_NAMES)
DIMENSIONS = tuple(column.name for column in COLUMNS.values() if column.type in ("text", "flag"))
"""Columns by which events can be broken down."""
USUAL = ("model", "provider", "agent", "role", "tool", "project", "issue", "ticket", "session", "run", "user", "team")
"""Dimensions that are named where one was mistyped."""
_MISTYPED = 0.75
"""How alike a dimension a name must be to be taken for it: `agnet` is, and `temperature`, to `feature`, is not."""


def dimension(name: str) -> str:
    """The column that a dimension's name means: an event's own column, else the attribute of that key.

    Raises `QueryError` for a column that is added up, and for time.
    """
    if name == "time":
        raise QueryError(f"time is no dimension but a course: ask for it by bucket, one of {', '.join(WIDTHS)}")
    if name in _ADDED_UP:
        raise QueryError(f"{name} is added up in every group: break down by another, of {', '.join(DIMENSIONS)}")
    return name if name in COLUMNS or name.startswith("attributes.") else f"attributes.{name}"


def near_dimension(name: str) -> str | None:
    """The dimension that was probably meant by a name of none."""
    near = get_close_matches(name.lower(), {*DIMENSIONS, *USUAL}, n=1, cutoff=_MISTYPED)
    return near[0] if near else None


def unknown_dimension(name: str, where: str = "of the window") -> QueryError:
    """What is said of a name that is no column, and no key of attributes of any event `where` they were looked for."""
    if name == "tool":
        return QueryError("tools are the names of tool calls: take name, where kind=tool_call")
    near = near_dimension(name)
    return QueryError(
        f"no column is called {name!r} and no event {where + ' ' if where else ''}has an attribute of that name"
        f"{f': did you mean {near}?' if near else '.'} Usual are {', '.join(USUAL)}; "
        "DESCRIBE events, in SQL, lists all columns"
    )


def parse_dimensions(texts: Iterable[str]) -> tuple[str, ...]:
    """The dimensions that texts name, one or several with commas, each once. Raises `QueryError` for a text of none."""
    found: dict[str, None] = {}
    for text in texts:
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names:
            raise QueryError(f"{text!r} names no dimension: usual are {', '.join(USUAL)}")
        found.update(dict.fromkeys(names))
    return tuple(found)
