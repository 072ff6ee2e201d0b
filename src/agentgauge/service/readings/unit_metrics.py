"""What a unit of work comes to in a metric: the question to the engine, and how its rows add up.

success           1 or 0: the outcome of its last task
cost, tokens      the sum over its calls; not known where it has no model call, and the cost not where one is
                  unpriced
duration          the sum of its tasks' durations; tasks within tasks count in both
error_rate, tool_failures
                  the share of its tasks, or tool calls, that failed
cost_per_success  its cost, and whether it succeeded; of an arm the sum of the one over the sum of the other
any other         the mean of its values: quality, satisfaction, latency, a measurement, a numeric attribute
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.analysis.metrics import ALIASES, Metric
from agentgauge.analysis.pairs import Kind
from agentgauge.engines import Engine, Filter, Measure
from agentgauge.engines.columns import BY_NAME as COLUMNS
from agentgauge.events import kinds
from agentgauge.service.readings.series import metric_in

_TASK = Filter("kind", "=", "task")
_CALLS = Filter("kind", "in", kinds.USAGE_KINDS)


class Tally(msgspec.Struct):
    """What the rows of one unit come to; adds up."""

    total: float | Decimal = 0
    count: int = 0
    """Values in the total."""
    unpriced: int = 0
    """Calls whose cost is not known."""
    last: tuple[datetime, bool] | None = None
    """Time and success of the last task."""

    def add(self, other: Tally) -> None:
        self.total = other.total if not self.count else self.total + other.total  # type: ignore[operator]
        self.count += other.count
        self.unpriced += other.unpriced
        if other.last is not None and (self.last is None or other.last[0] >= self.last[0]):
            self.last = other.last


class Part(msgspec.Struct, frozen=True):
    """One question to the engine, per unit."""

    filters: tuple[Filter, ...]
    measures: tuple[Measure, ...]
    read: Callable[[Mapping[str, Any]], Tally]
    value: Callable[[Tally], float | None]
    """None where the unit has no value that is known."""


class UnitMetric(msgspec.Struct, frozen=True):
    name: str
    unit: str
    kind: Kind
    lower_is_better: bool
    meaning: str
    """What it is of a unit, in words."""
    parts: tuple[Part, ...]
    """One, or of a ratio two: what is divided, and by what."""


def unit_metric(engine: Engine, name: str, *, lower_is_better: bool | None = None) -> UnitMetric:
    """The metric of a name, as units have it. Raises `QueryError` where nothing recorded is called so."""
    if name == "cost_per_success":
        lower = True if lower_is_better is None else lower_is_better
        return UnitMetric(name, "USD", "ratio", lower, "cost of all units per unit that succeeded", (_COST, _SUCCESS))
    metric = metric_in(engine, name, lower_is_better=lower_is_better)
    kind: Kind = "number"
    match metric.name:
        case "success_rate":
            kind, meaning, part = "binary", "outcome of its last task", _SUCCESS
        case "cost":
            meaning, part = "sum of its calls", _COST
        case "tokens":
            meaning, part = "sum of its calls", _TOKENS
        case "execution_time":
            meaning, part = "sum of its tasks' durations", _DURATION
        case _ if metric.share is not None:
            meaning, part = f"share of its {_plural(metric.over)} that failed", _share(metric)
        case _:
            meaning, part = "mean of its values", _mean(metric)
    return UnitMetric(_own_name(name), metric.unit, kind, metric.lower_is_better, meaning, (part,))


def _own_name(name: str) -> str:
    """The short name where a metric has two: `success`, which a unit's is, and not a rate."""
    short = {metric: alias for alias, metric in ALIASES.items()}
    return short.get(name, name)


def _plural(kind: str) -> str:
    return f"{kind.replace('_', ' ')}s"


def _value_of_any(tally: Tally) -> float | None:
    return float(tally.total) if tally.count else None


_SUCCESS = Part(
    filters=(_TASK, Filter("success", "is not null")),
    measures=(Measure("last_success", name="last"), Measure("max", "time", name="at")),
    read=lambda row: Tally(last=(row["at"], row["last"])),
    value=lambda tally: None if tally.last is None else float(tally.last[1]),
)
_COST = Part(
    filters=(_CALLS,),
    measures=(Measure("cost", name="usd"), Measure("count", over="llm_call", name="calls")),
    read=lambda row: Tally(row["usd"] or Decimal(0), row["calls"] or int(bool(row["usd"])), row["usd_unpriced_calls"]),
    value=lambda tally: _value_of_any(tally) if not tally.unpriced else None,
)
_TOKENS = Part(
    filters=(Filter("kind", "=", "llm_call"),),
    measures=(Measure("tokens", name="sum"), Measure("count", name="calls")),
    read=lambda row: Tally(row["sum"], row["calls"]),
    value=_value_of_any,
)
_DURATION = Part(
    filters=(_TASK, Filter("duration_ms", "is not null")),
    measures=(Measure("sum", "duration_ms", name="sum"), Measure("count", name="tasks")),
    read=lambda row: Tally(row["sum"], row["tasks"]),
    value=_value_of_any,
)


def _share(metric: Metric) -> Part:
    return Part(
        filters=metric.conditions,
        measures=(Measure("failures", name="failures"), Measure("count", name="of")),
        read=lambda row: Tally(row["failures"], row["of"]),
        value=_ratio_of_counts,
    )


def _mean(metric: Metric) -> Part:
    measures: tuple[Measure, ...] = (Measure("summary", metric.field, name="values"),)
    if metric.field in COLUMNS:
        measures = (Measure("sum", metric.field, name="sum"), Measure("count", name="of"))
    return Part(filters=metric.conditions, measures=measures, read=_read_values, value=_ratio_of_counts)


def _read_values(row: Mapping[str, Any]) -> Tally:
    """Of an attribute only some values may be numbers, which a summary counts."""
    if "values" in row:
        return Tally(row["values"].sum, row["values"].count)
    return Tally(float(row["sum"]), row["of"])


def _ratio_of_counts(tally: Tally) -> float | None:
    return float(tally.total) / tally.count if tally.count else None
