"""Operations become events of the stream, and what they did is shown as document 002 has it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.operations import ErrorCategory, MetricsCollector, ToolCallStatus
from agentgauge.pricing import Usage, price
from tests.recorder.reading import events, only


def test_an_operation_is_a_task_and_what_happens_in_it_carries_its_id(collector: MetricsCollector, home: Path) -> None:
    operation = collector.start_operation("qa_response", {"user_id": "123"})
    assert events(home) == []
    collector.add_component_timing(operation, "vector_search", 0.5)
    collector.record_tool_call(operation, "search", ToolCallStatus.SUCCESS, 0.25, {"index": "docs"})
    collector.record_token_usage(operation, 150, 75, "gpt-4o", provider="openai")
    collector.record_error(operation, ValueError("no"))
    collector.end_operation(operation)
    timing, tool, call, error, task = events(home)
    assert (timing.kind, timing.name, timing.value, timing.unit) == ("measurement", "component_time", 500, "ms")
    assert timing.attributes == {"component": "vector_search"}
    assert (tool.kind, tool.name, tool.duration_ms, tool.outcome) == ("tool_call", "search", 250, "success")
    assert tool.attributes == {"index": "docs"}
    assert (call.kind, call.model, call.input_tokens, call.output_tokens) == ("llm_call", "gpt-4o", 150, 75)
    assert call.cost_usd is None  # the lake prices it, by the same book
    assert (error.kind, error.error_type, error.error_category) == ("error", "ValueError", "validation")
    assert (task.kind, task.name, task.span_id, task.parent_id) == ("task", "qa_response", operation, None)
    assert task.attributes == {"user_id": "123"}
    for event in (timing, tool, call, error):
        assert (event.parent_id, event.operation) == (operation, "qa_response")
    assert {event.session for event in (timing, tool, call, error, task)} == {collector.session_id}
    assert task.operation == "qa_response"


def test_several_of_one_thing_add_up(collector: MetricsCollector) -> None:
    operation = collector.start_operation("o")
    for seconds in (0.5, 0.25):
        collector.add_component_timing(operation, "search", seconds)
    collector.record_token_usage(operation, 1000, 100, "gpt-4o", cache_read_tokens=400, reasoning_tokens=30)
    collector.record_token_usage(operation, 500, 50, "gpt-4o-mini", cache_write_tokens=100)
    done = collector.end_operation(operation)
    assert done.component_timing == {"search": 0.75}
    usage = done.token_usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (1500, 150, 1650)
    assert (usage.cache_read_tokens, usage.cache_write_tokens, usage.reasoning_tokens) == (400, 100, 30)
    assert usage.model_name == "gpt-4o, gpt-4o-mini"


def test_the_cost_is_the_price_books(collector: MetricsCollector) -> None:
    operation = collector.start_operation("o")
    collector.record_token_usage(operation, 150, 75, "gpt-3.5-turbo", provider="openai")
    done = collector.end_operation(operation)
    expected = price("gpt-3.5-turbo", Usage(150, 75), provider="openai")
    cost = done.cost_estimate
    assert cost is not None
    assert expected is not None
    assert cost.total_cost == float(expected.usd)
    assert (cost.input_cost, cost.output_cost) == pytest.approx((150 * 0.5e-6, 75 * 1.5e-6))
    assert (cost.currency, cost.model_name, cost.pricing_tier) == ("USD", "gpt-3.5-turbo", "standard")
    assert done.unpriced_calls == 0


def test_an_unknown_model_is_unpriced_and_never_free(collector: MetricsCollector) -> None:
    operation = collector.start_operation("o")
    collector.record_token_usage(operation, 150, 75, "nobody-sells-this")
    done = collector.end_operation(operation)
    assert done.cost_estimate is None
    assert done.unpriced_calls == 1
    assert done.token_usage is not None
    summary = collector.get_session_summary()
    assert (summary.total_cost, summary.unpriced_calls, summary.total_tokens) == (0, 1, 225)


def test_what_was_billed_wins(collector: MetricsCollector, home: Path) -> None:
    operation = collector.start_operation("o")
    collector.record_token_usage(operation, 150, 75, "gpt-4o", cost_usd=Decimal("0.5"), tier="batch", duration=1.5)
    collector.record_tool_call(operation, "search", cost_usd="0.25")
    done = collector.end_operation(operation)
    assert done.cost_estimate is not None
    assert done.cost_estimate.total_cost == 0.75
    assert (done.cost_estimate.input_cost, done.cost_estimate.output_cost) == (0, 0)
    call, *_ = events(home)
    assert (call.cost_usd, call.cost_source, call.tier, call.duration_ms) == (Decimal("0.5"), "reported", "batch", 1500)


@pytest.mark.parametrize("status", [*ToolCallStatus, "TIMEOUT", "ERROR"])
def test_a_status_is_an_outcome(collector: MetricsCollector, home: Path, status: str) -> None:
    operation = collector.start_operation("o")
    collector.record_tool_call(operation, "t", status, 0.1, error_category="rate_limit", error_message="later")
    done = collector.end_operation(operation)
    (call,) = done.tool_calls
    assert call.status is ToolCallStatus(str(status).lower())
    assert (call.error_category, call.error_message) == (ErrorCategory.RATE_LIMIT, "later")
    assert events(home)[0].outcome == call.status
    assert done.error_count == (call.status is not ToolCallStatus.SUCCESS)


@pytest.mark.parametrize(
    ("error", "status", "category"),
    [
        (TimeoutError(), ToolCallStatus.TIMEOUT, ErrorCategory.TIMEOUT),
        (ConnectionResetError(), ToolCallStatus.ERROR, ErrorCategory.NETWORK),
        (asyncio.CancelledError(), ToolCallStatus.ERROR, ErrorCategory.CANCELLED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_an_exception_says_what_became_of_a_tool_call(
    collector: MetricsCollector, error: BaseException, status: ToolCallStatus, category: ErrorCategory
) -> None:
    operation = collector.start_operation("o")
    collector.record_tool_call(operation, "t", error=error)
    (call,) = collector.end_operation(operation).tool_calls
    assert (call.status, call.error_category) == (status, category)


def test_what_is_said_wins_over_the_exception(collector: MetricsCollector) -> None:
    operation = collector.start_operation("o")
    collector.record_tool_call(
        operation, "t", ToolCallStatus.FAILURE, error=ValueError("x"), error_category=ErrorCategory.QUOTA,
        error_message="used up",
    )  # fmt: skip
    (call,) = collector.end_operation(operation).tool_calls
    assert (call.status, call.error_category, call.error_message) == (
        ToolCallStatus.FAILURE, ErrorCategory.QUOTA, "used up",
    )  # fmt: skip


def test_errors_and_warnings_are_counted(collector: MetricsCollector, home: Path) -> None:
    operation = collector.start_operation("o")
    collector.record_error(operation, KeyError("k"), recovery="succeeded")
    collector.record_error(operation, "IndexStale", "7 days old", "validation", severity="critical")
    collector.record_error(operation, "only a message")
    collector.record_warning(operation, "slow", metadata={"attempt": 2})
    done = collector.end_operation(operation)
    assert (done.error_count, done.warning_count, done.success) == (3, 1, True)
    found = [(e.error_type, e.error_message, e.error_category, e.severity, e.recovery) for e in events(home)[:4]]
    assert found == [
        ("KeyError", "'k'", "unknown", "error", "succeeded"),
        ("IndexStale", "7 days old", "validation", "critical", None),
        ("Error", "only a message", None, "error", None),
        ("Error", "slow", None, "warning", None),
    ]


def test_messages_are_kept_to_200_characters(collector: MetricsCollector, home: Path) -> None:
    collector.record_error(collector.start_operation("o"), RuntimeError("x" * 1000))
    assert only(home).error_message == "x" * 200


def test_the_exception_that_ended_an_operation_is_its_outcome(collector: MetricsCollector, home: Path) -> None:
    done = collector.end_operation(collector.start_operation("o"), error=PermissionError("no"), quality_score=20)
    assert (done.success, done.outcome, done.error_count) == (False, "error", 1)
    task = only(home)
    assert (task.error_type, task.error_category, task.quality_score) == ("PermissionError", "permission", 20)


@pytest.mark.parametrize(("success", "outcome"), [(True, "success"), (False, "failure"), (None, None)])
def test_success_is_said_at_the_end(collector: MetricsCollector, success: bool | None, outcome: str | None) -> None:
    done = collector.end_operation(collector.start_operation("o"), success)
    assert (done.success, done.outcome) == (outcome == "success", outcome)


def test_metadata_of_start_and_end_are_kept_together(collector: MetricsCollector, home: Path) -> None:
    operation = collector.start_operation("o", {"a": 1, "b": 2})
    done = collector.end_operation(operation, metadata={"b": 3, "path": Path("x")})
    assert done.metadata == only(home).attributes == {"a": 1, "b": 3, "path": "x"}


def test_metadata_that_cannot_be_kept_is_left_out_and_counted(
    collector: MetricsCollector, gauge: agentgauge.Gauge
) -> None:
    operation = collector.start_operation("o", {"kept": 1, "lost": object()})
    assert collector.end_operation(operation).metadata == {"kept": 1}
    assert gauge.health().altered == {"metadata left out": 1}
    assert gauge.health().refused == {}


def test_times_are_those_of_the_clock(collector: MetricsCollector, home: Path) -> None:
    operation = collector.start_operation("o")
    collector.record_tool_call(operation, "t", duration=2.0)
    done = collector.end_operation(operation)
    tool, task = events(home)
    assert done.end_time == task.time.timestamp()
    assert done.total_duration is not None
    assert task.duration_ms == done.total_duration * 1000
    assert done.start_time == pytest.approx(done.end_time - done.total_duration)
    assert done.tool_calls[0].end_time == tool.time.timestamp()
    assert done.tool_calls[0].start_time == pytest.approx(tool.time.timestamp() - 2)


@pytest.mark.parametrize("operation", ["never-started", "", None, 7, ["x"], {}])
def test_an_operation_that_is_not_known_is_counted_and_its_usage_kept(
    collector: MetricsCollector, gauge: agentgauge.Gauge, home: Path, operation: str
) -> None:
    collector.record_token_usage(operation, 10, 5, "gpt-4o")
    collector.record_tool_call(operation, "t")
    assert [event.parent_id for event in events(home)] == [None, None]
    assert gauge.health().altered == {"scope left out": 2}
    done = collector.end_operation(operation)
    assert (done.success, done.operation_name, done.metadata) == (False, "unknown", {"unknown_operation": True})
    assert f"{done.total_duration:.3f}" == "nan"
    assert sum(gauge.health().refused.values()) == 1
    summary = collector.get_session_summary()
    assert (summary.total_operations, summary.total_tokens, summary.tool_calls) == (0, 15, 1)


def test_usage_that_comes_after_the_end_still_belongs_to_the_operation(collector: MetricsCollector, home: Path) -> None:
    operation = collector.start_operation("o")
    collector.end_operation(operation)
    collector.record_token_usage(operation, 10, 5, "gpt-4o")
    assert events(home)[-1].parent_id == operation
    (done,) = collector.get_session_summary().operations
    assert done.token_usage is not None
    assert done.token_usage.total_tokens == 15


def test_ending_twice_is_counted_and_tells_what_is_known(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    operation = collector.start_operation("o")
    first = collector.end_operation(operation)
    assert collector.end_operation(operation, success=False) == first
    assert gauge.health().refused == {"unknown operation": 1}
    assert collector.get_session_summary().total_operations == 1


def test_an_operation_belongs_to_the_scope_that_it_was_started_in(
    collector: MetricsCollector, gauge: agentgauge.Gauge, home: Path
) -> None:
    with gauge.scope(run="r-1", parent_id="ab" * 8):
        operation = collector.start_operation("o")
    with gauge.scope(run="r-2"):
        collector.end_operation(operation)
    assert (only(home).run, only(home).parent_id) == ("r-1", "ab" * 8)


def test_each_collector_has_a_session_of_its_own(gauge: agentgauge.Gauge) -> None:
    assert MetricsCollector(gauge=gauge).session_id != MetricsCollector(gauge=gauge).session_id
    assert MetricsCollector("mine", gauge=gauge).session_id == "mine"


def test_the_environment_names_the_session(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_SESSION_ID", "s-9")
    with agentgauge.open(home) as gauge:
        assert MetricsCollector(gauge=gauge).session_id == "s-9"


def test_metadata_are_those_of_the_start(collector: MetricsCollector) -> None:
    """A program may use one dictionary for all its operations."""
    metadata = {"user": "ada"}
    first = collector.start_operation("o", metadata)
    metadata["user"] = "grace"
    second = collector.start_operation("o", metadata)
    assert [collector.end_operation(operation).metadata["user"] for operation in (first, second)] == ["ada", "grace"]


def test_what_an_operation_cost_is_found_by_its_metadata(home: Path, gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector(gauge=gauge)
    operation = collector.start_operation("answer", {"query_type": "general"})
    collector.record_token_usage(operation, 1000, 10, "claude-sonnet-4-5", metadata={"try": 2})
    collector.record_tool_call(operation, "search", duration=0.1, metadata={"index": "docs"})
    ended = collector.end_operation(operation)
    call, tool, task = events(home)
    assert call.attributes == {"query_type": "general", "try": 2}
    assert (tool.attributes, task.attributes) == ({"index": "docs"}, {"query_type": "general"})
    assert ended.tool_calls[0].metadata == {"index": "docs"}


def test_time_does_not_run_backwards(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector(gauge=gauge)
    operation = collector.start_operation("answer")
    collector.add_component_timing(operation, "search", -1)
    assert collector.end_operation(operation).component_timing == {}
    assert gauge.health().refused == {"negative duration": 1}
