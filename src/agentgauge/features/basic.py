"""The basic collector of document 001: numbers of a feature, by name.

Each `record_*` writes one `measurement` in the scope of the caller, returns None and raises nothing; what cannot be
kept is counted by the gauge (`Gauge.health`). A question reads the whole stream, in 50 to 100 ms.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agentgauge.errors import EventRefused
from agentgauge.features.entry import OfGauge, attributes_of, refuse, utc


class MetricsCollector(OfGauge):
    """Records into `gauge`; without one into `agentgauge.default()`, as it is at each call."""

    def record_performance_metric(
        self,
        feature: str,
        name: str,
        value: float,
        metadata: dict[str, Any] | None = None,
        *,
        at: datetime | None = None,
    ) -> None:
        """How a feature performs: `value` is in the unit that its name says, as `response_time_ms` does.

        `metadata` becomes attributes, which are dimensions of `report --by`. `at` is when, naive in UTC; now by
        default.
        """
        self._record("performance", feature, name, value, metadata, at)

    def record_learning_metric(
        self,
        feature: str,
        name: str,
        value: float,
        metadata: dict[str, Any] | None = None,
        *,
        at: datetime | None = None,
    ) -> None:
        """How well a feature learns, as an `accuracy` of 0-1. See `record_performance_metric`."""
        self._record("learning", feature, name, value, metadata, at)

    def record_optimization_metric(
        self,
        feature: str,
        name: str,
        value: float,
        metadata: dict[str, Any] | None = None,
        *,
        at: datetime | None = None,
    ) -> None:
        """What an optimization brings, as one number; for a before and an after see
        `AdvancedMetrics.record_optimization_impact`. See `record_performance_metric`.
        """
        self._record("optimization", feature, name, value, metadata, at)

    def get_metric_statistics(self, feature: str, name: str, hours: float | None = 24) -> dict[str, Any]:
        """`count`, `mean`, `min`, `max`, `stddev`, `p50`, `p95` and `p99` of the measurements of a feature and name in
        the last `hours` (None: ever), whoever recorded them, in the unit they were recorded in.

        Percentiles are exact. `stddev` is the sample one, 0.0 of one value. Of none, `count` is 0 and the rest NaN.
        Raises `QueryError` for hours that are no number, and `LakeError` where the home cannot be read.
        """
        from agentgauge.features.questions import asked, statistics  # deferred: they import DuckDB

        with asked(self.gauge, hours, "system_performance") as connection:
            return statistics(connection, feature, name)

    def _record(self, metric_type: str, feature: str, name: str, value: float, metadata: object, at: Any) -> None:
        gauge = self.gauge
        try:
            attributes = attributes_of({"metric_type": metric_type}, metadata)
        except EventRefused as refused:
            refuse(gauge, refused)
            return
        gauge.measurement(name, value, at=utc(at), attributes=attributes, feature=feature)


_process_wide = MetricsCollector()


def get_metrics_collector() -> MetricsCollector:
    """The collector of the process, which records into `agentgauge.default()`."""
    return _process_wide
