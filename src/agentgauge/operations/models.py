"""The models of document 002, and a few fields of ours, which have defaults.

Durations are seconds, `start_time` and `end_time` of operations and tool calls seconds since 1970, money US dollars,
rates percent, other times aware and in UTC. Models are made when somebody asks, which ending an operation does. (Lists
and dictionaries have factories: pydantic takes longer to copy an empty default than to make the rest.)
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from agentgauge.recorder.error_category import ErrorCategory as ErrorCategory


class ToolCallStatus(StrEnum):
    """How a tool call ended; the outcomes of an event, but for `interrupted`, which is shown as ERROR."""

    SUCCESS = "success"
    FAILURE = "failure"
    """It answered, and the answer was no."""
    TIMEOUT = "timeout"
    ERROR = "error"
    """It did not answer."""


def _now() -> datetime:
    return datetime.now(UTC)


class ToolCallMetrics(BaseModel):
    tool_name: str
    status: ToolCallStatus
    start_time: float
    """Seconds since 1970; the end where no duration was given."""
    end_time: float | None = None
    duration: float | None = None
    """Seconds."""
    error_category: ErrorCategory | None = None
    error_message: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class TokenUsage(BaseModel):
    """What all model calls of an operation used."""

    operation: str
    input_tokens: int
    """All that went in, cached tokens included."""
    output_tokens: int
    total_tokens: int
    model_name: str | None = None
    """Where several models were called, their names with commas between."""
    timestamp: datetime
    """Of the last call."""
    cache_read_tokens: int = 0
    """Of the input."""
    cache_write_tokens: int = 0
    """Of the input."""
    reasoning_tokens: int = 0
    """Of the output."""


class CostEstimate(BaseModel):
    """What the priced calls of an operation cost; how many are not priced is beside it in `OperationMetrics`."""

    operation: str
    input_cost: float
    """Of calls whose cost was computed."""
    output_cost: float
    total_cost: float
    """Costs that were reported whole included."""
    currency: str = "USD"
    model_name: str
    pricing_tier: str | None = None
    timestamp: datetime


class OperationMetrics(BaseModel):
    operation_name: str
    start_time: float
    """Seconds since 1970."""
    end_time: float | None = None
    total_duration: float | None = None
    """Seconds; None while it runs, NaN where nothing measured it."""
    component_timing: dict[str, float] = Field(default_factory=dict)
    """Seconds by component."""
    tool_calls: list[ToolCallMetrics] = Field(default_factory=list)
    """The newest 200."""
    token_usage: TokenUsage | None = None
    cost_estimate: CostEstimate | None = None
    """None where nothing was used, and where no price is known: see `unpriced_calls`."""
    success: bool = False
    error_count: int = 0
    """Errors recorded, tool calls that did not succeed, and one for the exception that ended the operation."""
    warning_count: int = 0
    metadata: dict[str, Any] = Field(default_factory=dict)

    operation_id: str = ""
    outcome: str | None = None
    """success, failure, timeout, error or interrupted; None while it runs."""
    unpriced_calls: int = 0
    """Model calls whose price is not known; their cost is in no sum."""
    older_tool_calls: int = 0
    """Those that `tool_calls` no longer lists."""


class PerformanceTrend(BaseModel):
    """How an operation did over a period. Averages and rates of no data are NaN, counts and sums 0."""

    operation_type: str
    time_period: str
    data_points: int
    """Operations that ended in the period."""
    avg_duration: float
    """Seconds, as the next three."""
    min_duration: float
    max_duration: float
    std_deviation: float
    """The sample's; 0 for one operation."""
    success_rate: float
    """Percent of the operations whose outcome is known."""
    error_rate: float
    avg_cost: float
    """US dollars per operation, over the priced calls."""
    total_cost: float
    avg_tokens: float
    total_tokens: int
    trend_direction: str
    """improving, degrading, stable or insufficient_data, by the durations: shorter is better."""
    trend_strength: float
    """The absolute correlation of duration and time, 0 to 1; NaN for insufficient data."""
    bottlenecks: list[str] = Field(default_factory=list)
    optimization_suggestions: list[str] = Field(default_factory=list)
    analysis_timestamp: datetime = Field(default_factory=_now)

    slope_per_day: float = float("nan")
    """Seconds that the duration changes in 24 hours, by the regression."""
    p_value: float = float("nan")
    """Chance of such a slope where there is no trend. Below 0.05 it counts as one."""
    component_timing: dict[str, float] = Field(default_factory=dict)
    """Seconds per operation that has the component."""
    unpriced_calls: int = 0
    problem: str | None = None
    """Why the question could not be answered."""


class MetricsData(BaseModel):
    """What was recorded through one collector."""

    session_id: str
    start_time: datetime = Field(default_factory=_now)
    end_time: datetime | None = None
    """Of the last thing recorded."""
    operations: list[OperationMetrics] = Field(default_factory=list)
    """Those that ended, oldest first; the newest 500. Older ones are in the sums."""
    total_operations: int = 0
    successful_operations: int = 0
    total_duration: float = 0.0
    """Seconds, of all operations that ended."""
    total_tokens: int = 0
    total_cost: float = 0.0
    """US dollars, of the priced calls."""

    unpriced_calls: int = 0
    error_count: int = 0
    warning_count: int = 0
    tool_calls: int = 0
    open_operations: int = 0
    """Started and not ended yet; what they used so far is in the sums."""
    older_operations: int = 0
    """Those that `operations` no longer lists."""
    problem: str | None = None
    """Why it could not be told, or a file not be read."""


class SystemMetrics(BaseModel):
    """This process and its machine, now."""

    timestamp: datetime = Field(default_factory=_now)
    available: bool = False
    problem: str | None = None
    """Why there are no figures."""
    cpu_seconds: float | None = None
    """Processor time of this process since it began."""
    cpu_percent: float | None = None
    """The same per second of its life; 100 is one processor."""
    memory_bytes: int | None = None
    """Resident memory of this process."""
    threads: int | None = None
    machine_cpus: int | None = None
    machine_memory_percent: float | None = None
    machine_memory_available_bytes: int | None = None
