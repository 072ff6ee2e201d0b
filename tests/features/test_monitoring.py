"""Thresholds and the callable that watches them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import schedule

from agentgauge.errors import LakeError, QueryError
from agentgauge.features import DEFAULT_THRESHOLDS, AdvancedMetrics, Alert, Monitor, Threshold, breaches, monitor


def dashboard(errors: Any = 0, score: Any = math.nan, categories: Any = None) -> dict[str, Any]:
    return {
        "performance": {"categories": categories or {}},
        "satisfaction": {"avg_score": score},
        "usage": {},
        "errors": {"total_errors": errors},
    }


@pytest.mark.parametrize(
    ("shown", "messages"),
    [
        (dashboard(), []),
        (dashboard(errors=10, score=0.7, categories={"response_time": {"avg": 1000.0}}), []),
        (dashboard(errors=11), ["High error rate detected"]),
        (dashboard(score=0.69), ["Low user satisfaction"]),
        (dashboard(categories={"response_time": {"avg": 1000.5}}), ["High response times"]),
        (dashboard(categories={"latency": {"avg": 5000.0}}), []),
        (dashboard(errors=math.nan, score=None), []),
        ({}, []),
    ],
)
def test_the_documented_thresholds_are_the_default(shown: dict[str, Any], messages: list[str]) -> None:
    assert [alert.message for alert in breaches(shown, DEFAULT_THRESHOLDS)] == messages


@pytest.mark.parametrize(
    ("comparison", "alarms"),
    [
        (">", [False, False, True]),
        (">=", [False, True, True]),
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
    ],
)
def test_a_comparison_says_which_figures_alarm(comparison: Any, alarms: list[bool]) -> None:
    threshold = Threshold("errors.total_errors", comparison, 5, "")
    assert [bool(breaches(dashboard(errors=count), [threshold])) for count in (4, 5, 6)] == alarms


def test_an_unknown_comparison_is_refused() -> None:
    with pytest.raises(QueryError, match="use one of >, >=, <, <="):
        Threshold("errors.total_errors", "~", 5, "")  # type: ignore[arg-type]


@pytest.mark.parametrize(("limit", "error"), [("10", TypeError), (None, TypeError), (math.nan, QueryError)])
def test_a_limit_that_nothing_compares_with_is_refused_before_it_is_watched(limit: Any, error: Any) -> None:
    with pytest.raises(error):
        Threshold("errors.total_errors", ">", limit, "")


@pytest.mark.parametrize("hours", [-1, "1", math.nan])
def test_hours_that_are_none_are_refused_before_they_are_watched(advanced: AdvancedMetrics, hours: Any) -> None:
    with pytest.raises(QueryError, match="hours is a number"):
        monitor(hours=hours, gauge=advanced.gauge)


def test_a_key_with_a_dot_is_named_by_a_tuple() -> None:
    threshold = Threshold(("performance", "categories", "p99.9", "avg"), ">", 1, "slow")
    (alert,) = breaches(dashboard(categories={"p99.9": {"avg": 2.0}}), [threshold])
    assert (alert.value, alert.threshold, alert.time.utcoffset()) == (2.0, threshold, alert.time - alert.time)


def test_a_monitor_tells_what_the_stream_shows(advanced: AdvancedMetrics) -> None:
    told: list[Alert] = []
    watch = monitor(on_alert=told.append, gauge=advanced.gauge, feature="search")
    assert watch() == ()
    for _ in range(11):
        advanced.record_error("search", "Timeout")
        advanced.record_error("other", "Timeout")
    advanced.record_satisfaction("search", "overall", 2)
    advanced.record_performance_metric("search", "response_time", "query_ms", 2000.0, "ms")
    alerts = watch()
    assert [alert.message for alert in alerts] == [
        "High error rate detected",
        "Low user satisfaction",
        "High response times",
    ]
    assert list(alerts) == told
    assert [alert.value for alert in alerts] == [11, 0.25, 2000.0]


def test_an_alert_that_cannot_be_told_does_not_keep_the_others_back() -> None:
    told: list[str] = []

    def on_alert(alert: Alert) -> None:
        told.append(alert.message)
        raise RuntimeError("no mail server")

    watch = Monitor(DEFAULT_THRESHOLDS, on_alert, lambda: dashboard(errors=11, score=0.1))
    assert len(watch()) == len(told) == 2
    assert (watch.failed_alerts, watch.failed_looks) == (2, 0)


def test_a_home_that_cannot_be_read_ends_no_scheduler() -> None:
    def unreadable() -> dict[str, Any]:
        raise LakeError("gone")

    watch = Monitor(DEFAULT_THRESHOLDS, lambda alert: None, unreadable)
    assert (watch(), watch(), watch.failed_looks) == ((), (), 2)


def test_a_scheduler_takes_it_as_it_is(advanced: AdvancedMetrics) -> None:
    advanced.record_satisfaction("search", "overall", 1, scale=5)
    told: list[Alert] = []
    scheduler = schedule.Scheduler()
    scheduler.every(5).minutes.do(monitor(on_alert=told.append, gauge=advanced.gauge))
    scheduler.run_all()
    scheduler.run_all()
    assert [alert.message for alert in told] == ["Low user satisfaction"] * 2


def test_without_on_alert_it_is_logged(advanced: AdvancedMetrics, caplog: pytest.LogCaptureFixture) -> None:
    advanced.record_satisfaction("search", "overall", 0.1)
    monitor(gauge=advanced.gauge)()
    assert "Low user satisfaction" in caplog.text


def test_the_home_is_left_as_it_was_where_there_is_nothing(home: Path, advanced: AdvancedMetrics) -> None:
    monitor(gauge=advanced.gauge)()
    assert not (home / "lake").exists()
