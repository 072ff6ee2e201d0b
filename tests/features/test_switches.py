"""Recording switched off, and kept in memory."""

from __future__ import annotations

import inspect
import math
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.features import (
    AdvancedMetrics,
    MetricsCollector,
    get_advanced_metrics,
    get_metrics_collector,
    monitor,
    sample_resources,
)

CALLS: dict[str, tuple[Any, ...]] = {
    "record_performance_metric": ("f", "response_time", "ms", 1.0),
    "record_satisfaction": ("f", "accuracy", 0.9),
    "record_feature_usage": ("f", "query"),
    "record_learning_effectiveness": ("f", "prediction", 0.9),
    "record_optimization_impact": ("f", "o1", "accuracy", 0.5, 0.6),
    "record_resource_utilization": ("memory", "cache", 50.0),
    "record_error": ("f", "E"),
    "get_performance_metrics": (),
    "get_satisfaction_metrics": (),
    "get_feature_usage_stats": (),
    "get_error_stats": (),
    "get_optimization_impact": (),
    "get_comprehensive_dashboard": (),
    "aggregate_daily_metrics": (),
}


@pytest.fixture(params=["disabled", "in memory"])
def gauge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, home: Path) -> agentgauge.Gauge:
    name = {"disabled": "ENABLE_METRICS", "in memory": "ENABLE_METRICS_PERSISTENCE"}[request.param]
    monkeypatch.setenv(name, "false")
    return agentgauge.open(home)


def test_every_method_works_and_no_file_is_touched(gauge: agentgauge.Gauge, home: Path) -> None:
    advanced, basic = AdvancedMetrics(gauge=gauge), MetricsCollector(gauge=gauge)
    methods = {name for name, _ in inspect.getmembers(AdvancedMetrics, inspect.isfunction) if not name.startswith("_")}
    assert methods == set(CALLS)
    for name, given in CALLS.items():
        getattr(advanced, name)(*given)
    basic.record_performance_metric("f", "ms", 1.0)
    basic.record_learning_metric("f", "accuracy", 1.0)
    basic.record_optimization_metric("f", "saved", 1.0)
    basic.get_metric_statistics("f", "ms")
    with sample_resources(3600, gauge=gauge) as sampler:
        sampler.sample()
    assert monitor(gauge=gauge)() == ()
    assert not home.exists()


def test_what_is_kept_in_memory_is_answered_from(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "0")
    metrics = AdvancedMetrics(gauge=agentgauge.open(home))
    metrics.record_satisfaction("f", "accuracy", 4)
    metrics.record_optimization_impact("f", "o1", "accuracy", 0.5, 0.6)
    assert metrics.get_satisfaction_metrics("f")["avg_score"] == 0.75
    assert {row["metric_type"] for row in metrics.aggregate_daily_metrics()} == {"user_satisfaction", "optimization"}
    assert metrics.get_optimization_impact()["count"] == 1


def test_where_a_setting_makes_no_sense_what_is_kept_in_memory_is_answered_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENABLE_METRICS", "perhaps")
    agentgauge.set_default(None)
    try:
        get_advanced_metrics().record_satisfaction("f", "accuracy", 4)
        assert get_advanced_metrics().get_satisfaction_metrics("f")["avg_score"] == 0.75
    finally:
        agentgauge.set_default(None)


def test_what_is_switched_off_has_nothing_to_say(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("AGENTGAUGE_DISABLED", "1")
    metrics = AdvancedMetrics(gauge=agentgauge.open(home))
    metrics.record_error("f", "E")
    assert metrics.get_error_stats()["total_errors"] == 0
    assert math.isnan(metrics.get_error_stats()["recovery_rate"])


def test_the_collectors_of_the_process_are_one_each_and_follow_its_gauge(home: Path) -> None:
    assert get_metrics_collector() is get_metrics_collector()
    assert get_advanced_metrics() is get_advanced_metrics()
    with agentgauge.open(home) as gauge:
        agentgauge.set_default(gauge)
        try:
            get_metrics_collector().record_learning_metric("f", "accuracy", 0.9)
            assert get_advanced_metrics().get_performance_metrics()[0]["value"] == 0.9
        finally:
            agentgauge.set_default(None)
