"""What one operation did: a fold over its events.

The same fold serves an operation that runs and one that is read back from the stream. It keeps the newest tool calls
and the first components by name, and sums of the rest.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any

from agentgauge.events import Event
from agentgauge.operations.call_cost import call_cost
from agentgauge.operations.models import CostEstimate, OperationMetrics, TokenUsage, ToolCallMetrics, ToolCallStatus
from agentgauge.recorder.error_category import ErrorCategory

COMPONENT_TIME = "component_time"
"""Name of the measurement that holds the time of a component; which one is its attribute `component`."""

TOOL_CALLS_KEPT = 200
UNSETTLED_KEPT = 100
COMPONENTS_KEPT = 200
MODELS_KEPT = 20
OTHERS = "(others)"

_STATUSES = {status.value: status for status in ToolCallStatus}
_CATEGORIES = {category.value: category for category in ErrorCategory}
_NOTHING = Decimal(0)


class OperationView:
    __slots__ = (
        "components", "cost", "end", "errors", "input_cost", "last_usage", "models", "older_tool_calls", "operation_id",
        "output_cost", "priced", "started", "tokens", "tool_calls", "unpriced", "unsettled", "warnings",
    )  # fmt: skip

    def __init__(self, operation_id: str) -> None:
        self.operation_id = operation_id
        self.end: Event | None = None
        self.started: float | None = None
        """Seconds since 1970 of the first event in it; its end says better."""
        self.components: dict[str, float] = {}
        self.tool_calls: deque[Event] = deque()
        self.older_tool_calls = 0
        self.tokens = [0] * 5
        """Input, output, of the input read from and written to a cache, of the output reasoning."""
        self.models: dict[str, None] = {}
        self.last_usage: Event | None = None
        self.unsettled: list[Event] = []
        self.input_cost = self.output_cost = self.cost = _NOTHING
        self.priced = self.unpriced = 0
        self.errors = self.warnings = 0

    def apply(self, event: Event) -> None:
        """Take an event of the operation into account; those of other kinds are no part of it."""
        kind = event.kind
        if kind == "llm_call":
            self._use(event)
        elif kind == "tool_call":
            self._call(event)
        elif kind == "measurement":
            self._time(event)
        elif kind == "error":
            if event.severity in ("warning", "info"):
                self.warnings += 1
            else:
                self.errors += 1
        elif kind == "task":
            self.end = event
            # An exception ended it, other than somebody's wish to stop.
            self.errors += event.error_type is not None and event.outcome != "interrupted"
            return
        if self.started is None:
            self.started = event.time.timestamp()

    def _use(self, event: Event) -> None:
        tokens = self.tokens
        tokens[0] += event.input_tokens
        tokens[1] += event.output_tokens
        tokens[2] += event.cache_read_tokens
        tokens[3] += event.cache_write_5m_tokens + event.cache_write_1h_tokens
        tokens[4] += event.reasoning_tokens
        self.last_usage = event
        if event.model is not None and len(self.models) < MODELS_KEPT:
            self.models[event.model] = None
        self.unsettled.append(event)
        if len(self.unsettled) > UNSETTLED_KEPT:
            self.settle()

    def settle(self) -> None:
        """Price the calls that are not priced yet. The first price of a process takes long, and is not asked for
        while an operation is timed.
        """
        for call in self.unsettled:
            cost = call_cost(call)
            if cost is None:
                self.unpriced += 1
                continue
            self.priced += 1
            self.input_cost += cost.input
            self.output_cost += cost.output
            self.cost += cost.total
        self.unsettled.clear()

    def _call(self, event: Event) -> None:
        self.errors += event.outcome not in (None, "success")
        if event.cost_usd is not None:
            self.cost += event.cost_usd
            self.priced += 1
        self.tool_calls.append(event)
        if len(self.tool_calls) > TOOL_CALLS_KEPT:
            self.tool_calls.popleft()
            self.older_tool_calls += 1

    def _time(self, event: Event) -> None:
        component = (event.attributes or {}).get("component")
        if event.name != COMPONENT_TIME or event.value is None or not isinstance(component, str):
            return
        if component not in self.components and len(self.components) >= COMPONENTS_KEPT:
            component = OTHERS
        self.components[component] = self.components.get(component, 0.0) + event.value / 1000

    def metrics(self, name: str = "unknown") -> OperationMetrics:
        """The operation so far; `name` is for one that has not ended."""
        self.settle()
        end = self.end
        told: dict[str, Any] = {"operation_id": self.operation_id, "start_time": self.started or 0.0}
        if end is not None:
            name = end.name or name
            told["end_time"] = told["start_time"] = ended = end.time.timestamp()
            told["success"], told["outcome"] = end.outcome == "success", end.outcome
            if end.duration_ms is not None:
                told["total_duration"] = end.duration_ms / 1000
                told["start_time"] = ended - told["total_duration"]
            if end.attributes:
                told["metadata"] = end.attributes
        if self.components:
            told["component_timing"] = self.components
        if self.tool_calls:
            told["tool_calls"] = [_tool_call(event) for event in self.tool_calls]
            told["older_tool_calls"] = self.older_tool_calls
        if self.last_usage is not None:
            told["token_usage"], told["unpriced_calls"] = self._token_usage(name, self.last_usage), self.unpriced
        if self.priced:
            told["cost_estimate"] = self._cost_estimate(name)
        return OperationMetrics(operation_name=name, error_count=self.errors, warning_count=self.warnings, **told)

    def _token_usage(self, name: str, last: Event) -> TokenUsage:
        read_in, out, cached, written, reasoning = self.tokens
        return TokenUsage(
            operation=name,
            input_tokens=read_in,
            output_tokens=out,
            total_tokens=read_in + out,
            model_name=", ".join(self.models) or None,
            timestamp=last.time,
            cache_read_tokens=cached,
            cache_write_tokens=written,
            reasoning_tokens=reasoning,
        )

    def _cost_estimate(self, name: str) -> CostEstimate:
        last = self.last_usage or self.tool_calls[-1]
        return CostEstimate(
            operation=name,
            input_cost=float(self.input_cost),
            output_cost=float(self.output_cost),
            total_cost=float(self.cost),
            model_name=", ".join(self.models),
            pricing_tier=last.tier or "standard",
            timestamp=last.time,
        )


def _tool_call(event: Event) -> ToolCallMetrics:
    ended = event.time.timestamp()
    duration = None if event.duration_ms is None else event.duration_ms / 1000
    category = None if event.error_category is None else _CATEGORIES.get(event.error_category, ErrorCategory.UNKNOWN)
    return ToolCallMetrics(
        tool_name=event.name or "unknown",
        status=_STATUSES.get(event.outcome or "success", ToolCallStatus.ERROR),
        start_time=ended - (duration or 0.0),
        end_time=ended,
        duration=duration,
        error_category=category,
        error_message=event.error_message,
        metadata=dict(event.attributes or {}),
    )
