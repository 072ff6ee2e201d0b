"""The seven records of document 001's advanced tracker.

Each writes one event in the scope of the caller, returns None and raises nothing: what breaks a rule is counted by the
gauge with its reason. Every one takes `metadata`, which becomes attributes, and `at`, when it happened (naive in UTC;
now by default). Costs two to three times a `Gauge.llm_call` without attributes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agentgauge.errors import EventRefused
from agentgauge.features.entry import OfGauge, attributes_of, number, ratio, refuse, truth, utc, word

IMPACT_LEVELS = ("high", "medium", "low")

Metadata = dict[str, Any] | None


class Records(OfGauge):
    """Records into `gauge`; without one into `agentgauge.default()`, as it is at each call."""

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
        gauge = self.gauge
        own = {"metric_type": "performance", "metric_category": metric_category, "context": context}
        try:
            attributes = attributes_of(own, metadata)
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        gauge.measurement(metric_name, value, unit, at=utc(at), attributes=attributes, feature=feature)

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
        gauge = self.gauge
        try:
            attributes = attributes_of({"feedback": feedback, "interaction_id": interaction_id}, metadata)
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        gauge.satisfaction(
            score, scale=scale, name=satisfaction_type, at=utc(at), attributes=attributes, feature=feature
        )

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
        gauge = self.gauge
        try:
            told = truth("success", success)
            attributes = attributes_of({"user_context": user_context}, metadata)
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        gauge.keep(
            "feature_usage",
            {"name": action, "duration_ms": duration_ms, "error_type": error_type},
            success=told,
            at=utc(at),
            attributes=attributes,
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
            ratio("accuracy", accuracy)
            own = {
                "metric_type": "learning",
                "confidence": ratio("confidence", confidence),
                "sample_size": number("sample_size", sample_size),
                "improvement_rate": number("improvement_rate", improvement_rate),
            }
            attributes = attributes_of(own, metadata)
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        gauge.measurement(learning_type, accuracy, "1", at=utc(at), attributes=attributes, feature=feature)

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
                "higher_is_better": truth("higher_is_better", higher_is_better),
            }
            attributes = attributes_of(own, metadata)
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        gauge.measurement(impact_category, after_value, at=utc(at), attributes=attributes, feature=feature)

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
            percent = number("utilization_percent", utilization_percent)
            if percent is not None and percent < 0:
                raise EventRefused("out of range", f"utilization_percent is at least 0, got {percent}")
            own = {
                "metric_type": "resource",
                "metric_category": resource_type,
                "allocated": number("allocated", allocated),
                "used": number("used", used),
                "resource_unit": unit,
            }
            attributes = attributes_of(own, metadata)
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        gauge.measurement(resource_name, utilization_percent, "%", at=utc(at), attributes=attributes, feature=feature)

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

        Recovery that succeeded was attempted.
        """
        gauge = self.gauge
        try:
            recovery = None
            attempted = truth("recovery_attempted", recovery_attempted)
            if truth("recovery_successful", recovery_successful):
                recovery = "succeeded"
            elif attempted:
                recovery = "failed"
            attributes = attributes_of({"impact_level": word("impact_level", impact_level, IMPACT_LEVELS)}, metadata)
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        gauge.error(
            error_type,
            error_message,
            severity=error_severity,
            recovery=recovery,
            at=utc(at),
            attributes=attributes,
            feature=feature,
        )
