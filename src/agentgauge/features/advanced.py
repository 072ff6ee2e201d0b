"""The advanced tracker of document 001: seven records of a feature, and questions about them.

Each `record_*` writes one event in the scope of the caller, returns None and raises nothing: what breaks a rule is
counted by the gauge with its reason. Every one takes `metadata`, which becomes attributes, and `at`, when it happened
(naive in UTC; now by default). Questions read the whole stream, what other processes and other vocabularies recorded
included, in 50 to 100 ms and more where there is much; they raise `QueryError` for arguments that make no sense and
`LakeError` where the home cannot be read.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import agentgauge
from agentgauge.errors import EventRefused
from agentgauge.features.entry import keep, number, ratio, refuse, word
from agentgauge.recorder import Gauge

IMPACT_LEVELS = ("high", "medium", "low")

Metadata = dict[str, Any] | None


class AdvancedMetrics:
    """Records into `gauge`; without one into `agentgauge.default()`, as it is at each call."""

    def __init__(self, *, gauge: Gauge | None = None) -> None:
        self._own = gauge

    @property
    def gauge(self) -> Gauge:
        return self._own or agentgauge.default()

    def record_performance_metric(
        self,
        feature: str,
        metric_category: str,
        metric_name: str,
        value: float,
        unit: str | None = None,
        context: str | None = None,
        *,
        metadata: Metadata = None,
        at: datetime | None = None,
    ) -> None:
        """A number of a category (`agentgauge.features.categories.SystemPerformance`, or any other), in `unit`."""
        own = {"metric_type": "performance", "metric_category": metric_category, "context": context}
        values = {"name": metric_name, "value": value, "unit": unit}
        keep(self.gauge, "measurement", values, own, metadata=metadata, at=at, feature=feature)

    def record_satisfaction(
        self,
        feature: str,
        satisfaction_type: str,
        score: float,
        feedback: str | None = None,
        interaction_id: str | None = None,
        *,
        scale: float | None = None,
        metadata: Metadata = None,
        at: datetime | None = None,
    ) -> None:
        """How content a person was: a ratio of 0-1, or 1 to 5, which is kept as (score - 1) / 4 and as it is.

        A score above 1 is on the second scale; `scale=5` says so of a 1. `feedback` is the person's own words.
        """
        own = {"feedback": feedback, "interaction_id": interaction_id}
        values = {"name": satisfaction_type, "value": score, "scale": scale}
        keep(self.gauge, "satisfaction", values, own, metadata=metadata, at=at, feature=feature)

    def record_feature_usage(
        self,
        feature: str,
        action: str,
        duration_ms: float | None = None,
        success: bool | None = True,
        user_context: str | None = None,
        *,
        error_type: str | None = None,
        metadata: Metadata = None,
        at: datetime | None = None,
    ) -> None:
        """One use of a feature: `action` is what was done with it (the event's name and operation), in milliseconds."""
        values = {"name": action, "duration_ms": duration_ms, "error_type": error_type}
        keep(
            self.gauge,
            "feature_usage",
            values,
            {"user_context": user_context},
            metadata=metadata,
            at=at,
            success=success,
            feature=feature,
            operation=action,
        )

    def record_learning_effectiveness(
        self,
        feature: str,
        learning_type: str,
        accuracy: float,
        confidence: float | None = None,
        sample_size: int | None = None,
        improvement_rate: float | None = None,
        *,
        metadata: Metadata = None,
        at: datetime | None = None,
    ) -> None:
        """How well something was learned: `accuracy` and `confidence` are ratios of 0-1, over `sample_size` examples;
        `improvement_rate` is a ratio of change, 0.05 for 5 %. The measurement's value is the accuracy.
        """
        gauge = self.gauge
        try:
            own = {
                "metric_type": "learning",
                "confidence": ratio("confidence", confidence),
                "sample_size": number("sample_size", sample_size),
                "improvement_rate": number("improvement_rate", improvement_rate),
            }
            values = {"name": learning_type, "value": ratio("accuracy", accuracy), "unit": "1"}
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        keep(gauge, "measurement", values, own, metadata=metadata, at=at, feature=feature)

    def record_optimization_impact(
        self,
        feature: str,
        optimization_id: str,
        impact_category: str,
        before_value: float,
        after_value: float,
        user_impact_score: float | None = None,
        *,
        higher_is_better: bool | None = None,
        metadata: Metadata = None,
        at: datetime | None = None,
    ) -> None:
        """What an optimization changed: a value before and after it, in one unit. The measurement's value is the later.

        `higher_is_better` says which way is good where `agentgauge.features.categories` does not.
        """
        gauge = self.gauge
        try:
            before = number("before_value", before_value)
            if before is None:
                raise EventRefused("missing field", "an optimization's impact needs before_value")
            own = {
                "metric_type": "optimization",
                "optimization_id": optimization_id,
                "before_value": before,
                "user_impact_score": number("user_impact_score", user_impact_score),
                "higher_is_better": higher_is_better,
            }
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        values = {"name": impact_category, "value": after_value}
        keep(gauge, "measurement", values, own, metadata=metadata, at=at, feature=feature)

    def record_resource_utilization(
        self,
        resource_type: str,
        resource_name: str,
        utilization_percent: float,
        allocated: float | None = None,
        used: float | None = None,
        unit: str | None = None,
        *,
        feature: str | None = None,
        metadata: Metadata = None,
        at: datetime | None = None,
    ) -> None:
        """How much of a resource is in use, in percent, and of `allocated` how much is `used`, both in `unit`.

        The measurement's category is the `resource_type`. Several processors may be used to more than 100 %.
        """
        gauge = self.gauge
        try:
            own = {
                "metric_type": "resource",
                "metric_category": resource_type,
                "allocated": number("allocated", allocated),
                "used": number("used", used),
                "resource_unit": unit,
            }
            percent = number("utilization_percent", utilization_percent)
            if percent is not None and percent < 0:
                raise EventRefused("out of range", f"utilization_percent is at least 0, got {percent}")
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        values = {"name": resource_name, "value": percent, "unit": "%"}
        keep(gauge, "measurement", values, own, metadata=metadata, at=at, feature=feature)

    def record_error(
        self,
        feature: str,
        error_type: str,
        error_severity: str = "error",
        error_message: str | None = None,
        recovery_attempted: bool = False,
        recovery_successful: bool = False,
        impact_level: str | None = None,
        *,
        metadata: Metadata = None,
        at: datetime | None = None,
    ) -> None:
        """An error: `error_severity` is critical, error, warning or info, `impact_level` high, medium or low.

        Recovery that succeeded was attempted. The first 200 characters of the message are kept.
        """
        gauge = self.gauge
        try:
            own = {"impact_level": word("impact_level", impact_level, IMPACT_LEVELS)}
            recovery = None
            if _yes("recovery_successful", recovery_successful):
                recovery = "succeeded"
            elif _yes("recovery_attempted", recovery_attempted):
                recovery = "failed"
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        values = {
            "error_type": error_type,
            "severity": error_severity,
            "error_message": error_message,
            "recovery": recovery,
        }
        keep(gauge, "error", values, own, metadata=metadata, at=at, feature=feature)

    # Questions

    def get_performance_metrics(
        self,
        feature: str | None = None,
        metric_category: str | None = None,
        hours: float | None = 24,
        limit: int | None = 1000,
    ) -> list[dict[str, Any]]:
        """Rows of the table `system_performance` of the last `hours` (None: ever), newest first: every measurement.

        `timestamp` and `created_at` are text in UTC, `metadata` is a dict or None. `id` is None until the event is in
        the lake.
        """
        from agentgauge.features.questions import asked, performance_rows  # deferred: they import DuckDB

        with asked(self.gauge, hours) as connection:
            return performance_rows(connection, feature, metric_category, limit)

    def get_satisfaction_metrics(
        self, feature: str | None = None, satisfaction_type: str | None = None, hours: float | None = 24
    ) -> dict[str, Any]:
        """Satisfaction on 0-1: `count`, `avg_score`, `min_score`, `max_score`, `stddev`, `satisfied` (how many are from
        0.7), `satisfaction_rate` (their share), and the same in `by_type`. Averages and rates of nothing are NaN.
        """
        from agentgauge.features.questions import asked, satisfaction

        with asked(self.gauge, hours) as connection:
            return satisfaction(connection, feature, satisfaction_type)

    def get_feature_usage_stats(self, feature: str | None = None, hours: float | None = 24) -> dict[str, Any]:
        """Uses of features, and tasks that name one: `total_usage`, `successful`, `failed`, `success_rate` (0-1, of
        those with an outcome), `avg_duration_ms`, `min_duration_ms`, `max_duration_ms`, `p95_duration_ms`, and the same
        in `by_action`.
        """
        from agentgauge.features.questions import asked, usage

        with asked(self.gauge, hours) as connection:
            return usage(connection, feature)

    def get_error_stats(self, feature: str | None = None, hours: float | None = 24) -> dict[str, Any]:
        """Errors: `total_errors`, `recovery_attempted`, `recovered`, `recovery_rate` (0-1, of the attempted), and
        counts `by_severity`, `by_type` and `by_impact`. A failed call or task is no error by itself.
        """
        from agentgauge.features.questions import asked, errors

        with asked(self.gauge, hours) as connection:
            return errors(connection, feature)

    def get_optimization_impact(
        self,
        feature: str | None = None,
        optimization_id: str | None = None,
        impact_category: str | None = None,
        hours: float | None = None,
        *,
        higher_is_better: bool | None = None,
        limit: int | None = 1000,
    ) -> dict[str, Any]:
        """What optimizations changed: `count`, `records` (newest first, at most `limit`), and per category, since each
        has a unit of its own, `by_category` with the change over all its records.

        A record has `absolute_change` (after - before), `relative_change` (that over the size of before; NaN where it
        is 0) and `improvement`, the relative change in the good direction. `agentgauge.analysis.change` says how a
        category's changes are estimated, each with `low` and `high` of 95 %, `p_value` and `method`; NaN of fewer
        than two records. `higher_is_better` wins over what the records say, and they over the category.
        """
        from agentgauge.features.impact import impact
        from agentgauge.features.questions import asked, text_of

        with asked(self.gauge, hours) as connection:
            asked_for = (text_of(feature), text_of(optimization_id), text_of(impact_category))
            return impact(connection, *asked_for, higher_is_better=higher_is_better, limit=limit)

    def get_comprehensive_dashboard(self, feature: str | None = None, hours: float | None = 24) -> dict[str, Any]:
        """One answer about the last `hours` that `json.dumps` takes: `performance` (`categories`: per category
        `count`, `avg`, `min`, `max`, `stddev`, `p50`, `p95`, `p99` and the `units` found in it), `satisfaction`,
        `usage` and `errors`, which are what the questions of their own say.
        """
        from agentgauge.features.questions import asked, dashboard

        with asked(self.gauge, hours) as connection:
            return dashboard(connection, feature)

    def aggregate_daily_metrics(self, date: str | date | None = None) -> list[dict[str, Any]]:
        """The rows of the table `daily_aggregates` for a UTC day, today by default: `date`, `feature`, `metric_type`,
        `metric_name`, `avg_value`, `min_value`, `max_value`, `stddev`, `count`, percentiles 50, 95 and 99.

        The day is computed from its events, all that have arrived by now, so asking again is never wrong and late
        events are in. A day whose events have expired is as it was when they did.
        """
        from agentgauge.features.questions import daily

        return daily(self.gauge, date)


def _yes(name: str, value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise EventRefused("wrong type", f"{name} is True or False, got {type(value).__name__}")


_process_wide = AdvancedMetrics()


def get_advanced_metrics() -> AdvancedMetrics:
    """The tracker of the process, which records into `agentgauge.default()`."""
    return _process_wide
