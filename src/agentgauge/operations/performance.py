"""How an operation did over a period: its figures, its trend, and what stands out.

The trend is that of the durations over the times at which operations began. Their ends would not do: of operations that
follow one another a slow one ends late, so that durations would seem to grow with time.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agentgauge.analysis.trend import direction, linear_trend
from agentgauge.operations.advice import Figures, Thresholds, bottlenecks, suggestions
from agentgauge.operations.models import PerformanceTrend
from agentgauge.operations.stream import OperationRow, Used, read_operations
from agentgauge.recorder import Gauge

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def duration_of(period: str) -> timedelta:
    """The length of a period such as `90s`, `30m`, `1h`, `7d` or `2w`. Raises `ValueError`."""
    number, unit = period[:-1], period[-1:]
    if unit in _UNITS and number.isascii() and number.isdecimal() and 0 < len(number) <= 6 and int(number):
        return int(number) * _UNITS[unit]
    raise ValueError(
        f"period {period[:40]!r}: use a whole number and one of {', '.join(_UNITS)}, such as 30m, 1h or 7d"
    )


def performance_trend(gauge: Gauge, operation: str, period: str, limits: Thresholds) -> PerformanceTrend:
    """The answer about all operations of a name that ended in the last `period`.

    Raises `ValueError` for a period that is none, and what reading the stream raises.
    """
    from agentgauge.meter import engine_of  # deferred: it imports DuckDB, which who only records never needs

    start = datetime.now(UTC) - duration_of(period)
    with engine_of(gauge) as engine:
        rows, used = read_operations(engine, operation, start)
    return _trend(operation, period, rows, used, limits)


def no_trend(operation: str, period: object, problem: str | None = None) -> PerformanceTrend:
    """The answer where there is no data, or none could be read."""
    return PerformanceTrend(
        operation_type=operation,
        time_period=period if isinstance(period, str) else type(period).__name__,
        data_points=0,
        avg_duration=math.nan,
        min_duration=math.nan,
        max_duration=math.nan,
        std_deviation=math.nan,
        success_rate=math.nan,
        error_rate=math.nan,
        avg_cost=math.nan,
        total_cost=0.0,
        avg_tokens=math.nan,
        total_tokens=0,
        trend_direction="insufficient_data",
        trend_strength=math.nan,
        problem=problem,
    )


def _trend(
    operation: str, period: str, rows: Sequence[OperationRow], used: Used, limits: Thresholds
) -> PerformanceTrend:
    if not rows:
        return no_trend(operation, period)
    timed = [(row.started, row.duration_ms / 1000) for row in rows if row.duration_ms is not None]
    seconds = [duration for _, duration in timed]
    known = [row for row in rows if row.outcome is not None]
    failed = [row for row in known if row.outcome != "success"]
    errors = Counter(row.error_category for row in failed if row.error_category)
    error_rate = 100 * len(failed) / len(known) if known else math.nan
    line = linear_trend([moment for moment, _ in timed], seconds)
    figures = Figures(
        operation=operation,
        operations=len(rows),
        seconds=statistics.fmean(seconds) if seconds else math.nan,
        error_percent=error_rate,
        commonest_error=errors.most_common(1)[0][0] if errors else None,
        cost=math.nan if used.unpriced_calls and not used.priced_calls else float(used.cost) / len(rows),
        tokens=used.tokens / len(rows),
        components={
            component: total / used.component_operations[component]
            for component, total in used.component_seconds.items()
        },
    )
    return PerformanceTrend(
        operation_type=operation,
        time_period=period,
        data_points=len(rows),
        avg_duration=figures.seconds,
        min_duration=min(seconds, default=math.nan),
        max_duration=max(seconds, default=math.nan),
        std_deviation=_std_deviation(seconds),
        success_rate=100 - error_rate,
        error_rate=error_rate,
        avg_cost=figures.cost,
        total_cost=float(used.cost),
        avg_tokens=figures.tokens,
        total_tokens=used.tokens,
        trend_direction=direction(line, lower_is_better=True),
        trend_strength=line.strength,
        bottlenecks=bottlenecks(figures, limits),
        optimization_suggestions=suggestions(figures, limits),
        slope_per_day=line.slope_per_day,
        p_value=line.p_value,
        component_timing=dict(figures.components),
        unpriced_calls=used.unpriced_calls,
    )


def _std_deviation(values: Sequence[float]) -> float:
    """The sample's; 0 for one value."""
    if not values:
        return math.nan
    return statistics.stdev(values) if len(values) > 1 else 0.0
