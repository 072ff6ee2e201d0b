"""`daily_aggregates`: computed from events while there are any, kept after."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agentgauge.errors import QueryError
from agentgauge.features import AdvancedMetrics
from agentgauge.lake import Lake
from agentgauge.lake.feature_tables import DAILY_TYPES, TABLES
from agentgauge.meter import Meter
from agentgauge.settings import get_settings

DAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
VALUES = np.random.default_rng(3).lognormal(4, 1, 57)


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """A row without when its events arrived."""
    return {name: value for name, value in row.items() if name != "created_at"}


def by_name(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {(row["feature"], row["metric_type"], row["metric_name"]): figures(row) for row in rows}


@pytest.fixture
def filled(advanced: AdvancedMetrics) -> AdvancedMetrics:
    """A day of two people's events, and an event of the day after."""
    for n, value in enumerate(VALUES):
        with advanced.gauge.scope(user="ada" if n % 2 else "bob"):
            advanced.record_performance_metric("search", "latency", "hop_ms", value, "ms", at=DAY)
    with advanced.gauge.scope(user="ada"):
        advanced.record_satisfaction("search", "accuracy", 4, at=DAY)
    advanced.record_feature_usage("search", "query", 30.0, success=False, at=DAY)
    advanced.record_feature_usage("search", "query", success=True, at=DAY)
    advanced.record_error("search", "Timeout", at=DAY)
    advanced.record_performance_metric("search", "latency", "hop_ms", 1.0, at=DAY + timedelta(days=1))
    return advanced


@pytest.fixture
def lake(home: Path) -> Lake:
    return Meter(get_settings(home)).lake


def test_a_day_is_computed_exactly_from_its_events(filled: AdvancedMetrics) -> None:
    rows = filled.aggregate_daily_metrics("2026-03-02")
    assert all(tuple(row) == TABLES["daily_aggregates"] for row in rows)
    found = by_name(rows)
    assert set(found) == {
        ("search", "latency", "hop_ms"),
        ("search", "user_satisfaction", "accuracy"),
        ("search", "feature_usage", "query"),
        ("search", "feature_success", "query"),
        ("search", "feature_errors", "Timeout"),
    }
    assert {kind for _, kind, _ in found} == {"latency", *DAILY_TYPES}
    latency = found["search", "latency", "hop_ms"]
    names = ("avg_value", "min_value", "max_value", "stddev", "percentile_50", "percentile_95", "percentile_99")
    expected = [VALUES.mean(), VALUES.min(), VALUES.max(), VALUES.std(ddof=1), *np.percentile(VALUES, [50, 95, 99])]
    assert [latency[name] for name in names] == pytest.approx(expected, rel=1e-12)
    assert (latency["date"], latency["count"]) == ("2026-03-02", 57)
    assert found["search", "user_satisfaction", "accuracy"]["avg_value"] == 0.75
    used = found["search", "feature_usage", "query"]
    assert (used["count"], used["avg_value"], used["stddev"]) == (2, 30.0, 0.0)
    assert found["search", "feature_success", "query"]["avg_value"] == 0.5
    failed = found["search", "feature_errors", "Timeout"]
    assert (failed["count"], failed["avg_value"], failed["percentile_99"]) == (1, None, None)


@pytest.mark.parametrize("day", ["2026-03-02", "20260302", date(2026, 3, 2), DAY, DAY.replace(tzinfo=None)])
def test_a_day_is_named_by_text_or_date(filled: AdvancedMetrics, day: str | date) -> None:
    assert len(filled.aggregate_daily_metrics(day)) == 5


def test_today_is_aggregated_where_no_day_is_named(advanced: AdvancedMetrics) -> None:
    advanced.record_error("search", "Timeout")
    (row,) = advanced.aggregate_daily_metrics() or advanced.aggregate_daily_metrics(
        datetime.now(UTC) - timedelta(days=1)
    )
    assert row["count"] == 1


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", 5])
def test_what_is_no_day_is_refused(advanced: AdvancedMetrics, day: Any) -> None:
    with pytest.raises(QueryError, match="a day is a date"):
        advanced.aggregate_daily_metrics(day)


def test_aggregating_again_changes_nothing_and_late_events_are_in(filled: AdvancedMetrics, lake: Lake) -> None:
    first = filled.aggregate_daily_metrics(DAY)
    assert filled.aggregate_daily_metrics(DAY) == first
    lake.compact()
    assert filled.aggregate_daily_metrics(DAY) == first
    filled.record_performance_metric("search", "latency", "hop_ms", 10_000.0, at=DAY)
    late = by_name(filled.aggregate_daily_metrics(DAY))["search", "latency", "hop_ms"]
    before = by_name(first)["search", "latency", "hop_ms"]
    assert (late["count"], late["max_value"], late["id"]) == (58, 10_000.0, before["id"])


def test_a_day_outlives_its_events(filled: AdvancedMetrics, lake: Lake) -> None:
    first = filled.aggregate_daily_metrics(DAY)
    assert lake.expire(datetime.now(UTC)).events == len(VALUES) + 5
    assert filled.get_performance_metrics(hours=None) == []
    assert filled.aggregate_daily_metrics(DAY) == first
    assert lake.expire(datetime.now(UTC)).events == 0
    assert filled.aggregate_daily_metrics(DAY) == first


def test_expiry_reaches_what_the_journal_still_holds(filled: AdvancedMetrics, lake: Lake) -> None:
    lake.compact()
    filled.record_performance_metric("search", "latency", "hop_ms", 10_000.0, at=DAY)
    lake.expire(datetime.now(UTC))
    assert by_name(filled.aggregate_daily_metrics(DAY))["search", "latency", "hop_ms"]["count"] == 58


def test_after_expiry_a_new_figure_joins_its_day_and_a_kept_one_stays(filled: AdvancedMetrics, lake: Lake) -> None:
    first = by_name(filled.aggregate_daily_metrics(DAY))
    lake.expire(datetime.now(UTC))
    filled.record_performance_metric("search", "latency", "hop_ms", 10_000.0, at=DAY)
    filled.record_performance_metric("search", "latency", "queue_ms", 5.0, at=DAY)
    found = by_name(filled.aggregate_daily_metrics(DAY))
    assert found.pop(("search", "latency", "queue_ms"))["count"] == 1
    assert found == first
    lake.expire(datetime.now(UTC))
    assert len(filled.aggregate_daily_metrics(DAY)) == len(first) + 1


def test_a_crash_between_keeping_a_day_and_removing_its_events_changes_nothing(
    filled: AdvancedMetrics, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentgauge.lake import deletion

    first = filled.aggregate_daily_metrics(DAY)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deletion, "_delete", crash)
        with pytest.raises(KeyboardInterrupt):
            lake.expire(datetime.now(UTC))
    assert filled.aggregate_daily_metrics(DAY) == first
    lake.expire(datetime.now(UTC))
    assert filled.aggregate_daily_metrics(DAY) == first


def test_forgetting_a_person_corrects_days_that_have_events(filled: AdvancedMetrics, lake: Lake) -> None:
    lake.forget("ada")
    found = by_name(filled.aggregate_daily_metrics(DAY))
    assert ("search", "user_satisfaction", "accuracy") not in found
    of_bob = VALUES[::2]
    assert found["search", "latency", "hop_ms"]["count"] == len(of_bob)
    assert found["search", "latency", "hop_ms"]["percentile_95"] == pytest.approx(np.percentile(of_bob, 95))


def test_forgetting_takes_kept_figures_that_are_of_nobody_else(filled: AdvancedMetrics, lake: Lake) -> None:
    first = by_name(filled.aggregate_daily_metrics(DAY))
    lake.expire(datetime.now(UTC))
    lake.forget("ada")
    found = by_name(filled.aggregate_daily_metrics(DAY))
    assert set(first) - set(found) == {("search", "user_satisfaction", "accuracy")}
    lake.forget("bob")
    left = by_name(filled.aggregate_daily_metrics(DAY))
    assert ("search", "latency", "hop_ms") not in left
    assert ("search", "feature_errors", "Timeout") in left, "an event of nobody's"


def test_a_category_of_the_name_of_another_type_is_not_mixed_with_it(advanced: AdvancedMetrics) -> None:
    advanced.record_performance_metric("search", "feature_usage", "query", 7.0, at=DAY)
    advanced.record_feature_usage("search", "query", 30.0, success=None, at=DAY)
    found = {name: row["avg_value"] for name, row in by_name(advanced.aggregate_daily_metrics(DAY)).items()}
    assert found == {
        ("search", "feature_usage", "query"): 30.0,
        ("search", "measurement.feature_usage", "query"): 7.0,
    }


def test_expiry_of_events_that_no_day_counts_makes_no_table(advanced: AdvancedMetrics, lake: Lake, home: Path) -> None:
    advanced.gauge.llm_call("gpt-4o", "openai", input_tokens=10, at=DAY)
    assert lake.expire(datetime.now(UTC)).events == 1
    assert not (home / "lake" / "daily_aggregates").exists()


def test_two_processes_may_aggregate_and_expire_at_once(filled: AdvancedMetrics, lake: Lake, home: Path) -> None:
    first = filled.aggregate_daily_metrics(DAY)
    script = """
import sys
from datetime import UTC, datetime
import agentgauge
from agentgauge.errors import LakeBusy
from agentgauge.features import AdvancedMetrics
from agentgauge.meter import Meter
from agentgauge.settings import get_settings
metrics = AdvancedMetrics(gauge=agentgauge.open(sys.argv[1]))
for _ in range(3):
    assert len(metrics.aggregate_daily_metrics("2026-03-02")) == 5
    try:
        Meter(get_settings(sys.argv[1])).lake.expire(datetime.now(UTC))
    except LakeBusy:
        pass
    assert len(metrics.aggregate_daily_metrics("2026-03-02")) == 5
"""
    processes = [subprocess.Popen([sys.executable, "-c", script, str(home)]) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    assert filled.aggregate_daily_metrics(DAY) == first
    assert filled.get_performance_metrics(hours=None) == []
