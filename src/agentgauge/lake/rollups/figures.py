"""The figures of a rollup's row, each a monoid, declared once: what one event contributes, and how parts are merged.

An event is the rollup of itself, so rows of rollups, raw rows and the journal's tail are merged by the same SQL. Of a
value (a duration, an amount of money, a score, a number of tokens) these are kept:

    <value>_count, _sum     how many events have one, and their sum; money is a sum of decimals, durations and scores
                            are added with compensation (`fsum`: Kahan, "Further remarks on reducing truncation errors",
                            1965)
    <value>_m2              sum of squared deviations from the mean; parts merge after Chan, Golub, LeVeque: "Updating
                            formulae and a pairwise algorithm for computing sample variances" (1979)
    <value>_min, _max
"""

from __future__ import annotations

from typing import Literal

import msgspec

from agentgauge.events import kinds
from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.lake.parquet import literal

DIMENSIONS = ("project", "agent", "role", "operation", "model", "provider")
"""Columns of events that rollups tell apart besides the kind and the time."""

Merge = Literal["sum", "fsum", "min", "max", "m2"]


class Figure(msgspec.Struct, frozen=True):
    name: str
    sql_type: str
    of_event: str
    """SQL of what one event contributes, over the columns of `events`; NULL for nothing."""
    merge: Merge

    @property
    def of_events(self) -> str:
        """SQL aggregate over events."""
        aggregate = f"var_pop({self.of_event}) * count({self.of_event})"
        if self.merge != "m2":
            aggregate = f"{self.merge}({self.of_event})"
        return f"({aggregate})::{self.sql_type}"

    @property
    def of_one(self) -> str:
        """SQL of the figure of one event as if it were a rollup's row."""
        if self.merge == "m2":
            return f"CASE WHEN {self.of_event} IS NOT NULL THEN 0.0::DOUBLE END"
        return f"({self.of_event})::{self.sql_type}"


def listed(names: tuple[str, ...]) -> str:
    """Names as a list of text literals."""
    return ", ".join(literal(name) for name in names)


_CALLS = tuple(kind.name for kind in kinds.KINDS if kind.carries_usage and any(f.name == "model" for f in kind.fields))

VALUES: dict[str, tuple[str, str, str]] = {
    "duration_ms": ("duration_ms", "DOUBLE", "DOUBLE"),
    "cost_usd": ("cost_usd", "DECIMAL(18,12)", "DECIMAL(38,12)"),
    "quality_score": ("quality_score", "DOUBLE", "DOUBLE"),
    "tokens": (f"(CASE WHEN kind IN ({listed(_CALLS)}) THEN input_tokens + output_tokens END)", "BIGINT", "BIGINT"),
}
"""Of each value its SQL over the columns of `events`, its type and that of its sum. Only calls have tokens."""


def _of_value(name: str) -> tuple[Figure, ...]:
    value, sql_type, sum_type = VALUES[name]
    return (
        Figure(f"{name}_count", "BIGINT", f"({value} IS NOT NULL)::BIGINT", "sum"),
        Figure(f"{name}_sum", sum_type, value, "fsum" if sum_type == "DOUBLE" else "sum"),
        Figure(f"{name}_m2", "DOUBLE", f"{value}::DOUBLE", "m2"),
        Figure(f"{name}_min", sql_type, value, "min"),
        Figure(f"{name}_max", sql_type, value, "max"),
    )


UNPRICED = f"(cost_usd IS NULL AND coalesce(kind IN ({listed(_CALLS)}) OR cost_source = 'unpriced', false))"

FIGURES: tuple[Figure, ...] = (
    Figure("events", "BIGINT", "1", "sum"),
    Figure("successes", "BIGINT", "coalesce(outcome = 'success', false)::BIGINT", "sum"),
    Figure("failures", "BIGINT", "coalesce(outcome <> 'success', false)::BIGINT", "sum"),
    Figure("outside", "BIGINT", "(parent_id IS NULL)::BIGINT", "sum"),
    Figure("unpriced", "BIGINT", f"{UNPRICED}::BIGINT", "sum"),
    Figure("first_time", "TIMESTAMPTZ", '"time"', "min"),
    Figure("last_time", "TIMESTAMPTZ", '"time"', "max"),
    *(Figure(name, "BIGINT", name, "sum") for name in TOKEN_NAMES),
    *(figure for value in VALUES for figure in _of_value(value)),
)
"""`outside` are events that name no parent; `unpriced` are calls that should have a cost and have none."""

BY_NAME = {figure.name: figure for figure in FIGURES}
