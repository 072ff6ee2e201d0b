"""What a set of events adds up to: the figures that overview, breakdown and course share, and their measures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.engines import Measure
from agentgauge.events.fields import TOKEN_NAMES

FEW = 20
"""A p95 or p99 of fewer values is that of the one or two largest, and is marked."""


class Durations(msgspec.Struct, frozen=True):
    """Milliseconds; NaN where nothing has a duration."""

    mean_ms: float
    median_ms: float
    p95_ms: float


class Quality(msgspec.Struct, frozen=True):
    """Scores of tasks on 0-100; NaN where no task has one."""

    count: int
    """Tasks that have a score."""
    mean: float
    median: float
    min: float
    max: float


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    cost_usd: Decimal | None
    """Of the priced calls; None where there are calls and none is priced."""
    unpriced_calls: int


class Vitals(Cost, frozen=True, kw_only=True):
    """What is looked at first: what was done, how well it went and what it cost."""

    tasks: int
    """Operations; those without an outcome are neither successful nor failed."""
    successful_tasks: int
    failed_tasks: int
    success_rate: float
    """Of the tasks that have an outcome."""
    task_duration: Durations

    @property
    def few_tasks(self) -> bool:
        """Whether there are tasks, but too few for a p95 that says much."""
        return 0 < self.tasks < FEW

    @property
    def shown_p95_ms(self) -> float:
        """Of tasks; NaN where there are too few."""
        return self.task_duration.p95_ms if self.tasks >= FEW else math.nan


class Totals(Vitals, frozen=True, kw_only=True):
    """What a set of events adds up to. Tokens as in `agentgauge.events.Usage`: totals with their parts beside them.

    Medians and percentiles are what it costs to ask for: who needs fewer figures asks for `Vitals` or `Cost`.
    """

    calls: int
    """Model calls."""
    failed_calls: int
    tool_calls: int
    failed_tool_calls: int
    call_duration: Durations
    quality: Quality
    tokens: int
    """Input and output together."""
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    cached_share: float
    """Cache reads as a share of all input tokens."""


_TASKS = {
    "tasks": ("count", "tasks"),
    "successful_tasks": ("successes", "tasks"),
    "failed_tasks": ("failures", "tasks"),
}
_CALLS = {
    "calls": ("count", "llm_call"),
    "failed_calls": ("failures", "llm_call"),
    "tool_calls": ("count", "tool_call"),
    "failed_tool_calls": ("failures", "tool_call"),
}


def _counts(counted: Mapping[str, tuple[str, str]]) -> tuple[Measure, ...]:
    return tuple(Measure(statistic, over=over, name=name) for name, (statistic, over) in counted.items())


def _of_durations(over: str) -> tuple[Measure, ...]:
    return tuple(
        Measure(statistic, "duration_ms", over=over, name=f"{over}_{statistic}") for statistic in ("mean", "p50", "p95")
    )


COST = (Measure("cost"),)
VITALS = (*COST, *_counts(_TASKS), Measure("success_rate", over="tasks", name="success_rate"), *_of_durations("tasks"))
TOTALS = (
    *VITALS,
    *_counts(_CALLS),
    Measure("tokens", name="tokens"),
    *(Measure("sum", name, name=name) for name in TOKEN_NAMES),
    *_of_durations("llm_call"),
    *(
        Measure(statistic, "quality_score", over="tasks", name=f"quality_{statistic}")
        for statistic in ("values", "mean", "p50", "min", "max")
    ),
)


def cost_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"cost_usd": row["cost_usd"], "unpriced_calls": row["unpriced_calls"] or 0}


def vitals_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **cost_of(row),
        **{name: row[name] or 0 for name in _TASKS},
        "success_rate": or_nan(row["success_rate"]),
        "task_duration": _durations(row, "tasks"),
    }


def totals_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **vitals_of(row),
        **{name: row[name] or 0 for name in (*_CALLS, "tokens", *TOKEN_NAMES)},
        "call_duration": _durations(row, "llm_call"),
        "quality": _quality(row),
        "cached_share": ratio(row["cache_read_tokens"] or 0, row["input_tokens"] or 0),
    }


def _durations(row: Mapping[str, Any], over: str) -> Durations:
    return Durations(*(or_nan(row[f"{over}_{statistic}"]) for statistic in ("mean", "p50", "p95")))


def _quality(row: Mapping[str, Any]) -> Quality:
    figures = (or_nan(row[f"quality_{statistic}"]) for statistic in ("mean", "p50", "min", "max"))
    return Quality(row["quality_values"], *figures)


def or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
