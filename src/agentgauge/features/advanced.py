"""The advanced tracker of document 001: records of features, and questions about them.

Questions read the whole stream, what other processes and other vocabularies recorded included, in 50 to 100 ms and more
where there is much; they raise `QueryError` for arguments that make no sense and `LakeError` where the home cannot be
read.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from agentgauge.features.records import Records


class AdvancedMetrics(Records):
    """Records into `gauge`; without one into `agentgauge.default()`, as it is at each call."""

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

        with asked(self.gauge, hours, "system_performance") as connection:
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

        with asked(self.gauge, hours, "feature_usage") as connection:
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

        with asked(self.gauge, hours, "system_performance") as connection:
            asked_for = (text_of(feature), text_of(optimization_id), text_of(impact_category))
            return impact(connection, *asked_for, higher_is_better=higher_is_better, limit=limit)

    def get_comprehensive_dashboard(self, feature: str | None = None, hours: float | None = 24) -> dict[str, Any]:
        """One answer about the last `hours` that `json.dumps` takes: `performance` (`categories`: per category
        `count`, `avg`, `min`, `max`, `stddev`, `p50`, `p95`, `p99` and the `units` found in it), `satisfaction`,
        `usage` and `errors`, which are what the questions of their own say.
        """
        from agentgauge.features.questions import asked, dashboard

        with asked(self.gauge, hours, "system_performance", "feature_usage") as connection:
            return dashboard(connection, feature)

    def aggregate_daily_metrics(self, date: str | date | None = None) -> list[dict[str, Any]]:
        """The rows of the table `daily_aggregates` for a UTC day, today by default: `date`, `feature`, `metric_type`,
        `metric_name`, `avg_value`, `min_value`, `max_value`, `stddev`, `count`, percentiles 50, 95 and 99.

        The day is computed from its events, all that have arrived by now, so asking again is never wrong and late
        events are in. A day whose events have expired is as it was when they did.
        """
        from agentgauge.features.questions import daily

        return daily(self.gauge, date)


_process_wide = AdvancedMetrics()


def get_advanced_metrics() -> AdvancedMetrics:
    """The tracker of the process, which records into `agentgauge.default()`."""
    return _process_wide
