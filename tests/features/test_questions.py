"""What the collectors answer about the stream."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import agentgauge
from agentgauge.errors import LakeError, QueryError
from agentgauge.features import AdvancedMetrics, MetricsCollector
from agentgauge.lake.feature_tables import TABLES
from agentgauge.meter import Meter
from agentgauge.recorder.sinks import patient_sink
from agentgauge.settings import get_settings

LONG_AGO = datetime.now(UTC) - timedelta(days=30)


def test_statistics_are_exact(basic: MetricsCollector) -> None:
    values = np.random.default_rng(7).lognormal(3, 1, 101)
    for value in values:
        basic.record_learning_metric("search", "accuracy", value)
    basic.record_learning_metric("search", "loss", 9.0)
    basic.record_learning_metric("other", "accuracy", 9.0)
    found = basic.get_metric_statistics("search", "accuracy", hours=1)
    assert list(found) == ["count", "mean", "min", "max", "stddev", "p50", "p95", "p99"]
    assert found["count"] == 101
    expected = [values.mean(), values.min(), values.max(), values.std(ddof=1), *np.percentile(values, [50, 95, 99])]
    assert list(found.values())[1:] == pytest.approx(expected, rel=1e-12)


def test_statistics_of_one_value_and_of_none(basic: MetricsCollector) -> None:
    basic.record_performance_metric("search", "ms", 5.0)
    assert basic.get_metric_statistics("search", "ms") == {
        "count": 1, "mean": 5.0, "min": 5.0, "max": 5.0, "stddev": 0.0, "p50": 5.0, "p95": 5.0, "p99": 5.0,
    }  # fmt: skip
    none = basic.get_metric_statistics("search", "nothing")
    assert none.pop("count") == 0
    assert all(math.isnan(value) for value in none.values())


def test_a_question_looks_so_many_hours_back(basic: MetricsCollector) -> None:
    basic.record_performance_metric("search", "ms", 1.0, at=LONG_AGO)
    basic.record_performance_metric("search", "ms", 2.0)
    assert [basic.get_metric_statistics("search", "ms", hours)["count"] for hours in (24, 24 * 31, None, 1e300)] == [
        1,
        2,
        2,
        2,
    ]


@pytest.mark.parametrize("hours", [-1, float("nan"), "24", True])
def test_hours_that_are_none_are_refused(basic: MetricsCollector, hours: Any) -> None:
    with pytest.raises(QueryError, match="hours is a number"):
        basic.get_metric_statistics("search", "ms", hours)


def test_performance_rows_are_those_of_the_table_newest_first(advanced: AdvancedMetrics) -> None:
    for value in (1.0, 2.0, 3.0):
        advanced.record_performance_metric("search", "latency", "hop_ms", value, "ms", metadata={"shard": value})
    advanced.record_performance_metric("search", "throughput", "queries", 9.0)
    advanced.record_performance_metric("other", "latency", "hop_ms", 9.0)
    rows = advanced.get_performance_metrics("search", "latency", hours=24, limit=2)
    assert [row["value"] for row in rows] == [3.0, 2.0]
    assert tuple(rows[0]) == TABLES["system_performance"]
    assert rows[0]["metadata"] == {"metric_type": "performance", "shard": 3.0}
    assert len(advanced.get_performance_metrics(limit=None)) == 5
    with pytest.raises(QueryError, match="limit"):
        advanced.get_performance_metrics(limit=-1)


def test_of_one_moment_what_is_not_yet_in_the_lake_is_newest(advanced: AdvancedMetrics, home: Path) -> None:
    moment = datetime.now(UTC)
    for value in (1.0, 2.0):
        advanced.record_performance_metric("search", "latency", "hop_ms", value, at=moment)
        advanced.record_optimization_impact("search", "o1", "latency", 9.0, value, at=moment)
        Meter(get_settings(home)).lake.compact()
    advanced.record_performance_metric("search", "latency", "hop_ms", 3.0, at=moment)
    advanced.record_optimization_impact("search", "o1", "latency", 9.0, 3.0, at=moment)
    assert [row["value"] for row in advanced.get_performance_metrics(metric_category="latency")] == [3.0, 2.0, 1.0]
    changed = advanced.get_optimization_impact()["records"]
    assert [record["after_value"] for record in changed] == [3.0, 2.0, 1.0]


def test_an_empty_feature_is_what_names_none(advanced: AdvancedMetrics) -> None:
    advanced.gauge.measurement("recall", 0.5)
    advanced.gauge.satisfaction(0.5)
    advanced.gauge.error("Timeout")
    advanced.record_satisfaction("search", "overall", 0.9)
    found = advanced.get_comprehensive_dashboard("")
    assert (found["satisfaction"]["count"], found["errors"]["total_errors"]) == (1, 1)
    assert found["performance"]["categories"]["measurement"]["count"] == 1


def test_learning_optimization_and_resources_are_rows_too(advanced: AdvancedMetrics) -> None:
    advanced.record_learning_effectiveness("search", "prediction", 0.9, 0.8, 100)
    advanced.record_optimization_impact("search", "o1", "resource_usage", 60.0, 50.0)
    advanced.record_resource_utilization("memory", "cache", 65.5, 1024.0, 670.0, "MB")
    rows = {row["metric_category"]: row for row in advanced.get_performance_metrics()}
    assert set(rows) == {"learning", "optimization", "memory"}
    assert rows["learning"]["metadata"]["confidence"] == 0.8
    assert rows["optimization"]["metadata"]["before_value"] == 60.0
    assert (rows["memory"]["feature"], rows["memory"]["metadata"]["used"]) == ("", 670.0)


def test_satisfaction_is_on_0_to_1_whatever_the_scale(advanced: AdvancedMetrics) -> None:
    for score, scale in ((0.7, None), (3.8, None), (5, None), (1, 5), (0.69, None)):
        advanced.record_satisfaction("search", "accuracy", score, scale=scale)
    advanced.record_satisfaction("search", "speed", 0.5)
    advanced.record_satisfaction("other", "accuracy", 0.0)
    found = advanced.get_satisfaction_metrics("search", "accuracy", hours=24)
    assert (found["count"], found["satisfied"], found["satisfaction_rate"]) == (5, 3, 0.6)
    assert found["avg_score"] == pytest.approx((0.7 + 0.7 + 1 + 0 + 0.69) / 5)
    assert (found["min_score"], found["max_score"]) == (0.0, 1.0)
    everything = advanced.get_satisfaction_metrics()
    assert everything["count"] == 7
    assert {name: part["count"] for name, part in everything["by_type"].items()} == {"accuracy": 6, "speed": 1}


def test_usage_counts_uses_and_tasks_that_name_a_feature(advanced: AdvancedMetrics) -> None:
    advanced.record_feature_usage("search", "query", 10.0)
    advanced.record_feature_usage("search", "query", 30.0, success=False)
    advanced.record_feature_usage("search", "browse", success=None)
    advanced.gauge.task("reindex", 50.0, feature="search")
    advanced.gauge.task("reindex", 50.0)
    found = advanced.get_feature_usage_stats("search")
    assert (found["total_usage"], found["successful"], found["failed"]) == (4, 2, 1)
    assert found["success_rate"] == pytest.approx(2 / 3)
    assert (found["avg_duration_ms"], found["min_duration_ms"], found["max_duration_ms"]) == (30.0, 10.0, 50.0)
    assert found["by_action"]["query"]["success_rate"] == 0.5
    assert math.isnan(found["by_action"]["browse"]["success_rate"])
    assert advanced.get_feature_usage_stats()["total_usage"] == 4


def test_errors_are_counted_by_what_they_are(advanced: AdvancedMetrics) -> None:
    advanced.record_error("search", "Timeout", "warning", None, True, True, "low")
    advanced.record_error("search", "Timeout", "critical", None, True, False, "high")
    advanced.record_error("search", "Parse")
    advanced.gauge.task("reindex", success=False, feature="search")
    found = advanced.get_error_stats("search")
    assert (found["total_errors"], found["recovery_attempted"], found["recovered"]) == (3, 2, 1)
    assert found["recovery_rate"] == 0.5
    assert found["by_severity"] == {"warning": 1, "critical": 1, "error": 1}
    assert found["by_type"] == {"Timeout": 2, "Parse": 1}
    assert found["by_impact"] == {"low": 1, "high": 1, "unknown": 1}


def test_a_dashboard_of_nothing_is_a_document_of_zeros_and_nan(advanced: AdvancedMetrics) -> None:
    found = advanced.get_comprehensive_dashboard()
    assert list(found) == ["performance", "satisfaction", "usage", "errors"]
    assert found["performance"] == {"categories": {}}
    assert (found["errors"]["total_errors"], found["usage"]["total_usage"], found["satisfaction"]["count"]) == (0, 0, 0)
    assert math.isnan(found["satisfaction"]["avg_score"])
    assert json.loads(json.dumps(found))["errors"]["by_type"] == {}


def test_a_dashboard_has_categories_with_their_figures(advanced: AdvancedMetrics) -> None:
    for value in (100.0, 300.0):
        advanced.record_performance_metric("search", "response_time", "query_ms", value, "milliseconds")
    advanced.record_performance_metric("other", "response_time", "query_ms", 9000.0, "us")
    advanced.gauge.measurement("recall", 0.5, feature="search")
    found = advanced.get_comprehensive_dashboard("search", hours=1)["performance"]["categories"]
    assert set(found) == {"response_time", "measurement"}
    times = found["response_time"]
    assert (times["count"], times["avg"], times["min"], times["max"], times["p50"]) == (2, 200.0, 100.0, 300.0, 200.0)
    assert (times["units"], found["measurement"]["units"]) == (["milliseconds"], [])
    assert advanced.get_comprehensive_dashboard()["performance"]["categories"]["response_time"]["units"] == [
        "milliseconds",
        "us",
    ]


def test_what_anyone_recorded_is_seen(advanced: AdvancedMetrics, basic: MetricsCollector, home: Path) -> None:
    with agentgauge.open(home, feature="search") as other:
        other.measurement("accuracy", 0.4)
        other.satisfaction(5)
        other.error("Timeout", recovery="failed")
        other.task("turn", 20.0)
    basic.record_learning_metric("search", "accuracy", 0.6)
    assert basic.get_metric_statistics("search", "accuracy")["mean"] == pytest.approx(0.5)
    found = advanced.get_comprehensive_dashboard("search")
    assert found["satisfaction"]["by_type"]["overall"]["avg_score"] == 1.0
    assert found["errors"]["recovery_rate"] == 0.0
    assert found["usage"]["by_action"]["turn"]["avg_duration_ms"] == 20.0


def test_attributes_of_any_shape_do_not_disturb_the_tables(advanced: AdvancedMetrics) -> None:
    odd = {"metric_category": {"a": 1}, "context": [1, 2], "before_value": "many", "score": "high", "scale": 5}
    advanced.gauge.measurement("odd", 1.0, attributes=odd | {"metric_type": "optimization"})
    advanced.gauge.event("satisfaction", {"value": 0.5}, attributes=odd)
    advanced.gauge.measurement("odd'); DROP", 1e308, feature="'; --")
    assert [row["value"] for row in advanced.get_performance_metrics()] == [1e308, 1.0]
    assert advanced.get_satisfaction_metrics()["avg_score"] == 0.5
    assert advanced.get_optimization_impact()["count"] == 0
    assert len(advanced.get_performance_metrics("'; --")) == 1
    assert len(advanced.aggregate_daily_metrics()) == 3


@pytest.mark.parametrize("feature", ["\ud800", "\x00", "", "é" * 10_000, 5, b"search"])
def test_a_feature_that_nobody_recorded_has_nothing(advanced: AdvancedMetrics, feature: Any) -> None:
    advanced.record_error("search", "Timeout")
    assert advanced.get_error_stats(feature)["total_errors"] == 0
    assert advanced.get_performance_metrics(feature, feature) == []
    assert advanced.get_optimization_impact(feature, feature, feature)["count"] == 0


def test_a_home_that_is_no_folder_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("taken")
    settings = get_settings(tmp_path / "file")
    gauge = agentgauge.Gauge(patient_sink(settings)[0], settings=settings)
    with pytest.raises(LakeError, match="could not be read"):
        AdvancedMetrics(gauge=gauge).get_error_stats()


def test_a_damaged_home_is_said_in_a_sentence(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_error("search", "Timeout")
    Meter(get_settings(home)).lake.compact()
    for file in (home / "lake" / "events").rglob("*.parquet"):
        file.write_bytes(b"not parquet")
    with pytest.raises(LakeError, match="could not be read"):
        advanced.get_error_stats()
