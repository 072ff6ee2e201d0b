"""What the questions of both collectors ask of the tables of features.

`system_performance` and `feature_usage` are the views that `agentgauge sql` shows; satisfaction is asked of the events,
which have it on 0-1, and errors, which have no table, too. A feature of None is all of them, and what has none; one of
'' is what has none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from numbers import Real
from typing import Any

import duckdb

from agentgauge.errors import LakeError, QueryError
from agentgauge.interruption import is_interruption
from agentgauge.lake.feature_tables import create_feature_tables
from agentgauge.meter import connection_of
from agentgauge.recorder import Gauge

SATISFIED_FROM = 0.7
_ROUNDING = 1e-9
"""A score of 3.8 on 1-5 is 0.7, and not always in binary."""


@contextmanager
def asked(gauge: Gauge, hours: float | None, *tables: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Some of the tables, and the events, of the last `hours`, or of all time where it is None.

    Raises `QueryError`, `LakeError`.
    """
    with _tables(gauge, start_of(hours), None, tables) as connection:
        yield connection


@contextmanager
def _tables(
    gauge: Gauge, start: datetime | None, end: datetime | None, tables: Collection[str]
) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with connection_of(gauge) as connection:
            create_feature_tables(connection, start, end, tables)
            yield connection
    except (duckdb.Error, OSError) as error:  # a file that went away or is damaged; no statement of ours is wrong
        if is_interruption(error):
            raise
        said = str(error).partition("\n")[0]  # without DuckDB's picture of our statement
        raise LakeError(f"the home could not be read: {said}") from error


def start_of(hours: object) -> datetime | None:
    """When the last `hours` began; None for all time. Raises `QueryError`."""
    if hours is None:
        return None
    if isinstance(hours, bool) or not isinstance(hours, Real) or not float(hours) >= 0:
        raise QueryError(f"hours is a number of at least 0, or None for all time, got {hours!r}")
    try:
        return datetime.now(UTC) - timedelta(hours=float(hours))
    except OverflowError:  # before the year 1
        return None


def statistics(connection: duckdb.DuckDBPyConnection, feature: str, name: str) -> dict[str, Any]:
    row = _one(
        connection,
        """
        SELECT count(*), avg(value), min(value), max(value), stddev_samp(value),
            quantile_cont(value, [0.5, 0.95, 0.99])
        FROM system_performance WHERE feature = $feature AND metric_name = $name
        """,
        feature=text_of(feature),
        name=text_of(name),
    )
    return _distribution("mean", row)


def performance_rows(
    connection: duckdb.DuckDBPyConnection, feature: str | None, category: str | None, limit: int | None
) -> list[dict[str, Any]]:
    found = connection.execute(
        """
        SELECT * FROM system_performance
        WHERE ($feature::VARCHAR IS NULL OR feature = $feature)
            AND ($category::VARCHAR IS NULL OR metric_category = $category)
        ORDER BY timestamp DESC, id DESC NULLS FIRST LIMIT $limit
        """,
        {"feature": text_of(feature), "category": text_of(category), "limit": checked_limit(limit)},
    )
    rows = records(found)
    for row in rows:
        if row["metadata"] is not None:
            row["metadata"] = json.loads(row["metadata"])
    return rows


def performance(connection: duckdb.DuckDBPyConnection, feature: str | None) -> dict[str, Any]:
    rows = connection.execute(
        """
        SELECT metric_category, count(*), avg(value), min(value), max(value), stddev_samp(value),
            quantile_cont(value, [0.5, 0.95, 0.99]),
            list_sort(list(DISTINCT unit) FILTER (unit IS NOT NULL))
        FROM system_performance WHERE $feature::VARCHAR IS NULL OR feature = $feature
        GROUP BY metric_category ORDER BY metric_category
        """,
        {"feature": text_of(feature)},
    ).fetchall()
    return {
        "categories": {
            category: {**_distribution("avg", tuple(figures)), "units": units or []}
            for category, *figures, units in rows
        }
    }


def satisfaction(
    connection: duckdb.DuckDBPyConnection, feature: str | None, satisfaction_type: str | None = None
) -> dict[str, Any]:
    rows = connection.execute(
        """
        SELECT type, count(*), count(*) FILTER (value >= $satisfied), avg(value), min(value), max(value),
            stddev_samp(value)
        FROM (SELECT coalesce(name, 'overall') AS type, value, coalesce(feature, '') AS feature
            FROM internal.window_events WHERE kind = 'satisfaction')
        WHERE ($feature::VARCHAR IS NULL OR feature = $feature) AND ($type::VARCHAR IS NULL OR type = $type)
        GROUP BY ROLLUP (type) ORDER BY type NULLS FIRST
        """,
        {
            "feature": text_of(feature),
            "type": text_of(satisfaction_type),
            "satisfied": SATISFIED_FROM - _ROUNDING,
        },
    ).fetchall()
    names = ("count", "satisfied", "avg_score", "min_score", "max_score", "stddev")
    return _by("by_type", rows, lambda figures: _with_share(_described(names, figures, stddev_at=5)))


def _with_share(figures: dict[str, Any]) -> dict[str, Any]:
    count = figures["count"]
    return {**figures, "satisfaction_rate": figures["satisfied"] / count if count else math.nan}


def usage(connection: duckdb.DuckDBPyConnection, feature: str | None) -> dict[str, Any]:
    rows = connection.execute(
        """
        SELECT action, count(*), count(*) FILTER (success), count(*) FILTER (NOT success),
            avg(success::INTEGER), avg(duration_ms), min(duration_ms), max(duration_ms),
            quantile_cont(duration_ms, 0.95)
        FROM feature_usage WHERE $feature::VARCHAR IS NULL OR feature = $feature
        GROUP BY ROLLUP (action) ORDER BY action NULLS FIRST
        """,
        {"feature": text_of(feature)},
    ).fetchall()
    names = (
        *("total_usage", "successful", "failed", "success_rate"),
        *("avg_duration_ms", "min_duration_ms", "max_duration_ms", "p95_duration_ms"),
    )
    return _by("by_action", rows, lambda figures: _described(names, figures))


def errors(connection: duckdb.DuckDBPyConnection, feature: str | None) -> dict[str, Any]:
    rows = connection.execute(
        """
        SELECT grouping(severity, error_type, impact), coalesce(severity, error_type, impact), count(*),
            count(recovery), count(*) FILTER (recovery = 'succeeded')
        FROM (SELECT coalesce(severity, 'unknown') AS severity, error_type, recovery, coalesce(feature, '') AS feature,
                coalesce(attributes->>'impact_level', 'unknown') AS impact
            FROM internal.window_events WHERE kind = 'error')
        WHERE $feature::VARCHAR IS NULL OR feature = $feature
        GROUP BY GROUPING SETS ((), (severity), (error_type), (impact)) ORDER BY 3 DESC, 2
        """,
        {"feature": text_of(feature)},
    ).fetchall()
    total, attempted, recovered = next(row[2:] for row in rows if row[0] == _ALL_GROUPED)
    return {
        "total_errors": total,
        "recovery_attempted": attempted,
        "recovered": recovered,
        "recovery_rate": recovered / attempted if attempted else math.nan,
        **{
            name: {key: count for grouped, key, count, *_ in rows if grouped == mask}
            for name, mask in (("by_severity", 0b011), ("by_type", 0b101), ("by_impact", 0b110))
        },
    }


_ALL_GROUPED = 0b111
"""`grouping()` has a bit for each key that a row is not broken down by."""


def dashboard(connection: duckdb.DuckDBPyConnection, feature: str | None) -> dict[str, Any]:
    return {
        "performance": performance(connection, feature),
        "satisfaction": satisfaction(connection, feature),
        "usage": usage(connection, feature),
        "errors": errors(connection, feature),
    }


def daily(gauge: Gauge, day: str | date | None) -> list[dict[str, Any]]:
    start = datetime.combine(_day(day), time(), UTC)
    with _tables(gauge, start, start + timedelta(days=1), ("daily_aggregates",)) as connection:
        return records(connection.execute("SELECT * FROM daily_aggregates ORDER BY feature, metric_type, metric_name"))


def _day(given: str | date | None) -> date:
    """A day of UTC. Raises `QueryError`."""
    try:
        if given is None:
            return datetime.now(UTC).date()
        if isinstance(given, datetime):
            return (given if given.utcoffset() is None else given.astimezone(UTC)).date()
        day = given if isinstance(given, date) else date.fromisoformat(given)
    except (ValueError, TypeError, OverflowError):
        raise QueryError(f"a day is a date or text such as 2025-12-14, got {given!r}") from None
    return min(day, date.max - timedelta(days=1))  # the last day has none after it


def text_of(value: object) -> str | None:
    """What is compared with text: None for all, a member of an enum as its value, a number as its digits."""
    if value is None:
        return None
    text = str.__str__(value) if isinstance(value, str) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate, which nothing stored has


def checked_limit(limit: object) -> int | None:
    if limit is None:
        return None
    if isinstance(limit, int) and not isinstance(limit, bool) and 0 <= limit < 1 << 63:
        return limit
    raise QueryError(f"limit is a whole number of at least 0, or None for all, got {limit!r}")


def records(found: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of an answer as dictionaries by column."""
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def number_of(value: float | None) -> float:
    """A figure, NaN where there is none."""
    return math.nan if value is None else value


def _one(connection: duckdb.DuckDBPyConnection, statement: str, **values: object) -> tuple[Any, ...]:
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return row


def _distribution(mean: str, figures: tuple[Any, ...]) -> dict[str, Any]:
    """Count, mean (by that name), extremes, deviation, and the list of percentiles, which is None of no values."""
    *plain, percentiles = figures
    names = ("count", mean, "min", "max", "stddev", "p50", "p95", "p99")
    return _described(names, (*plain, *(percentiles or (None, None, None))), stddev_at=4)


def _described(names: tuple[str, ...], figures: tuple[Any, ...], *, stddev_at: int | None = None) -> dict[str, Any]:
    """Figures by name; the first is a count. Sample deviation of one value is 0, and what there is none of is NaN."""
    described = {name: number_of(figure) for name, figure in zip(names, figures, strict=True)}
    if stddev_at is not None and figures[0] == 1:
        described[names[stddev_at]] = 0.0
    return described


def _by(name: str, rows: list[Any], describe: Any) -> dict[str, Any]:
    """The total, which is the row of no key, and beneath `name` the rows of each key."""
    total = next(row for row in rows if row[0] is None)
    return {**describe(total[1:]), name: {row[0]: describe(row[1:]) for row in rows if row[0] is not None}}
