"""What happens in operations, as events of one stream.

    start_operation        no event: an operation is timed by the `task` that ends it
    add_component_timing   measurement `component_time`, its value in ms, attribute `component`
    record_tool_call       tool_call
    record_token_usage     llm_call
    record_error           error; record_warning the same, with severity warning
    end_operation          task; its span_id is the operation's id, which the others carry as parent_id

All carry the operation's name as `operation` and the collector's session. Each costs about what recording one event
costs, and raises nothing into the caller, whatever is given: what could not be kept is counted (`Gauge.health`).
"""

from __future__ import annotations

import math
import os
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any

from agentgauge.interruption import is_interruption
from agentgauge.operations.given import (
    UNNAMED,
    attributes_of,
    count,
    count_unusable,
    failure,
    milliseconds,
    name_of,
    outcome_of,
    word_of,
)
from agentgauge.operations.models import ErrorCategory, OperationMetrics, ToolCallStatus
from agentgauge.operations.operation_view import COMPONENT_TIME
from agentgauge.operations.running_operation import RunningOperation
from agentgauge.operations.session_view import OPEN_KEPT, SessionView
from agentgauge.recorder import Gauge, Kept
from agentgauge.recorder.given import Money
from agentgauge.recorder.guards import AsOne


class OperationRecorder:
    """Records operations through one gauge. Shared by threads and asyncio tasks; an operation is told by its id."""

    def __init__(self, gauge: Gauge, session_id: str) -> None:
        self._gauge = gauge
        self._keep = gauge.keep
        self.session_id = session_id
        """Session of all that is recorded here."""
        self._running: OrderedDict[str, RunningOperation] = OrderedDict()
        self._view = SessionView(datetime.now(UTC))

    @property
    def gauge(self) -> Gauge:
        """What records the events."""
        return self._gauge

    # Operations

    def start_operation(self, name: str, metadata: Mapping[str, Any] | None = None) -> str:
        """Begin an operation; its id. `metadata`, as they are now, become attributes of its event, dimensions of
        `report --by`.
        """
        operation_id = os.urandom(8).hex()
        try:
            self._running[operation_id] = RunningOperation(
                operation_id, name_of(name), attributes_of(metadata, self._gauge), copy_context(), time.perf_counter()
            )
            if len(self._running) > OPEN_KEPT:
                self._running.popitem(last=False)
                count(self._gauge, "refused", "operation never ended", f"more than {OPEN_KEPT} operations run")
        except Exception as raised:
            if is_interruption(raised):
                raise
            count_unusable(self._gauge, raised)
        return operation_id

    def end_operation(
        self,
        operation_id: str,
        success: bool | None = True,
        *,
        error: BaseException | None = None,
        quality_score: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> OperationMetrics:
        """End an operation; what it did. `error` is the exception that ended it, which wins over `success`.

        `quality_score` is 0-100; `metadata` are added to those of the start. For an id that is not that of a running
        operation: what is known of it, which for an unknown one is a failure named `unknown`.
        """
        try:
            known = type(operation_id) is str
            running = self._running.pop(operation_id, None) if known else None
            if running is not None:
                ended = running.end(self._gauge, self.session_id, success, error, quality_score, metadata)
                return self._view.end(ended.event()) if isinstance(ended, Kept) else self._view.forget(ended)
            count(self._gauge, "refused", "unknown operation", "end_operation takes the id of one that runs")
            metrics = self._view.ended(operation_id) if known else None
            if metrics is not None:
                return metrics
        except Exception as raised:
            if is_interruption(raised):
                raise
            count_unusable(self._gauge, raised)
        now = time.time()
        return OperationMetrics(
            operation_name=UNNAMED, start_time=now, end_time=now, total_duration=math.nan,
            metadata={"unknown_operation": True},
        )  # fmt: skip

    def is_running(self, operation_id: str) -> bool:
        """Whether an operation was started here and has not ended."""
        return type(operation_id) is str and operation_id in self._running

    # What an operation does

    def add_component_timing(self, operation_id: str, component: str, seconds: float) -> None:
        """Time that a part of an operation took. Several of one component add up."""
        try:
            took = milliseconds(seconds)
            if isinstance(took, int | float) and took < 0:
                count(self._gauge, "refused", "negative duration", f"a component took {took} ms; it is at least 0")
                return
            values = {"name": COMPONENT_TIME, "value": took, "unit": "ms"}
            self._record(operation_id, "measurement", values, {"component": name_of(component)})
        except Exception as raised:
            if is_interruption(raised):
                raise
            count_unusable(self._gauge, raised)

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
        """A call of a tool that took `duration` seconds.

        `error` says status, category and message where they are not given; without either the call succeeded. Of the
        message 200 characters are kept. `cost_usd` is what the call cost by itself.
        """
        try:
            values = {} if error is None else failure(error)
            values["name"] = name_of(tool_name)
            values["duration_ms"] = milliseconds(duration)
            if status is not None:
                values["outcome"] = outcome_of(status)
            elif error is None:
                values["outcome"] = "success"
            if error_category is not None:
                values["error_category"] = word_of(error_category)
            if error_message is not None:
                values["error_message"] = error_message
            if cost_usd is not None:
                values["cost_usd"] = cost_usd
            self._record(operation_id, "tool_call", values, attributes_of(metadata, self._gauge))
        except Exception as raised:
            if is_interruption(raised):
                raise
            count_unusable(self._gauge, raised)

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
        """Tokens of one model call; several add up.

        `input_tokens` is the total, what was read from or written to a cache included; `reasoning_tokens` are part of
        the output. `duration` is in seconds. `cost_usd` is what was billed; without it the call is priced by the
        price of its time, and a model that has none is counted as unpriced.
        """
        try:
            values: dict[str, object] = {
                "model": name_of(model_name), "provider": provider, "tier": tier, "input_tokens": input_tokens,
                "output_tokens": output_tokens, "outcome": "success",
            }  # fmt: skip
            if cache_read_tokens or cache_write_tokens or cache_write_1h_tokens or reasoning_tokens:
                values |= {
                    "cache_read_tokens": cache_read_tokens, "cache_write_5m_tokens": cache_write_tokens,
                    "cache_write_1h_tokens": cache_write_1h_tokens, "reasoning_tokens": reasoning_tokens,
                }  # fmt: skip
            if duration is not None:
                values["duration_ms"] = milliseconds(duration)
            if cost_usd is not None:
                values["cost_usd"] = cost_usd
            self._record(operation_id, "llm_call", values, attributes_of(metadata, self._gauge))
        except Exception as raised:
            if is_interruption(raised):
                raise
            count_unusable(self._gauge, raised)

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
        """An error in an operation: the exception, the name of its type with its message, or the message alone.

        The category is told from an exception. `severity` is critical, error, warning or info; `recovery` failed or
        succeeded, where it was tried.
        """
        try:
            values = failure(error, error_message)
            values.pop("outcome", None)
            values["severity"] = severity
            if recovery is not None:
                values["recovery"] = recovery
            if error_category is not None:
                values["error_category"] = word_of(error_category)
            self._record(operation_id, "error", values, attributes_of(metadata, self._gauge))
        except Exception as raised:
            if is_interruption(raised):
                raise
            count_unusable(self._gauge, raised)

    def record_warning(
        self,
        operation_id: str,
        warning: BaseException | str,
        error_message: str | None = None,
        error_category: ErrorCategory | str | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Something odd in an operation that did not stop it."""
        self.record_error(operation_id, warning, error_message, error_category, severity="warning", metadata=metadata)

    def _leave(self, operation_id: str, error: BaseException | None) -> None:
        """End the operation of a block or a function, unless that has ended it itself."""
        try:
            running = self._running.pop(operation_id, None)
            if running is None:
                return
            ended = running.end(self._gauge, self.session_id, error=error)
            if isinstance(ended, Kept):
                self._view.take(ended)
            else:
                self._view.forget(ended)
        except Exception as raised:
            if is_interruption(raised):
                raise
            count_unusable(self._gauge, raised)

    def _record(
        self, operation_id: str, kind: str, values: Mapping[str, object], attributes: dict[str, Any] | None
    ) -> None:
        with AsOne():
            self._record_and_show(operation_id, kind, values, attributes)

    def _record_and_show(
        self, operation_id: str, kind: str, values: Mapping[str, object], attributes: dict[str, Any] | None
    ) -> None:
        known = type(operation_id) is str
        running = self._running.get(operation_id) if known else None
        name = running.name if running is not None else self._view.ended_name(operation_id) if known else None
        if running is not None and running.attributes and kind == "llm_call":
            # So that what an operation costs is found by its metadata: money is on its calls alone.
            attributes = running.attributes | (attributes or {})
        if name is not None:
            kept = self._keep(
                kind, values, attributes=attributes,
                session=self.session_id, operation=name, parent_id=operation_id,
            )  # fmt: skip
        else:
            # Tokens that were paid for are kept, whatever became of their operation.
            count(self._gauge, "altered", "scope left out", f"{kind} of an operation that is not known")
            kept = self._keep(kind, values, attributes=attributes, session=self.session_id)
        if kept is not None:
            self._view.take(kept)
