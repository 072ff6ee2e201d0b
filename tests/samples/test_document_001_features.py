"""The samples of document 001 run as they stand, import root aside, and do what the document says of them."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import schedule

import agentgauge
from agentgauge.exporters.sqlite import SCHEMA
from agentgauge.features import get_advanced_metrics, get_metrics_collector

BASIC = """
from shared.metrics import get_metrics_collector

metrics = get_metrics_collector()

# Record performance metric
metrics.record_performance_metric(
    'learning-engine',
    'response_time_ms',
    125.5,
    {'algorithm': 'pattern_recognition_v2'}
)

# Record learning metric
metrics.record_learning_metric(
    'learning-engine',
    'accuracy',
    0.92,
    {'training_samples': 1000}
)

# Get statistics
stats = metrics.get_metric_statistics(
    'learning-engine',
    'accuracy',
    hours=24
)
"""
ADVANCED = """
from shared.metrics import get_advanced_metrics

advanced = get_advanced_metrics()

# Record system performance
advanced.record_performance_metric(
    feature="learning-engine",
    metric_category="response_time",
    metric_name="pattern_recognition_ms",
    value=125.5,
    unit="milliseconds",
    context="production"
)

# Record user satisfaction
advanced.record_satisfaction(
    feature="learning-engine",
    satisfaction_type="accuracy",
    score=0.92,  # 0.0 to 1.0 or 1-5 scale
    feedback="Pattern recognition is very accurate",
    interaction_id="interaction_001"
)

# Record feature usage
advanced.record_feature_usage(
    feature="learning-engine",
    action="recognize_pattern",
    duration_ms=125.5,
    success=True,
    user_context="morning_session"
)

# Record learning effectiveness
advanced.record_learning_effectiveness(
    feature="learning-engine",
    learning_type="pattern_recognition",
    accuracy=0.92,
    confidence=0.88,
    sample_size=1000,
    improvement_rate=0.05
)

# Record optimization impact
advanced.record_optimization_impact(
    feature="process-optimization",
    optimization_id="opt_001",
    impact_category="task_completion_time",
    before_value=45.2,
    after_value=38.7,
    user_impact_score=0.85
)

# Record resource utilization
advanced.record_resource_utilization(
    resource_type="memory",
    resource_name="learning_engine_cache",
    utilization_percent=65.5,
    allocated=1024.0,
    used=670.0,
    unit="MB"
)

# Record errors
advanced.record_error(
    feature="learning-engine",
    error_type="PatternRecognitionError",
    error_severity="warning",
    error_message="Low confidence pattern detected",
    recovery_attempted=True,
    recovery_successful=True,
    impact_level="low"
)
"""
QUESTIONS = """
# Get performance metrics
perf_metrics = advanced.get_performance_metrics(
    feature="learning-engine",
    metric_category="response_time",
    hours=24,
    limit=1000
)

# Get satisfaction statistics
sat_stats = advanced.get_satisfaction_metrics(
    feature="learning-engine",
    satisfaction_type="accuracy",
    hours=24
)
print(f"Average satisfaction: {sat_stats['avg_score']:.2f}")
print(f"Satisfaction rate: {sat_stats['satisfaction_rate']:.2%}")

# Get feature usage stats
usage_stats = advanced.get_feature_usage_stats(
    feature="learning-engine",
    hours=24
)
print(f"Total usage: {usage_stats['total_usage']}")
print(f"Success rate: {usage_stats['success_rate']:.2%}")
print(f"Avg duration: {usage_stats['avg_duration_ms']:.2f}ms")

# Get error statistics
error_stats = advanced.get_error_stats(
    feature="learning-engine",
    hours=24
)
print(f"Total errors: {error_stats['total_errors']}")
print(f"Recovery rate: {error_stats['recovery_rate']:.2%}")
"""
DASHBOARD = """
# Get complete dashboard for a feature
dashboard = advanced.get_comprehensive_dashboard(
    feature="learning-engine",
    hours=24
)

print(json.dumps(dashboard, indent=2))

# Dashboard includes:
# - Performance metrics by category
# - User satisfaction statistics
# - Feature usage statistics
# - Error statistics
"""
DAILY = """
# Aggregate metrics for analysis
advanced.aggregate_daily_metrics()  # Today
advanced.aggregate_daily_metrics(date="2025-12-14")  # Specific date
"""
LEARNING_ENGINE = """
from shared.metrics import get_advanced_metrics

metrics = get_advanced_metrics()

# Track pattern recognition
start = time.time()
pattern = recognize_pattern(data)
duration = (time.time() - start) * 1000

metrics.record_performance_metric(
    feature="learning-engine",
    metric_category="response_time",
    metric_name="pattern_recognition_ms",
    value=duration,
    unit="milliseconds"
)

metrics.record_learning_effectiveness(
    feature="learning-engine",
    learning_type="pattern_recognition",
    accuracy=pattern.accuracy,
    confidence=pattern.confidence,
    sample_size=len(data)
)
"""
OPTIMIZATION = """
# Before optimization
before_time = measure_task_time()

# Apply optimization
apply_optimization(opt_id)

# After optimization
after_time = measure_task_time()

metrics.record_optimization_impact(
    feature="process-optimization",
    optimization_id=opt_id,
    impact_category="task_completion_time",
    before_value=before_time,
    after_value=after_time,
    user_impact_score=calculate_user_impact()
)
"""
MONITORING = """
# Get dashboard periodically
import schedule

def monitor_system():
    dashboard = advanced.get_comprehensive_dashboard(hours=1)

    # Check thresholds
    if dashboard['errors']['total_errors'] > 10:
        send_alert("High error rate detected")

    if dashboard['satisfaction']['avg_score'] < 0.7:
        send_alert("Low user satisfaction")

    if dashboard['performance']['categories'].get('response_time', {}).get('avg', 0) > 1000:
        send_alert("High response times")

schedule.every(5).minutes.do(monitor_system)
"""
CREATED = (
    """
CREATE TABLE system_performance (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TEXT NOT NULL,
    feature TEXT NOT NULL,
    metric_category TEXT NOT NULL,
    metric_name TEXT NOT NULL,
    value REAL NOT NULL,
    unit TEXT,
    context TEXT,
    metadata TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
)
""",
    """
CREATE TABLE user_satisfaction (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TEXT NOT NULL,
    feature TEXT NOT NULL,
    satisfaction_type TEXT NOT NULL,
    score REAL NOT NULL,
    feedback TEXT,
    interaction_id TEXT,
    metadata TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
)
""",
    """
CREATE TABLE feature_usage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TEXT NOT NULL,
    feature TEXT NOT NULL,
    action TEXT NOT NULL,
    duration_ms REAL,
    success BOOLEAN,
    error_type TEXT,
    user_context TEXT,
    metadata TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
)
""",
    """
CREATE TABLE daily_aggregates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    date TEXT NOT NULL,
    feature TEXT NOT NULL,
    metric_type TEXT NOT NULL,
    metric_name TEXT NOT NULL,
    avg_value REAL,
    min_value REAL,
    max_value REAL,
    stddev REAL,
    count INTEGER,
    percentile_50 REAL,
    percentile_95 REAL,
    percentile_99 REAL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(date, feature, metric_type, metric_name)
)
""",
)


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    """What a program around the samples has, with the gauge of a new process."""
    agentgauge.set_default(None)
    yield {
        "json": json,
        "time": time,
        "data": [3, 1, 2],
        "recognize_pattern": lambda data: SimpleNamespace(accuracy=0.92, confidence=0.88, found=sorted(data)),
        "opt_id": "opt_002",
        "apply_optimization": lambda opt_id: None,
        "measure_task_time": iter_of(45.2, 38.7).__next__,
        "calculate_user_impact": lambda: 0.85,
    }
    agentgauge.default().close()
    agentgauge.set_default(None)


def iter_of(*values: float) -> Iterator[float]:
    return iter(values)


def run(sample: str, names: dict[str, Any]) -> str:
    """Executes a sample among `names`; what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(sample.replace("from shared.metrics import", "from agentgauge.features import"), names)  # noqa: S102 - ours
    return printed.getvalue()


def test_the_basic_collector_records_and_describes(names: dict[str, Any]) -> None:
    run(BASIC, names)
    assert names["stats"] == {
        "count": 1, "mean": 0.92, "min": 0.92, "max": 0.92, "stddev": 0.0, "p50": 0.92, "p95": 0.92, "p99": 0.92,
    }  # fmt: skip
    times = get_metrics_collector().get_metric_statistics("learning-engine", "response_time_ms")
    assert (times["count"], times["mean"]) == (1, 125.5)


def test_the_advanced_tracker_answers_what_was_recorded(names: dict[str, Any]) -> None:
    run(ADVANCED, names)
    assert agentgauge.default().health().refused == {}
    assert run(QUESTIONS, names).splitlines() == [
        "Average satisfaction: 0.92",
        "Satisfaction rate: 100.00%",
        "Total usage: 1",
        "Success rate: 100.00%",
        "Avg duration: 125.50ms",
        "Total errors: 1",
        "Recovery rate: 100.00%",
    ]
    (row,) = names["perf_metrics"]
    assert (row["metric_name"], row["value"], row["unit"], row["context"]) == (
        "pattern_recognition_ms",
        125.5,
        "milliseconds",
        "production",
    )


def test_the_dashboard_prints_as_json(names: dict[str, Any]) -> None:
    run(ADVANCED, names)
    shown = json.loads(run(DASHBOARD, names))
    assert list(shown) == ["performance", "satisfaction", "usage", "errors"]
    assert set(shown["performance"]["categories"]) == {"response_time", "learning"}
    assert shown["performance"]["categories"]["response_time"]["avg"] == 125.5
    assert (shown["satisfaction"]["avg_score"], shown["usage"]["total_usage"]) == (0.92, 1)
    assert shown["errors"]["by_severity"] == {"warning": 1}


def test_days_are_aggregated(names: dict[str, Any]) -> None:
    run(ADVANCED, names)
    names["advanced"].record_learning_effectiveness(
        "learning-engine", "prediction", 0.8, at=datetime(2025, 12, 14, 12, tzinfo=UTC)
    )
    run(DAILY, names)
    (row,) = names["advanced"].aggregate_daily_metrics(date="2025-12-14")
    assert (row["metric_type"], row["metric_name"], row["avg_value"]) == ("learning", "prediction", 0.8)


def test_the_learning_engine_records_its_work(names: dict[str, Any]) -> None:
    run(LEARNING_ENGINE, names)
    rows = {row["metric_category"]: row for row in names["metrics"].get_performance_metrics("learning-engine")}
    assert rows["response_time"]["value"] >= 0
    assert (rows["learning"]["value"], rows["learning"]["metadata"]["sample_size"]) == (0.92, 3)


def test_the_optimization_system_records_before_and_after(names: dict[str, Any]) -> None:
    names["metrics"] = get_advanced_metrics()
    run(OPTIMIZATION, names)
    (record,) = names["metrics"].get_optimization_impact("process-optimization")["records"]
    assert (record["optimization_id"], record["before_value"], record["after_value"]) == ("opt_002", 45.2, 38.7)
    assert record["improvement"] == pytest.approx(6.5 / 45.2)


def test_the_monitor_runs_on_its_schedule_and_alarms(names: dict[str, Any]) -> None:
    told: list[str] = []
    names |= {"advanced": get_advanced_metrics(), "send_alert": told.append}
    try:
        run(MONITORING, names)
        schedule.run_all()
        assert told == [], "no data alarms of nothing"
        for _ in range(11):
            names["advanced"].record_error("learning-engine", "PatternRecognitionError")
        names["advanced"].record_satisfaction("learning-engine", "speed", 2)
        names["advanced"].record_performance_metric("learning-engine", "response_time", "ms", 2500.0)
        schedule.run_all()
    finally:
        schedule.clear()
    assert told == ["High error rate detected", "Low user satisfaction", "High response times"]


def test_the_sqlite_file_has_the_documented_tables() -> None:
    with closing(sqlite3.connect(":memory:")) as documented, closing(sqlite3.connect(":memory:")) as ours:
        for statement in CREATED:
            documented.execute(statement)
        ours.executescript(SCHEMA)
        shown = "SELECT name, sql FROM sqlite_schema ORDER BY name"
        assert ours.execute(shown).fetchall() == documented.execute(shown).fetchall()
