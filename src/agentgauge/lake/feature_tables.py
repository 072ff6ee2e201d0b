"""The tables of features as SQL: what happened, one row per event, and what became of each day.

    system_performance   every measurement; its category, else what kind of measurement it is
    user_satisfaction    every satisfaction, with its score as it was given
    feature_usage        every use of a feature, and every task that names a feature
    daily_aggregates     one row per UTC day, feature, type and name, from these and from errors

The first three are views of `events`, with its ids. The last is computed from `events` too, so it is never out of date
and needs no rebuilding; days whose events have expired are read from where expiry kept them (`internal.closed_days`).

A column that may not be empty in the documented tables is '' where an event does not say.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta

import duckdb

from agentgauge.lake.parquet import literal

TABLES: dict[str, tuple[str, ...]] = {
    "system_performance": (
        *("id", "timestamp", "feature", "metric_category", "metric_name", "value", "unit", "context", "metadata"),
        "created_at",
    ),
    "user_satisfaction": (
        *("id", "timestamp", "feature", "satisfaction_type", "score", "feedback", "interaction_id", "metadata"),
        "created_at",
    ),
    "feature_usage": (
        *("id", "timestamp", "feature", "action", "duration_ms", "success", "error_type", "user_context", "metadata"),
        "created_at",
    ),
    "daily_aggregates": (
        *("id", "date", "feature", "metric_type", "metric_name", "avg_value", "min_value", "max_value", "stddev"),
        *("count", "percentile_50", "percentile_95", "percentile_99", "created_at"),
    ),
}
"""The documented columns, in their order."""

DAILY_TYPES = ("user_satisfaction", "feature_usage", "feature_success", "feature_errors")
"""Values of `metric_type` beside the categories of measurements: satisfaction on 0-1, uses with their duration in ms,
success as 1 and 0, errors, which are counted and have no value. A category of one of these names is
`measurement.<name>`."""


def create_feature_tables(
    connection: duckdb.DuckDBPyConnection,
    start: datetime | None = None,
    end: datetime | None = None,
    tables: Collection[str] = tuple(TABLES),
) -> None:
    """Create some of the four views, over the events from `start` to before `end` (aware; None: all), and
    `internal.window_events`, which are these events.

    `daily_aggregates` has whole UTC days: those that the window touches. Making a view opens the lake's files, which is
    why one asks for those that are needed.
    """
    connection.execute(f"CREATE OR REPLACE VIEW internal.window_events AS SELECT * FROM events {_where(start, end)}")
    for name, select in _OF_EVENTS.items():
        if name in tables:
            connection.execute(f"CREATE OR REPLACE VIEW {name} AS {select}")
    if "daily_aggregates" in tables:
        _create_daily_aggregates(connection, start, end)


def _create_daily_aggregates(
    connection: duckdb.DuckDBPyConnection, start: datetime | None, end: datetime | None
) -> None:
    first = None if start is None else datetime.combine(start.astimezone(UTC).date(), time(), UTC)
    last = None
    if end is not None:
        last = datetime.combine((end - timedelta(microseconds=1)).astimezone(UTC).date(), time(), UTC)
    after = None if last is None else last + timedelta(days=1)
    days = [f"date >= '{first:%Y-%m-%d}'"] if first is not None else []
    days += [f"date <= '{last:%Y-%m-%d}'"] if last is not None else []
    open_days = daily_select(f"(SELECT * FROM events {_where(first, after)})")
    select = _daily_aggregates(open_days, " AND ".join(days) or "true")
    connection.execute(f"CREATE OR REPLACE VIEW daily_aggregates AS {select}")


def daily_select(events: str) -> str:
    """A SELECT of what the days of some events are, by the columns of `agentgauge.lake.schema.DAILY`.

    Percentiles are exact, interpolated between order statistics; the standard deviation is the sample one, 0 of one
    value. `events` is a FROM item.
    """
    return f"""
        SELECT day::VARCHAR AS date, * EXCLUDE (day, percentiles),
            percentiles[1] AS percentile_50, percentiles[2] AS percentile_95, percentiles[3] AS percentile_99
        FROM (SELECT (time AT TIME ZONE 'UTC')::DATE AS day, coalesce(feature, '') AS feature,
            metric_type, metric_name,
            avg(value) AS avg_value, min(value) AS min_value, max(value) AS max_value,
            CASE count(value) WHEN 1 THEN 0.0::DOUBLE ELSE stddev_samp(value) END AS stddev,
            count(*) AS count,
            quantile_cont(value, [0.5, 0.95, 0.99]) AS percentiles,
            max(coalesce(arrived, time)) AS created,
            to_json(list_transform(list(DISTINCT "user") FILTER ("user" IS NOT NULL), lambda person: md5(person)))::JSON
                AS users,
            count(*) FILTER ("user" IS NULL) AS nobodys
        FROM ({_daily_values(events)}) GROUP BY ALL)
        """


def _daily_values(events: str) -> str:
    common = 'time, arrived, feature, "user"'
    used = f"{_IS_USE} AND"
    return f"""
        SELECT {common}, {_DAILY_CATEGORY} AS metric_type, name AS metric_name, value
        FROM {events} WHERE kind = 'measurement'
        UNION ALL
        SELECT {common}, 'user_satisfaction', {_SATISFACTION_TYPE}, value FROM {events} WHERE kind = 'satisfaction'
        UNION ALL
        SELECT {common}, 'feature_usage', {_ACTION}, duration_ms FROM {events} WHERE {_IS_USE}
        UNION ALL
        SELECT {common}, 'feature_success', {_ACTION}, (outcome = 'success')::INTEGER::DOUBLE
        FROM {events} WHERE {used} outcome IS NOT NULL
        UNION ALL
        SELECT {common}, 'feature_errors', error_type, NULL FROM {events} WHERE kind = 'error'
        """


def _daily_aggregates(open_days: str, days: str) -> str:
    """A key that was closed stays as it was: what is left of its events is part of it already."""
    columns = ", ".join(
        {"id": f"{_DAY_ID} AS id", "created_at": f"{_moment('created')} AS created_at"}.get(name, name)
        for name in TABLES["daily_aggregates"]
    )
    return f"""
        SELECT {columns} FROM (
            SELECT * FROM ({open_days})
                ANTI JOIN internal.closed_days USING (date, feature, metric_type, metric_name)
            UNION ALL BY NAME SELECT * FROM internal.closed_days WHERE {days}
        )
        """


def _where(start: datetime | None, end: datetime | None) -> str:
    bounds = [
        f"time {comparison} {literal(moment.astimezone(UTC).isoformat())}::TIMESTAMPTZ"
        for comparison, moment in ((">=", start), ("<", end))
        if moment is not None
    ]
    return f"WHERE {' AND '.join(bounds)}" if bounds else ""


def _moment(time: str) -> str:
    """As SQLite's CURRENT_TIMESTAMP writes it, in UTC."""
    return f"strftime({time} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S')"


def _metadata(*shown: str) -> str:
    """What attributes say beside those that have a column, as JSON text."""
    without = "{" + ", ".join(f'"{name}": null' for name in shown) + "}"
    rest = f"json_merge_patch(attributes, '{without}')::VARCHAR"
    return f"CASE WHEN attributes IS NOT NULL THEN nullif({rest}, '{{}}') END AS metadata"


# Ids below 2^53 that follow from the key alone, so that a day has the same in every computation.
_DAY_ID = "('0x' || md5(concat_ws(chr(31), date, feature, metric_type, metric_name))[:13])::BIGINT"
_CATEGORY = "coalesce(attributes->>'metric_category', attributes->>'metric_type', 'measurement')"
_DAILY_CATEGORY = (
    f"CASE WHEN {_CATEGORY} IN ({', '.join(map(literal, DAILY_TYPES))}) "
    f"THEN 'measurement.' || {_CATEGORY} ELSE {_CATEGORY} END"
)
_SATISFACTION_TYPE = "coalesce(name, 'overall')"
_ACTION = "coalesce(name, operation, '')"
_IS_USE = "(kind = 'feature_usage' OR (kind = 'task' AND feature IS NOT NULL))"

_FIRST = """
    SELECT id, strftime(time AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS timestamp,
        coalesce(feature, '') AS feature"""
_LAST = f"{_moment('coalesce(arrived, time)')} AS created_at FROM internal.window_events"

_SYSTEM_PERFORMANCE = f"""{_FIRST}, {_CATEGORY} AS metric_category, name AS metric_name, value, unit,
        attributes->>'context' AS context, {_metadata("metric_category", "context")}, {_LAST}
    WHERE kind = 'measurement'"""

_USER_SATISFACTION = f"""{_FIRST}, {_SATISFACTION_TYPE} AS satisfaction_type,
        CASE WHEN attributes->>'scale' = '5' THEN coalesce(try_cast(attributes->>'score' AS DOUBLE), value)
            ELSE value END AS score,
        attributes->>'feedback' AS feedback, attributes->>'interaction_id' AS interaction_id,
        {_metadata("score", "feedback", "interaction_id")}, {_LAST}
    WHERE kind = 'satisfaction'"""

_FEATURE_USAGE = f"""{_FIRST}, {_ACTION} AS action, duration_ms, success, error_type,
        attributes->>'user_context' AS user_context, {_metadata("user_context")}, {_LAST}
    WHERE {_IS_USE}"""

_OF_EVENTS = {
    "system_performance": _SYSTEM_PERFORMANCE,
    "user_satisfaction": _USER_SATISFACTION,
    "feature_usage": _FEATURE_USAGE,
}
