"""Thresholds watched: a callable that asks for the dashboard and raises an alarm for each figure beyond its limit.

    monitor = monitor(on_alert=lambda alert: print(alert.message))
    schedule.every(5).minutes.do(monitor)

Thresholds are data: a path into the dashboard, a comparison, a limit, a message. A figure that is missing or NaN, for
lack of data, alarms of nothing.
"""

from __future__ import annotations

import logging
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from agentgauge.errors import AgentGaugeError, QueryError
from agentgauge.features.advanced import AdvancedMetrics
from agentgauge.interruption import is_interruption
from agentgauge.recorder import Gauge

logger = logging.getLogger("agentgauge")

Comparison = Literal[">", ">=", "<", "<="]
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Threshold(msgspec.Struct, frozen=True):
    path: str | tuple[str, ...]
    """Keys of the dashboard, joined by dots, as in `errors.total_errors`; a tuple where a key has a dot in it."""
    comparison: Comparison
    """How a figure that alarms compares with the limit."""
    limit: float
    """In the unit of the figure."""
    message: str

    def __post_init__(self) -> None:
        if self.comparison not in _COMPARISONS:
            raise QueryError(f"comparison {self.comparison!r}: use one of {', '.join(_COMPARISONS)}")
        if math.isnan(self.limit):  # which raises `TypeError` here, not when it is compared, for what is no number
            raise QueryError("limit nan: nothing is beyond it, give a number")

    def value_in(self, dashboard: Mapping[str, Any]) -> float:
        """The figure at the path; NaN where there is none."""
        found: Any = dashboard
        for key in self.path.split(".") if isinstance(self.path, str) else self.path:
            if not isinstance(found, Mapping) or key not in found:
                return math.nan
            found = found[key]
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else math.nan


class Alert(msgspec.Struct, frozen=True):
    """A threshold that a figure is beyond."""

    threshold: Threshold
    value: float
    time: datetime
    """When it was looked at; aware, UTC."""

    @property
    def message(self) -> str:
        return self.threshold.message


DEFAULT_THRESHOLDS = (
    Threshold("errors.total_errors", ">", 10, "High error rate detected"),
    Threshold("satisfaction.avg_score", "<", 0.7, "Low user satisfaction"),
    Threshold("performance.categories.response_time.avg", ">", 1000, "High response times"),
)
"""Those of document 001: more than 10 errors, satisfaction below 0.7, response times above 1000 ms on average."""


def breaches(
    dashboard: Mapping[str, Any], thresholds: Sequence[Threshold], now: datetime | None = None
) -> tuple[Alert, ...]:
    """The thresholds that a dashboard is beyond, in their order."""
    time = now or datetime.now(UTC)
    looked_up = [(threshold, threshold.value_in(dashboard)) for threshold in thresholds]
    return tuple(
        Alert(threshold, value, time)
        for threshold, value in looked_up
        if not math.isnan(value) and _COMPARISONS[threshold.comparison](value, threshold.limit)
    )


class Monitor:
    """Call it to look once. It never raises: what goes wrong is counted, and logged at its first time."""

    def __init__(
        self,
        thresholds: Sequence[Threshold],
        on_alert: Callable[[Alert], object],
        dashboard: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._thresholds = tuple(thresholds)
        self._on_alert = on_alert
        self._dashboard = dashboard
        self.failed_alerts = 0
        """How often `on_alert` raised."""
        self.failed_looks = 0
        """How often the dashboard could not be had, so that nothing was compared."""

    def __call__(self) -> tuple[Alert, ...]:
        """The alerts of now, after `on_alert` has had each."""
        try:
            dashboard = self._dashboard()
        except (AgentGaugeError, OSError) as error:
            if is_interruption(error):
                raise
            self.failed_looks += 1
            if self.failed_looks == 1:
                logger.warning("thresholds are not watched while the home cannot be read: %s", error)
            return ()
        alerts = breaches(dashboard, self._thresholds)
        for alert in alerts:
            self._tell(alert)
        return alerts

    def _tell(self, alert: Alert) -> None:
        try:
            self._on_alert(alert)
        except Exception as error:  # the user's code; the other alerts are to be told all the same
            if is_interruption(error):
                raise
            self.failed_alerts += 1
            if self.failed_alerts == 1:
                logger.warning("on_alert raised %s (counted from now on, not logged again)", type(error).__name__)


def monitor(
    thresholds: Sequence[Threshold] = DEFAULT_THRESHOLDS,
    on_alert: Callable[[Alert], object] = lambda alert: logger.warning("%s", alert.message),
    *,
    feature: str | None = None,
    hours: float | None = 1,
    gauge: Gauge | None = None,
) -> Monitor:
    """A callable that watches the last `hours` of a feature, or of all, and hands each `Alert` to `on_alert`.

    Without `on_alert` it logs the messages as warnings of the logger `agentgauge`. Raises `QueryError` for `hours` that
    are no number.
    """
    from agentgauge.features.questions import start_of  # deferred: it imports DuckDB

    start_of(hours)
    metrics = AdvancedMetrics(gauge=gauge)
    return Monitor(thresholds, on_alert, lambda: metrics.get_comprehensive_dashboard(feature, hours))
