"""Sums over a stretch of time: one row per bucket, kind and values of the dimensions, with the figures of its events.

Quarters of an hour, because every zone's hours and days are multiples of them (those of a few zones of the past are
not). Three coarser readings of the same events are kept for speed: whole UTC days by all dimensions; hours by project
and agent, which is what alert rules look at (quarters by all dimensions of many agents are nearly as many rows as there
are events, and hours of agents a tenth); and half hours, of which the days of all but three of today's zones are made,
by one dimension alone.
"""

from __future__ import annotations

from datetime import date

from agentgauge.lake.parquet import literal
from agentgauge.lake.rollups.figures import DIMENSIONS, FIGURES

QUARTER, HALF_HOUR, HOUR, DAY = 900, 1800, 3600, 86_400
"""Seconds."""

_EPOCH_MICROS = (date(1970, 1, 1).toordinal() - 1) * DAY * 1_000_000
_FIGURE_TYPES = {figure.name: figure.sql_type for figure in FIGURES}
_FIGURES = ", ".join(f'{figure.of_events} AS "{figure.name}"' for figure in FIGURES)

AGENTS = ("project", "agent")
COLUMNS = {"time": "TIMESTAMPTZ", "kind": "VARCHAR", **dict.fromkeys(DIMENSIONS, "VARCHAR"), **_FIGURE_TYPES}
AGENT_COLUMNS = {"time": "TIMESTAMPTZ", "kind": "VARCHAR", **dict.fromkeys(AGENTS, "VARCHAR"), **_FIGURE_TYPES}
SINGLE_COLUMNS = {
    "time": "TIMESTAMPTZ",
    "kind": "VARCHAR",
    "dimension": "VARCHAR",
    "value": "VARCHAR",
    **_FIGURE_TYPES,
}
"""`dimension` is the name of the one by whose value the row is told apart; '' in rows of all values together."""


def bucket(seconds: int) -> str:
    """SQL of the start of an event's bucket in UTC. Counted from the year 1, since SQL divides towards zero."""
    return f"make_timestamptz(epoch_us(time) - (epoch_us(time) + {_EPOCH_MICROS}) % {seconds * 1_000_000})"


def sums(events: str, seconds: int, dimensions: tuple[str, ...] = DIMENSIONS) -> str:
    """A SELECT of the time, the kind, these dimensions and all figures; `events` is a FROM item of raw rows."""
    keys = ", ".join(("kind", *dimensions))
    return f"SELECT {bucket(seconds)} AS time, {keys}, {_FIGURES} FROM {events} GROUP BY ALL ORDER BY time, {keys}"


def single_sums(events: str, seconds: int) -> str:
    """A SELECT of the columns `SINGLE_COLUMNS`: every event is in one row per dimension, and in one of none."""
    parts = [
        f"SELECT * FROM (SELECT {bucket(seconds)} AS time, kind, {literal(dimension)} AS dimension, "
        f"{dimension or 'NULL::VARCHAR'} AS value, {_FIGURES} FROM {events} GROUP BY 1, 2, 3, 4 "
        "ORDER BY time)"
        for dimension in ("", *DIMENSIONS)
    ]
    return " UNION ALL ".join(parts)
