"""Aggregations of past hours, days, ISO weeks and months (`MetricsAggregation`): of all operations, and of those of
each agent, role and type of operation, in all projects together and in each.

Percentiles are exact. A period computed again replaces what was there, so what arrived late is in it then; one that
begins before raw events are kept is not, since some of it may be gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agentgauge.engines import Engine, Measure, Query, TimeBucket
from agentgauge.service.jobs.job import Work
from agentgauge.service.wording import count_of
from agentgauge.state.aggregations import Aggregation, AggregationBook, Granularity

METRICS = {
    "execution_time": "duration_ms",
    "cost": "cost_usd",
    "quality_score": "quality_score",
    "tokens": "tokens",
}
"""By the column of an operation that has the values; `success` besides."""
_STATISTICS = ("values", "mean", "p50", "p75", "p90", "p95", "p99", "std_dev", "min", "max")
_BY = ("", "agent", "role", "operation")
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def aggregate_days(work: Work, scheduled: datetime) -> str:
    """The day before, its hours, and the day before that once more; after a month's last day the month."""
    today, count = _midnight(scheduled), 0
    with work.engine() as engine:
        for day in (today - 2 * _DAY, today - _DAY):
            count += _keep(work, engine, "hour", day, day + _DAY, scheduled)
            count += _keep(work, engine, "day", day, day + _DAY, scheduled)
        if today.day == 1:
            count += _keep(work, engine, "month", (today - _DAY).replace(day=1), today, scheduled)
    return f"{count_of(count, 'aggregation')} of the two days before {today:%Y-%m-%d}"


def aggregate_weeks(work: Work, scheduled: datetime) -> str:
    """The ISO week that `scheduled` is in, so far, and the one before it, whole."""
    today = _midnight(scheduled)
    monday = today - timedelta(days=today.weekday())
    count = 0
    with work.engine() as engine:
        for start in (monday - _WEEK, monday):
            count += _keep(work, engine, "week", start, start + _WEEK, scheduled)
    return f"{count_of(count, 'aggregation')} of the weeks from {monday - _WEEK:%Y-%m-%d} and {monday:%Y-%m-%d}"


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _keep(work: Work, engine: Engine, granularity: Granularity, start: datetime, end: datetime, now: datetime) -> int:
    book, days = AggregationBook(work.state), work.settings.retention_days
    may_be_gone = days and start < now - timedelta(days=days)
    if may_be_gone and book.rows(granularity, start, end, limit=1):
        return 0
    if granularity != "hour":
        return book.replace(granularity, start, tuple(aggregations(engine, granularity, start, end, now)))
    by_hour: dict[datetime, list[Aggregation]] = {}
    for row in aggregations(engine, "hour", start, end, now):
        by_hour.setdefault(row.start, []).append(row)
    hours = (start + n * _HOUR for n in range((end - start) // _HOUR))
    return sum(book.replace("hour", hour, by_hour.get(hour, ())) for hour in hours)


def aggregations(
    engine: Engine, granularity: Granularity, start: datetime, end: datetime, now: datetime
) -> Iterator[Aggregation]:
    """Of one period from `start` to before `end`, or of each hour in it. Periods and values without any operation have
    none."""
    bucket = (TimeBucket("hour"),) if granularity == "hour" else ()
    for of_projects in ((), ("project",)):
        for by in _BY:
            keys = (*of_projects, *((by,) if by else ()))
            query = Query(start=start, end=end, group=(*bucket, *keys), measures=_measures(), relation="operations")
            for row in engine.aggregate(query).records():
                if any(row[key] in (None, "") for key in keys):
                    continue  # what names no agent is in the rows of all together, and is no agent
                began = row["hour"].astimezone(UTC) if bucket else start
                yield from _rows(row, granularity, began, began + _HOUR if bucket else end, by, now)


def _measures() -> tuple[Measure, ...]:
    figures = tuple(
        Measure(statistic, field, name=f"{metric}_{statistic}")
        for metric, field in METRICS.items()
        for statistic in _STATISTICS
    )
    return (*figures, Measure("cost"), Measure("successes", name="successes"), Measure("failures", name="failures"))


def _rows(
    row: Mapping[str, Any], granularity: Granularity, start: datetime, end: datetime, by: str, now: datetime
) -> Iterator[Aggregation]:
    of: dict[str, Any] = {
        "granularity": granularity,
        "start": start,
        "end": end,
        "project": row.get("project"),
        "agent": row["agent"] if by == "agent" else None,
        "role": row["role"] if by == "role" else None,
        "operation_type": row["operation"] if by == "operation" else None,
        "computed": now,
    }
    for metric in METRICS:
        found = {statistic: row[f"{metric}_{statistic}"] for statistic in _STATISTICS}
        if not found["values"]:
            continue
        yield Aggregation(
            **of,
            metric=metric,
            count=found["values"],
            total=row["cost_usd"] if metric == "cost" else None,
            **_floats(found, ("mean", "p75", "p90", "p95", "p99", "std_dev")),
            median=float(found["p50"]),
            minimum=float(found["min"]),
            maximum=float(found["max"]),
        )
    judged = row["successes"] + row["failures"]
    if judged:
        yield Aggregation(
            **of, metric="success", count=judged, total=Decimal(row["successes"]), mean=row["successes"] / judged
        )


def _floats(found: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: float(found[name]) for name in names}
