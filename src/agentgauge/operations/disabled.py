"""A collector that records nothing, for ENABLE_METRICS=false: what is left of it is that budgets hold.

Its methods take the calls of `MetricsCollector` and answer with the same types, empty; a test compares the two, so that
switching recording off never changes what a program may do.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from agentgauge.operations.collector import MetricsCollector
from agentgauge.operations.given import name_of
from agentgauge.operations.models import (
    ErrorCategory,
    MetricsData,
    OperationMetrics,
    PerformanceTrend,
    SystemMetrics,
    ToolCallStatus,
)
from agentgauge.operations.operation_context import OperationContext
from agentgauge.operations.performance import no_trend
from agentgauge.recorder import DisabledGauge
from agentgauge.recorder.given import Money

_OFF = "recording is switched off"


class _NoContext(OperationContext):
    """Enters and leaves nothing; one object serves all."""

    def __init__(self) -> None:
        return None

    def __enter__(self) -> str:
        return ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


_NO_CONTEXT = _NoContext()


class DisabledMetricsCollector(MetricsCollector):
    """See `MetricsCollector` for what the methods mean. The id of every operation is empty."""

    def __init__(self, gauge: DisabledGauge | None = None) -> None:
        """`gauge`: whose budgets hold, told of what tools and tokens cost."""
        super().__init__(gauge=gauge or DisabledGauge())
        self.session_id = ""

    def start_operation(self, name: str, metadata: Mapping[str, Any] | None = None) -> str:
        return ""

    def end_operation(
        self,
        operation_id: str,
        success: bool | None = True,
        *,
        error: BaseException | None = None,
        quality_score: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> OperationMetrics:
        return OperationMetrics(operation_name="", start_time=0.0, end_time=0.0, total_duration=math.nan)

    def is_running(self, operation_id: str) -> bool:
        return False

    def operation_context(self, name: str, metadata: Mapping[str, Any] | None = None) -> OperationContext:
        return _NO_CONTEXT

    def add_component_timing(self, operation_id: str, component: str, seconds: float) -> None:
        return None

    def record_tool_call(
        self,
        operation_id: str,
        tool_name: str,
        status: ToolCallStatus | str | None = None,
        duration: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        error_category: ErrorCategory | str | None = None,
        error_message: str | None = None,
        *,
        error: BaseException | None = None,
        cost_usd: Money | None = None,
    ) -> None:
        self._gauge.tool_call(name_of(tool_name), cost_usd=cost_usd)

    def record_token_usage(
        self,
        operation_id: str,
        input_tokens: int = 0,
        output_tokens: int = 0,
        model_name: str | None = None,
        *,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
        cache_write_1h_tokens: int = 0,
        reasoning_tokens: int = 0,
        duration: float | None = None,
        provider: str | None = None,
        tier: str | None = None,
        cost_usd: Money | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._gauge.llm_call(
            name_of(model_name),
            provider,
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_write_tokens,
            cache_write_1h_tokens,
            reasoning_tokens,
            cost_usd=cost_usd,
            tier=tier,
        )

    def record_error(
        self,
        operation_id: str,
        error: BaseException | str,
        error_message: str | None = None,
        error_category: ErrorCategory | str | None = None,
        *,
        severity: str = "error",
        recovery: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        return None

    def record_warning(
        self,
        operation_id: str,
        warning: BaseException | str,
        error_message: str | None = None,
        error_category: ErrorCategory | str | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        return None

    def get_session_summary(self) -> MetricsData:
        return MetricsData(session_id="")

    def analyze_performance_trends(self, operation: str, time_period: str = "1h") -> PerformanceTrend:
        return no_trend(name_of(operation), time_period, _OFF)

    def save_metrics(self, filename: str | os.PathLike[str] | None = None) -> Path | None:
        return None

    def load_metrics(self, filepath: str | os.PathLike[str]) -> MetricsData:
        return MetricsData(session_id="", problem=_OFF)

    def get_system_metrics(self) -> SystemMetrics:
        return SystemMetrics(problem=_OFF)
