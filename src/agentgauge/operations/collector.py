"""The collector of document 002: it records operations, and answers what they did and how they do over time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import agentgauge
from agentgauge.interruption import is_interruption
from agentgauge.operations import saved_metrics
from agentgauge.operations.advice import (
    COST_THRESHOLD,
    ERROR_RATE_THRESHOLD,
    PERFORMANCE_THRESHOLDS,
    TOKENS_THRESHOLD,
    Thresholds,
)
from agentgauge.operations.given import count, count_unusable, name_of
from agentgauge.operations.models import MetricsData, PerformanceTrend, SystemMetrics
from agentgauge.operations.operation_context import OperationContext
from agentgauge.operations.operation_recorder import OperationRecorder
from agentgauge.operations.performance import no_trend, performance_trend
from agentgauge.operations.system import system_metrics
from agentgauge.recorder import Gauge


class MetricsCollector(OperationRecorder):
    """Operations and what they used. No method raises: what goes wrong is counted, and the answer says so."""

    def __init__(
        self,
        session_id: str | None = None,
        *,
        gauge: Gauge | None = None,
        directory: str | os.PathLike[str] = saved_metrics.DIRECTORY,
        performance_thresholds: Mapping[str, float] = PERFORMANCE_THRESHOLDS,
        error_rate_threshold: float = ERROR_RATE_THRESHOLD,
        cost_threshold: float = COST_THRESHOLD,
        tokens_threshold: float = TOKENS_THRESHOLD,
    ) -> None:
        """`gauge` records the events; without it the process's own does.

        The session is `session_id`, else METRICS_SESSION_ID, else a new one. `save_metrics` writes to `directory`.
        Thresholds are those of `analyze_performance_trends`, and can be set later too.
        """
        gauge = agentgauge.default() if gauge is None else gauge
        settings = gauge.settings
        session = session_id or (settings.session if settings else None) or os.urandom(8).hex()
        super().__init__(gauge, name_of(session))
        self.persistent = settings is not None and settings.enabled and settings.persist
        """Whether what is recorded is kept on a disk."""
        self.directory = Path(directory)
        self.performance_thresholds = dict(performance_thresholds)
        """Seconds that an operation or a component may take on average, by name."""
        self.error_rate_threshold = error_rate_threshold
        """Percent of operations that may fail."""
        self.cost_threshold = cost_threshold
        """US dollars that an operation may cost on average."""
        self.tokens_threshold = tokens_threshold
        """Tokens that an operation may use on average."""

    def operation_context(self, name: str, metadata: Mapping[str, Any] | None = None) -> OperationContext:
        """A context manager, sync and async, that gives the id of an operation and ends it with the block.

        What anything else records in the block through the same gauge is related to the operation. An exception
        ends it with its outcome, and goes on to the caller.
        """
        return OperationContext(self, name, metadata, self._leave)

    def get_session_summary(self) -> MetricsData:
        """What was recorded through this collector, whatever session an event names."""
        try:
            return self._view.data(self.session_id, len(self._running))
        except Exception as raised:
            if is_interruption(raised):
                raise
            return MetricsData(session_id="", problem=f"{type(raised).__name__}: {raised}")

    def analyze_performance_trends(self, operation: str, time_period: str = "1h") -> PerformanceTrend:
        """How an operation did over the last period, such as `30m`, `1h` or `7d`.

        It reads the whole stream: what other processes recorded, and tasks of that name from other vocabularies.
        Takes some 100 ms and more where there is much. See `PerformanceTrend` for the units.
        """
        try:
            limits = Thresholds(
                self.performance_thresholds, self.error_rate_threshold, self.cost_threshold, self.tokens_threshold
            )
            return performance_trend(self._gauge, name_of(operation), time_period, limits)
        except Exception as raised:
            if is_interruption(raised):
                raise
            return no_trend(name_of(operation), time_period, f"{type(raised).__name__}: {raised}")

    def save_metrics(self, filename: str | os.PathLike[str] | None = None) -> Path | None:
        """Write the session's summary as JSON, whole or not at all; the path of the file.

        `filename` is relative to the collector's directory; by default it is the session's id. None where nothing is
        to be kept on a disk, and where it could not be, which is counted.
        """
        if not self.persistent:
            return None
        try:
            return saved_metrics.save(self.get_session_summary(), self.directory, filename)
        except OSError as error:
            if is_interruption(error):
                raise
            count(self._gauge, "dropped", "metrics not saved", str(error))
        except Exception as raised:
            if is_interruption(raised):
                raise
            count_unusable(self._gauge, raised)
        return None

    def load_metrics(self, filepath: str | os.PathLike[str]) -> MetricsData:
        """A summary that was saved, by the path that `save_metrics` answered with, or by the name that it was given.

        Where it cannot be read, an empty one, whose `problem` says why.
        """
        try:
            return saved_metrics.load(filepath, self.directory)
        except Exception as raised:
            if is_interruption(raised):
                raise
            return MetricsData(session_id="", problem=f"{type(raised).__name__}: {raised}")

    def get_system_metrics(self) -> SystemMetrics:
        """What this process uses of its machine. Needs psutil, and says so where it is missing."""
        return system_metrics()
