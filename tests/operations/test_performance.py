"""How an operation does over time, asked of the whole stream."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from scipy import stats

import agentgauge
from agentgauge.meter import Meter
from agentgauge.operations import MetricsCollector, read_session
from agentgauge.operations.performance import duration_of


def tasks(gauge: agentgauge.Gauge, name: str, durations: Sequence[float], *, failed: int = 0) -> None:
    """Operations of `durations` seconds, a minute apart, the last a minute ago."""
    now = datetime.now(UTC)
    for n, seconds in enumerate(durations):
        ended = now - timedelta(minutes=len(durations) - n)
        gauge.task(name, seconds * 1000, n >= failed, at=ended, span_id=f"{n:016x}", operation=name)


def test_the_figures_are_those_of_the_operations(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    durations = [1.0, 2.0, 4.0, 3.0, 2.5]
    tasks(gauge, "qa", durations, failed=1)
    for n in range(5):
        gauge.llm_call("m", input_tokens=100 * n, output_tokens=10, cost_usd=Decimal("0.01"), parent_id=f"{n:016x}")
        gauge.measurement("component_time", 500, "ms", parent_id=f"{n:016x}", attributes={"component": "search"})
        gauge.measurement("component_time", 250, "ms", parent_id=f"{n:016x}", attributes={"component": "search"})
    gauge.measurement("component_time", 900, "ms", parent_id=f"{0:016x}", attributes={"component": "load"})
    gauge.llm_call("m", input_tokens=10**6, cost_usd=100, parent_id="f" * 16)  # of something else
    trend = collector.analyze_performance_trends("qa", "1h")
    assert (trend.operation_type, trend.time_period, trend.data_points) == ("qa", "1h", 5)
    assert trend.avg_duration == pytest.approx(2.5)
    assert (trend.min_duration, trend.max_duration) == (1, 4)
    assert trend.std_deviation == pytest.approx(statistics.stdev(durations))
    assert (trend.success_rate, trend.error_rate) == (80, 20)
    assert (trend.total_cost, trend.avg_cost) == (0.05, 0.01)
    assert (trend.total_tokens, trend.avg_tokens) == (1050, 210)
    assert trend.component_timing == {"search": 0.75, "load": 0.9}
    assert trend.analysis_timestamp.tzinfo is UTC
    assert trend.problem is None


def test_the_trend_is_the_regression_over_the_starts(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    durations = [2 + n / 10 + (0.3 if n % 2 else -0.3) for n in range(20)]
    tasks(gauge, "qa", durations)
    trend = collector.analyze_performance_trends("qa", "2h")
    starts = [(n * 60 - durations[n]) / 86400 for n in range(20)]
    expected = stats.linregress(starts, durations)
    assert trend.trend_direction == "degrading"
    assert trend.trend_strength == pytest.approx(abs(expected.rvalue))
    assert trend.slope_per_day == pytest.approx(expected.slope)
    assert trend.p_value == pytest.approx(expected.pvalue, rel=1e-6)


@pytest.mark.parametrize(
    ("durations", "direction"),
    [
        ([5, 4.1, 3.2, 2.1, 1], "improving"),
        ([1, 2.1, 3.2, 4.1, 5], "degrading"),
        ([1, 3, 2, 1, 3, 2, 1], "stable"),
        ([2, 2, 2, 2], "stable"),
        ([1, 1, 1, 9], "stable"),  # one slow operation at the end is no trend, though the later half is slower
        ([1, 5], "insufficient_data"),
    ],
)
def test_a_direction_is_one_that_chance_does_not_give(
    collector: MetricsCollector, gauge: agentgauge.Gauge, durations: list[float], direction: str
) -> None:
    tasks(gauge, "qa", durations)
    assert collector.analyze_performance_trends("qa", "1h").trend_direction == direction


def test_without_data_averages_are_nan_and_counts_0(collector: MetricsCollector) -> None:
    trend = collector.analyze_performance_trends("never", "1h")
    averages = (
        trend.avg_duration, trend.min_duration, trend.max_duration, trend.std_deviation, trend.success_rate,
        trend.error_rate, trend.avg_cost, trend.avg_tokens, trend.trend_strength,
    )  # fmt: skip
    assert all(map(math.isnan, averages))
    assert (trend.data_points, trend.total_cost, trend.total_tokens) == (0, 0, 0)
    assert (trend.trend_direction, trend.bottlenecks, trend.optimization_suggestions) == ("insufficient_data", [], [])


def test_only_the_period_counts(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    for minutes in (5, 20, 50, 100):
        gauge.task("qa", 1000, at=datetime.now(UTC) - timedelta(minutes=minutes))
    found = {period: collector.analyze_performance_trends("qa", period).data_points for period in ("30m", "1h", "7d")}
    assert found == {"30m": 2, "1h": 3, "7d": 4}


def test_an_operation_that_began_before_the_period_has_all_it_used(
    collector: MetricsCollector, gauge: agentgauge.Gauge
) -> None:
    gauge.task("qa", 3_600_000, span_id="a" * 16)
    gauge.llm_call("m", input_tokens=7, at=datetime.now(UTC) - timedelta(minutes=59), parent_id="a" * 16)
    assert collector.analyze_performance_trends("qa", "5m").total_tokens == 7


def test_what_happens_further_inside_counts_once(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    """A recursive operation's usage belongs to its inner and its outer call, and was paid for once."""
    with collector.operation_context("solve"):
        gauge.llm_call("m", input_tokens=1, cost_usd=1)
        with collector.operation_context("solve"), gauge.span("think"):
            gauge.llm_call("m", input_tokens=10, cost_usd=1)
            with gauge.span("look up", kind="tool_call", cost_usd=1):
                gauge.llm_call("m", input_tokens=100, cost_usd=1)
    trend = collector.analyze_performance_trends("solve")
    assert (trend.data_points, trend.total_tokens, trend.total_cost) == (2, 111, 4)


def test_tasks_inside_an_operation_are_parts_of_it(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    """They inherit the name of the operation that they belong to."""
    with collector.operation_context("solve"), gauge.span("look up", kind="tool_call"), gauge.span("think"):
        gauge.task("note")
    assert collector.analyze_performance_trends("solve").data_points == 1
    assert collector.analyze_performance_trends("think").data_points == 1


def test_a_part_of_an_operation_that_still_runs_is_no_operation(
    collector: MetricsCollector, gauge: agentgauge.Gauge
) -> None:
    with collector.operation_context("solve"):
        with gauge.span("think"):
            gauge.llm_call("m", input_tokens=10)
        assert collector.analyze_performance_trends("solve").data_points == 0
    trend = collector.analyze_performance_trends("solve")
    assert (trend.data_points, trend.total_tokens) == (1, 10)


def test_an_absurd_duration_does_not_lose_the_answer(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    gauge.task("o", 1e300, span_id="a" * 16)
    gauge.task("o", 1000)
    trend = collector.analyze_performance_trends("o")
    assert (trend.data_points, trend.min_duration, trend.problem) == (2, 1, None)


def test_spans_that_name_each_other_as_parent_end(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    gauge.task("odd", 1, span_id="a" * 16, parent_id="b" * 16)
    gauge.task("odd", 1, span_id="b" * 16, parent_id="a" * 16)
    assert collector.analyze_performance_trends("odd").data_points == 2


def test_unpriced_calls_are_told_and_never_counted_as_free(collector: MetricsCollector) -> None:
    with collector.operation_context("o") as operation:
        collector.record_token_usage(operation, 10, 5, "nobody-sells-this")
    trend = collector.analyze_performance_trends("o")
    assert (trend.unpriced_calls, trend.total_cost, trend.total_tokens) == (1, 0, 15)
    assert math.isnan(trend.avg_cost)
    with collector.operation_context("o") as operation:
        collector.record_token_usage(operation, 10, 5, "m", cost_usd=1)
    trend = collector.analyze_performance_trends("o")
    assert (trend.unpriced_calls, trend.avg_cost) == (1, 0.5)


def test_the_answer_is_the_same_once_the_events_have_landed(
    collector: MetricsCollector, gauge: agentgauge.Gauge
) -> None:
    for n in range(5):
        with collector.operation_context("o") as operation:
            collector.add_component_timing(operation, "search", n / 10)
            collector.record_token_usage(operation, 1000 + n, 77, "gpt-4o", provider="openai", cache_read_tokens=500)
    before = collector.analyze_performance_trends("o")
    gauge.flush()
    assert gauge.settings is not None
    gauge.close()
    Meter(gauge.settings).lake.compact()
    after = collector.analyze_performance_trends("o")
    unlike = {"analysis_timestamp"}
    assert after.model_dump(exclude=unlike) == before.model_dump(exclude=unlike)
    assert after.total_cost == collector.get_session_summary().total_cost > 0
    unlike = {"start_time"}
    landed, summary = read_session(collector.session_id, gauge), collector.get_session_summary()
    assert landed.model_dump(exclude=unlike) == summary.model_dump(exclude=unlike)


def test_tasks_of_other_vocabularies_count_too(
    collector: MetricsCollector, gauge: agentgauge.Gauge, home: Path
) -> None:
    with agentgauge.open(home) as other:  # another recorder of the same home, as another process is
        other.task("qa", 1000)
        other.task("whatever", 3000, operation="qa")
        other.task("qa", 5000, operation="other")
    gauge.mark("qa")
    trend = collector.analyze_performance_trends("qa")
    assert (trend.data_points, trend.avg_duration) == (3, 3)


def test_calls_that_name_the_operation_and_no_span_belong_to_it(
    collector: MetricsCollector, gauge: agentgauge.Gauge
) -> None:
    with gauge.scope(operation="qa"):
        gauge.task("qa", 1000)
        gauge.llm_call("m", input_tokens=7, cost_usd=1)
    with collector.operation_context("qa"):
        gauge.llm_call("m", input_tokens=70, cost_usd=1)
    gauge.llm_call("m", input_tokens=700, cost_usd=1)  # of nothing
    gauge.llm_call("m", input_tokens=7000, at=datetime.now(UTC) - timedelta(hours=2), operation="qa")
    trend = collector.analyze_performance_trends("qa", "1h")
    assert (trend.data_points, trend.total_tokens, trend.total_cost) == (2, 77, 2)


def test_bottlenecks_name_figure_and_threshold_and_suggestions_the_figure(
    gauge: agentgauge.Gauge,
) -> None:
    collector = MetricsCollector(gauge=gauge, error_rate_threshold=20, cost_threshold=0.05, tokens_threshold=1000)
    tasks(gauge, "qa_response", [4.0, 4.0, 4.0, 4.0], failed=2)
    for n in range(4):
        inside = f"{n:016x}"
        for component, ms in (("vector_search", 900), ("llm_inference", 2500), ("render", 40)):
            gauge.measurement("component_time", ms, "ms", parent_id=inside, attributes={"component": component})
        gauge.llm_call("m", input_tokens=3000, cost_usd=Decimal("0.25"), parent_id=inside)
    trend = collector.analyze_performance_trends("qa_response")
    assert trend.bottlenecks == [
        "slow operation: qa_response takes 4.000 s on average (threshold 3.000 s)",
        "component: llm_inference takes 2.500 s per operation (threshold 2.000 s)",
        "component: vector_search takes 0.900 s per operation (threshold 0.500 s)",
        "error rate: 50.0 % of 4 operations failed (threshold 20.0 %)",
        "cost: $0.2500 per operation (threshold $0.0500)",
    ]
    assert trend.optimization_suggestions == [
        "Consider using a faster model: llm_inference takes 2.500 s",
        "Optimize vector search with better indexing: vector_search takes 0.900 s",
        "Review error handling and retry logic: 50.0 % failed",
        "Implement caching for frequently accessed data: an operation costs $0.2500",
        "Send fewer tokens, by shorter prompts and less context: an operation uses 3,000 (threshold 1,000)",
    ]


def test_thresholds_can_be_set_later(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    tasks(gauge, "crawl", [4.0, 5.0])
    assert collector.analyze_performance_trends("crawl").bottlenecks == []
    collector.performance_thresholds["crawl"] = 4.4
    trend = collector.analyze_performance_trends("crawl")
    assert trend.bottlenecks == ["slow operation: crawl takes 4.500 s on average (threshold 4.400 s)"]
    assert trend.optimization_suggestions == [
        "Consider using a faster model: crawl takes 4.500 s on average",
        "Implement caching for frequently accessed data: an operation takes 4.500 s",
    ]


def test_a_threshold_that_is_no_number_is_said_in_the_answer(collector: MetricsCollector) -> None:
    collector.end_operation(collector.start_operation("o"))
    collector.cost_threshold = "cheap"  # type: ignore[assignment]
    assert "TypeError" in str(collector.analyze_performance_trends("o").problem)


def test_the_commonest_error_is_named(collector: MetricsCollector) -> None:
    for error in (TimeoutError(), ConnectionError(), ConnectionError()):
        with pytest.raises(OSError), collector.operation_context("o"):
            raise error
    (suggestion,) = collector.analyze_performance_trends("o").optimization_suggestions
    assert suggestion == "Review error handling and retry logic: 100.0 % failed, most often by network"


@pytest.mark.parametrize(
    ("period", "length"),
    [
        ("90s", timedelta(seconds=90)), ("30m", timedelta(minutes=30)), ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)), ("2w", timedelta(weeks=2)),
    ],
)  # fmt: skip
def test_a_period_is_a_number_and_a_unit(period: str, length: timedelta) -> None:
    assert duration_of(period) == length


@pytest.mark.parametrize("period", ["", "h", "1", "1x", "-1h", "1.5h", "0m", "9999999d", "99999w" * 9, "١h", "1 h"])
def test_what_is_no_period_is_answered_with_the_ones_that_are(collector: MetricsCollector, period: str) -> None:
    trend = collector.analyze_performance_trends("o", period)
    assert (trend.data_points, trend.trend_direction) == (0, "insufficient_data")
    assert "such as 30m, 1h or 7d" in str(trend.problem)


def test_more_operations_than_one_question_can_name(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    for n in range(2500):
        gauge.task("many", 10, span_id=f"{n:016x}")
        gauge.llm_call("m", input_tokens=1, cost_usd=Decimal("0.001"), parent_id=f"{n:016x}")
    trend = collector.analyze_performance_trends("many")
    assert (trend.data_points, trend.total_tokens, trend.total_cost) == (2500, 2500, 2.5)
