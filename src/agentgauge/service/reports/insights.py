"""What stands out: the fastest and the cheapest agents, the best work, the best hours, and what gets worse.

    fastest agents      per operation the agent whose tasks take the shortest time on average
    cost efficiency     what an agent's calls cost, in tasks or outside them, over its tasks
    quality             the mean score of an agent's tasks that have one
    peak hours          hours of the day, by the clocks of a zone, by the mean time of the tasks that ended in them
    degrading           operations whose daily figures get worse: execution time, success rate, quality and cost, by
                        their rank trend (`agentgauge.analysis.robust_trend`). Many are tried, so p-values are adjusted
                        for their number (Holm)

An operation is a task's `operation`, else its name. A mean of fewer than five values is marked `few_samples` and
stands behind all others; so is a trend over fewer than seven days, which is none.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.answer import Way
from agentgauge.events import kinds
from agentgauge.events.fields import MONEY_STEP
from agentgauge.service.asked import Asked
from agentgauge.service.readings.operation_trends import Mean, MetricTrend, operation_of, operation_trends
from agentgauge.service.window import Window

FEWEST_OF_A_MEAN = 5
"""Values below which a mean is marked: one odd value moves it by a fifth or more."""
_TASKS = Filter("kind", "in", kinds.TASK_KINDS)
_TIME = (Measure("sum", "duration_ms", name="time"), Measure("values", "duration_ms", name="times"))


class FastestAgent(msgspec.Struct, frozen=True, kw_only=True):
    operation: str
    agent: str
    avg_time_ms: float
    samples: int
    """Tasks with a duration."""
    agents: int
    """How many agents did the operation: of one alone, fastest says little."""
    few_samples: bool


class CostEfficiency(msgspec.Struct, frozen=True, kw_only=True):
    agent: str
    cost_per_task_usd: Decimal | None
    """None where none of its calls is priced, or it has none."""
    cost_usd: Decimal | None
    unpriced_calls: int
    samples: int
    """Tasks."""
    few_samples: bool


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    agent: str
    avg_quality_score: float
    samples: int
    """Tasks with a score."""
    few_samples: bool


class PeakHour(msgspec.Struct, frozen=True, kw_only=True):
    hour: int
    """0 to 23."""
    avg_time_ms: float
    operations: int
    samples: int
    """Tasks with a duration."""
    few_samples: bool


class DegradingOperation(msgspec.Struct, frozen=True, kw_only=True):
    operation_type: str
    trend: MetricTrend


class Insights(msgspec.Struct, frozen=True, kw_only=True):
    window: Window
    time_zone: str
    fastest_agents_by_operation: dict[str, FastestAgent]
    """By the operation's name, those of few samples last."""
    most_cost_efficient: tuple[CostEfficiency, ...]
    """The cheapest task first."""
    highest_quality: tuple[Quality, ...]
    """The highest first."""
    peak_performance_hours: tuple[PeakHour, ...]
    """The fastest first."""
    degrading_operations: tuple[DegradingOperation, ...]
    """The least likely by chance first."""
    trends_tried: int
    """Trends that p-values are adjusted for: of metrics that vary, over seven days or more."""
    way: Way


def insights(engine: Engine, window: Window, zone: str) -> Insights:
    """What stands out in a window, with hours by the clocks of the IANA `zone`."""
    asked = Asked(engine)
    trends = operation_trends(asked, window, zone)
    return Insights(
        window=window,
        time_zone=zone,
        fastest_agents_by_operation=_fastest(asked, window),
        most_cost_efficient=_cost_efficiency(asked, window),
        highest_quality=_quality(asked, window),
        peak_performance_hours=_hours(asked, window, zone),
        degrading_operations=tuple(
            DegradingOperation(operation_type=operation, trend=trend)
            for operation, trend in trends
            if trend.trend == "degrading"
        ),
        trends_tried=len(trends),
        way=asked.way,
    )


def _fastest(engine: Engine, window: Window) -> dict[str, FastestAgent]:
    query = _query(window, ("operation", "name", "agent"), *_TIME, filters=(_TASKS,))
    times: dict[str, dict[str, Mean]] = defaultdict(lambda: defaultdict(Mean))
    for row in engine.aggregate(query).records():
        if row["agent"] is not None and row["times"]:
            times[operation_of(row)][row["agent"]].add(row["time"], row["times"])
    found: dict[str, FastestAgent] = {}
    for operation, agents in sorted(times.items()):
        agent, time = min(agents.items(), key=lambda item: (_few(item[1].count), item[1].value, item[0]))
        found[operation] = FastestAgent(
            operation=operation,
            agent=agent,
            avg_time_ms=time.value,
            samples=time.count,
            agents=len(agents),
            few_samples=_few(time.count),
        )
    return dict(sorted(found.items(), key=lambda item: item[1].few_samples))


def _cost_efficiency(engine: Engine, window: Window) -> tuple[CostEfficiency, ...]:
    query = _query(
        window,
        ("agent",),
        Measure("count", over="tasks", name="tasks"),
        Measure("count", over="usage", name="calls"),
        Measure("cost"),
    )
    rows = [
        CostEfficiency(
            agent=row["agent"],
            cost_per_task_usd=_per_task(row["cost_usd"], row["tasks"]) if row["calls"] else None,
            cost_usd=row["cost_usd"] if row["calls"] else None,
            unpriced_calls=row["unpriced_calls"],
            samples=row["tasks"],
            few_samples=_few(row["tasks"]),
        )
        for row in engine.aggregate(query).records()
        if row["agent"] is not None and row["tasks"]
    ]
    return _ranked(rows, lambda row: math.inf if row.cost_per_task_usd is None else float(row.cost_per_task_usd))


def _quality(engine: Engine, window: Window) -> tuple[Quality, ...]:
    score = (Measure("mean", "quality_score", name="score"), Measure("values", "quality_score", name="scores"))
    rows = [
        Quality(
            agent=row["agent"],
            avg_quality_score=row["score"],
            samples=row["scores"],
            few_samples=_few(row["scores"]),
        )
        for row in engine.aggregate(_query(window, ("agent",), *score, filters=(_TASKS,))).records()
        if row["agent"] is not None and row["scores"]
    ]
    return _ranked(rows, lambda row: -row.avg_quality_score)


def _hours(engine: Engine, window: Window, zone: str) -> tuple[PeakHour, ...]:
    hour = TimeBucket("hour", zone, name="start")
    query = _query(
        window,
        (hour,),
        Measure("count", name="tasks"),
        *_TIME,
        filters=(_TASKS,),
    )
    tasks: dict[int, int] = defaultdict(int)
    times: dict[int, Mean] = defaultdict(Mean)
    for row in engine.aggregate(query).records():
        tasks[row["start"].hour] += row["tasks"]
        times[row["start"].hour].add(row["time"], row["times"])
    rows = [
        PeakHour(
            hour=at,
            avg_time_ms=time.value,
            operations=tasks[at],
            samples=time.count,
            few_samples=_few(time.count),
        )
        for at, time in times.items()
        if time.count
    ]
    return _ranked(rows, lambda row: row.avg_time_ms)


def _query(
    window: Window,
    group: tuple[str | TimeBucket, ...],
    *measures: Measure,
    filters: tuple[Filter, ...] = (),
) -> Query:
    return Query(start=window.start, end=window.end, filters=filters, group=group, measures=measures)


def _few(samples: int) -> bool:
    return samples < FEWEST_OF_A_MEAN


def _per_task(cost: Decimal | None, tasks: int) -> Decimal | None:
    return None if cost is None else (cost / tasks).quantize(MONEY_STEP)


_Row = TypeVar("_Row", CostEfficiency, Quality, PeakHour)


def _ranked(rows: Iterable[_Row], by: Callable[[_Row], float]) -> tuple[_Row, ...]:
    """By their figure, those of few samples behind all others."""
    return tuple(sorted(rows, key=lambda row: (row.few_samples, by(row))))
