"""What every agent (operation, model, ...) of every project came to in every hour, in one question, as arrays.

An answer of `aggregate` has a Python object per value: half a million hours of agents take seconds. Here sums leave the
database as arrays: 300,000 hours of 200 agents, which are ten million events, take a quarter of a second from rollups.
Money is added exactly and only then a float. An hour of which rollups know nothing is read from its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from agentgauge.engines.dialect import DUCKDB
from agentgauge.engines.query import Filter, Query
from agentgauge.engines.rollup_aggregates import KEYS
from agentgauge.engines.sql import conditions
from agentgauge.events import kinds
from agentgauge.events.event import to_micros
from agentgauge.lake.rollups.figures import BY_NAME as ROLLED
from agentgauge.lake.rollups.figures import DIMENSIONS, listed
from agentgauge.lake.rollups.reading import Rollups

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Key = tuple[str | None, str | None]
"""A project, and the agent (operation, ...) where these are told apart; None of what names none."""

FIGURES: dict[str, tuple[tuple[str, ...], str]] = {
    "tasks": (kinds.TASK_KINDS, "events"),
    "successes": (kinds.TASK_KINDS, "successes"),
    "failures": (kinds.TASK_KINDS, "failures"),
    "durations": (kinds.TASK_KINDS, "duration_ms_count"),
    "duration_ms": (kinds.TASK_KINDS, "duration_ms_sum"),
    "scores": (kinds.TASK_KINDS, "quality_score_count"),
    "quality_score": (kinds.TASK_KINDS, "quality_score_sum"),
    "calls": (("llm_call",), "events"),
    "tokens": (("llm_call",), "tokens_sum"),
    "cost_usd": (kinds.USAGE_KINDS, "cost_usd_sum"),
    "unpriced": (kinds.USAGE_KINDS, "unpriced"),
    "events": ((), "events"),
}
"""Of each figure the kinds of the events that it is of (none: of all), and the figure of rollups that it is the sum of.
"""

_HOUR = timedelta(hours=1)
_HOUR_SECONDS = 3600


class Hourly(msgspec.Struct, frozen=True):
    start: datetime
    """Of the first hour."""
    hours: int
    keys: tuple[Key, ...]
    cells: dict[str, list[NDArray[Any]]]
    """Of each figure, and of `hour`, counted from the first: for each key the values of the hours that have events."""

    def table(self, figure: str, first: int = 0) -> NDArray[np.float64]:
        """A row for each key, a column for each hour from the `first` one on; 0 where there are no events."""
        import numpy as np

        found = np.zeros((len(self.keys), self.hours - first))
        for row, hour, values in zip(found, self.cells["hour"], self.cells[figure], strict=True):
            late = hour >= first
            np.add.at(row, hour[late] - first, values[late])
        return found

    def of_projects(self) -> Hourly:
        """All keys of a project together."""
        import numpy as np

        members: dict[str | None, list[int]] = {}
        for at, (project, _) in enumerate(self.keys):
            members.setdefault(project, []).append(at)
        cells = {
            name: [np.concatenate([of_key[at] for at in own]) for own in members.values()]
            for name, of_key in self.cells.items()
        }
        return Hourly(self.start, self.hours, tuple((project, None) for project in members), cells)


def hourly(
    connection: duckdb.DuckDBPyConnection,
    rollups: Rollups,
    start: datetime,
    end: datetime,
    *,
    by: str | None = None,
    filters: Sequence[Filter] = (),
    figures: Sequence[str] = tuple(FIGURES),
) -> Hourly:
    """The figures of the hours from `start` to `end`, which are whole hours of UTC, in order of the keys.

    `by` is a column of text. What rollups do not tell apart (a feature, a user, a team) is read from the rows.
    """
    columns = tuple(dict.fromkeys(("project", *((by,) if by else ()), *(each.field for each in filters))))
    if all(name in KEYS for name in columns):
        dimensions = tuple(name for name in DIMENSIONS if name in columns)
        source = rollups.sums(dimensions, start, end, longest_seconds=_HOUR_SECONDS).sql
    else:
        source = _rows(columns, start, end)
    hours = round((end - start) / _HOUR)
    if not source:
        return Hourly(start, hours, (), {name: [] for name in ("hour", *figures)})
    key = f'"{by}"' if by else "NULL::VARCHAR"
    where = [each.sql(DUCKDB.name) for each in conditions(Query(filters=tuple(filters)), DUCKDB)]
    sums = ", ".join(f'{_sum(*FIGURES[name])} AS "{name}"' for name in figures)
    lists = ", ".join(f'list("{name}")' for name in ("hour", *figures))
    cursor = connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    found = cursor.execute(
        f"SELECT project, key, {lists} FROM (SELECT project, {key} AS key, "  # noqa: S608 - of names that are ours
        f"((epoch_us(time) - {to_micros(start)}) // 3600000000)::INTEGER AS hour, {sums} FROM ({source}) "
        f"{'WHERE ' + ' AND '.join(where) if where else ''} GROUP BY 1, 2, 3) "
        "GROUP BY project, key ORDER BY project NULLS LAST, key NULLS LAST"
    ).fetchnumpy()
    project, keys, *arrays = found.values()
    return Hourly(
        start,
        hours,
        tuple(zip(_texts(project), _texts(keys), strict=True)),
        {name: list(of_keys) for name, of_keys in zip(("hour", *figures), arrays, strict=True)},
    )


def _rows(columns: Sequence[str], start: datetime, end: datetime) -> str:
    """Events as if each were a rollup of itself."""
    used = dict.fromkeys(figure for _, figure in FIGURES.values())
    return (
        f"SELECT time, kind, {', '.join(_quoted(columns))}, "  # noqa: S608 - of names that are ours
        f"{', '.join(f'{ROLLED[name].of_one} AS {name}' for name in used)} FROM events "
        f"WHERE time >= make_timestamptz({to_micros(start)}) AND time < make_timestamptz({to_micros(end)})"
    )


def _quoted(columns: Sequence[str]) -> list[str]:
    return [f'"{name}"' for name in columns]


def _sum(of_kinds: Sequence[str], figure: str) -> str:
    # Counts are whole in a DOUBLE, in which adding them up takes half the time of DuckDB's 128 bits.
    value = figure if ROLLED[figure].sql_type.startswith("DECIMAL") else f"{figure}::DOUBLE"
    among = f"CASE WHEN kind IN ({listed(tuple(of_kinds))}) THEN {value} END" if of_kinds else value
    return f"coalesce(sum({among}), 0)::DOUBLE"


def _texts(values: NDArray[Any]) -> list[str | None]:
    import numpy as np

    absent = np.ma.getmaskarray(values)
    return [None if gone or value is None else str(value) for value, gone in zip(values, absent, strict=True)]
