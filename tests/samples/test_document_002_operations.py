"""The samples of document 002 run as they stand, import root aside, and do what the document says of them."""

from __future__ import annotations

import contextlib
import io
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.operations import (
    CostEstimate,
    MetricsCollector,
    MetricsData,
    OperationMetrics,
    PerformanceTrend,
    TokenUsage,
    ToolCallMetrics,
    ToolCallStatus,
    reset_metrics_collector,
)

MODULES = {"app.metrics": "agentgauge.operations", "app.config": "agentgauge.settings"}

GET = """
from app.metrics import get_metrics_collector

collector = get_metrics_collector()
"""
PROVIDER = """
from app.metrics.provider import get_metrics_collector, reset_metrics_collector
"""
BASIC = """
from app.metrics import get_metrics_collector

collector = get_metrics_collector()

# Start tracking an operation
operation_id = collector.start_operation(
    "qa_response",
    metadata={"user_id": "123", "query_type": "general"}
)

# Add component timing
collector.add_component_timing(operation_id, "vector_search", 0.5)
collector.add_component_timing(operation_id, "llm_inference", 2.1)

# Record tool calls
collector.record_tool_call(
    operation_id=operation_id,
    tool_name="openai_api",
    status=ToolCallStatus.SUCCESS,
    duration=2.1,
    metadata={"model": "gpt-3.5-turbo"}
)

# Record token usage
collector.record_token_usage(
    operation_id=operation_id,
    input_tokens=150,
    output_tokens=75,
    model_name="gpt-3.5-turbo"
)

# End the operation
operation = collector.end_operation(operation_id, success=True)
"""
CONTEXT = """
from app.metrics import get_metrics_collector

collector = get_metrics_collector()

with collector.operation_context("data_processing") as operation_id:
    # Your code here
    process_data()
    # Operation is automatically ended when context exits
"""
DECORATOR = """
from app.metrics.provider import with_metrics_tracking

@with_metrics_tracking("api_call")
def call_external_api():
    # Your API call code here
    return response
"""
TREND = """
from app.metrics import get_metrics_collector

collector = get_metrics_collector()

# Analyze trends for the last hour
trend = collector.analyze_performance_trends("qa_response", "1h")

print(f"Average duration: {trend.avg_duration:.3f}s")
print(f"Success rate: {trend.success_rate:.1f}%")
print(f"Trend direction: {trend.trend_direction}")
print(f"Bottlenecks: {trend.bottlenecks}")
print(f"Optimization suggestions: {trend.optimization_suggestions}")
"""
SUMMARY = """
from app.metrics import get_metrics_collector

collector = get_metrics_collector()
session_summary = collector.get_session_summary()

print(f"Total operations: {session_summary.total_operations}")
print(f"Successful operations: {session_summary.successful_operations}")
print(f"Total duration: {session_summary.total_duration:.3f}s")
print(f"Total tokens: {session_summary.total_tokens}")
print(f"Total cost: ${session_summary.total_cost:.4f}")
"""
SETTINGS = """
from app.config import get_settings

settings = get_settings()
print(f"Metrics enabled: {settings.ENABLE_METRICS}")
print(f"Persistence enabled: {settings.ENABLE_METRICS_PERSISTENCE}")
"""
PERSISTENCE = """
# Save metrics
filepath = collector.save_metrics("session_metrics.json")

# Load metrics
loaded_metrics = collector.load_metrics(filepath)
"""
THRESHOLDS = """
performance_thresholds = {
    "qa_response": 3.0,  # seconds
    "vector_search": 0.5,  # seconds
    "llm_inference": 2.0,  # seconds
    "embedding_generation": 1.0,  # seconds
}
"""
ENVIRONMENT = """
# Enable/disable metrics collection
ENABLE_METRICS=true

# Enable/disable metrics persistence to disk
ENABLE_METRICS_PERSISTENCE=true

# Custom session ID (optional)
METRICS_SESSION_ID=my-custom-session
"""


@pytest.fixture(autouse=True)
def _fresh_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The collector and the gauge of the process are made from this test's environment, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    agentgauge.set_default(None)
    reset_metrics_collector()
    yield
    agentgauge.set_default(None)
    reset_metrics_collector()


@pytest.fixture
def names(tmp_path: Path) -> dict[str, Any]:
    """What the samples take for granted."""
    (tmp_path / "readings.txt").write_text("3\n1\n2\n")

    def process_data() -> list[int]:
        return sorted(map(int, (tmp_path / "readings.txt").read_text().split()))

    return {"ToolCallStatus": ToolCallStatus, "process_data": process_data, "response": {"status": 200}}


def run(sample: str, names: dict[str, Any]) -> str:
    """Execute a sample; what it prints."""
    for documented, ours in MODULES.items():
        sample = sample.replace(f"from {documented}", f"from {ours}")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(sample, names)  # noqa: S102 - the samples are ours, above
    return printed.getvalue()


def test_a_collector_is_one_for_the_process(names: dict[str, Any]) -> None:
    run(GET, names)
    first = names["collector"]
    run(PROVIDER, names)
    assert names["get_metrics_collector"]() is first
    names["reset_metrics_collector"]()
    assert names["get_metrics_collector"]() is not first


def test_basic_operation_tracking(names: dict[str, Any]) -> None:
    run(BASIC, names)
    operation = names["operation"]
    assert isinstance(operation, OperationMetrics)
    assert (operation.operation_name, operation.success) == ("qa_response", True)
    assert operation.metadata == {"user_id": "123", "query_type": "general"}
    assert operation.component_timing == {"vector_search": 0.5, "llm_inference": 2.1}
    (call,) = operation.tool_calls
    assert (call.tool_name, call.status, call.duration) == ("openai_api", ToolCallStatus.SUCCESS, 2.1)
    assert call.metadata == {"model": "gpt-3.5-turbo"}
    assert operation.token_usage.total_tokens == 225
    # gpt-3.5-turbo: $0.50 in and $1.50 out per million tokens
    assert operation.cost_estimate.input_cost == pytest.approx(150 * 0.50e-6)
    assert operation.cost_estimate.output_cost == pytest.approx(75 * 1.50e-6)
    assert operation.cost_estimate.total_cost == pytest.approx(0.0001875)


def test_context_manager_and_decorator(names: dict[str, Any]) -> None:
    run(CONTEXT, names)
    run(DECORATOR, names)
    assert names["call_external_api"]() == {"status": 200}
    summary = names["collector"].get_session_summary()
    assert [operation.operation_name for operation in summary.operations] == ["data_processing", "api_call"]
    assert summary.successful_operations == 2


def test_trends_and_summary_print_what_was_recorded(names: dict[str, Any]) -> None:
    run(BASIC, names)
    printed = run(TREND, names)
    assert printed.splitlines() == [
        f"Average duration: {names['operation'].total_duration:.3f}s",
        "Success rate: 100.0%",
        "Trend direction: insufficient_data",
        "Bottlenecks: ['component: llm_inference takes 2.100 s per operation (threshold 2.000 s)']",
        "Optimization suggestions: ['Consider using a faster model: llm_inference takes 2.100 s']",
    ]
    assert run(SUMMARY, names).splitlines() == [
        "Total operations: 1",
        "Successful operations: 1",
        f"Total duration: {names['operation'].total_duration:.3f}s",
        "Total tokens: 225",
        "Total cost: $0.0002",
    ]


def test_trends_and_summary_of_nothing_print_too(names: dict[str, Any]) -> None:
    assert "Average duration: nans" in run(TREND, names)
    assert "Total cost: $0.0000" in run(SUMMARY, names)
    assert names["trend"].data_points == 0
    assert math.isnan(names["trend"].success_rate)


def test_settings(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(SETTINGS, names) == "Metrics enabled: True\nPersistence enabled: True\n"
    monkeypatch.setenv("ENABLE_METRICS", "false")
    assert run(SETTINGS, names) == "Metrics enabled: False\nPersistence enabled: True\n"


def test_persistence(names: dict[str, Any], tmp_path: Path) -> None:
    run(BASIC, names)
    run(PERSISTENCE, names)
    assert (tmp_path / "data" / "metrics" / "session_metrics.json").is_file()
    assert names["loaded_metrics"] == names["collector"].get_session_summary()


def test_thresholds_are_the_documented_ones_and_can_be_set(names: dict[str, Any]) -> None:
    run(THRESHOLDS, names)
    run(GET, names)
    assert names["collector"].performance_thresholds == names["performance_thresholds"]
    names["collector"].performance_thresholds["llm_inference"] = 5.0
    run(BASIC, names)
    assert "Bottlenecks: []" in run(TREND, names)


def test_the_environment_of_the_document(tmp_path: Path) -> None:
    """As a shell reads it: the variables are exported to a program that asks for the collector."""
    program = "from agentgauge.operations import get_metrics_collector as g; c = g(); print(c.session_id, c.persistent)"
    source = Path(agentgauge.__file__).parent.parent
    shown = subprocess.run(
        ["/bin/sh", "-c", f'set -a\n{ENVIRONMENT}\nexec "$0" -c "$1"', sys.executable, program],
        env={**os.environ, "PYTHONPATH": str(source), "AGENTGAUGE_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    assert shown == "my-custom-session True\n"


def test_the_models_take_the_documented_fields() -> None:
    """Every field of the document, and no other, makes each model."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    call = ToolCallMetrics(
        tool_name="t", status=ToolCallStatus.TIMEOUT, start_time=1.0, end_time=None, duration=None,
        error_category="rate_limit", error_message=None, metadata={},
    )  # fmt: skip
    usage = TokenUsage(operation="o", input_tokens=1, output_tokens=2, total_tokens=3, model_name=None, timestamp=now)
    cost = CostEstimate(
        operation="o", input_cost=0.1, output_cost=0.2, total_cost=0.3, currency="USD", model_name="m",
        pricing_tier=None, timestamp=now,
    )  # fmt: skip
    operation = OperationMetrics(
        operation_name="o", start_time=1.0, end_time=2.0, total_duration=1.0, component_timing={"c": 0.5},
        tool_calls=[call], token_usage=usage, cost_estimate=cost, success=True, error_count=0, warning_count=0,
        metadata={"k": "v"},
    )  # fmt: skip
    PerformanceTrend(
        operation_type="o", time_period="1h", data_points=1, avg_duration=1.0, min_duration=1.0, max_duration=1.0,
        std_deviation=0.0, success_rate=100.0, error_rate=0.0, avg_cost=0.3, total_cost=0.3, avg_tokens=3.0,
        total_tokens=3, trend_direction="stable", trend_strength=0.0, bottlenecks=[], optimization_suggestions=[],
        analysis_timestamp=now,
    )  # fmt: skip
    data = MetricsData(session_id="s", operations=[operation])
    assert MetricsData.model_validate_json(data.model_dump_json()) == data


def test_status_words_are_the_documented_ones() -> None:
    assert [status.name for status in ToolCallStatus] == ["SUCCESS", "FAILURE", "TIMEOUT", "ERROR"]


def test_a_collector_takes_the_gauge_to_record_with(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        assert MetricsCollector(gauge=gauge).gauge is gauge
