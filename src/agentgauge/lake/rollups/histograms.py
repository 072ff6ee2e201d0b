"""Log-histograms of values by time, kind and one dimension: percentiles from them are within 1 % of the value.

One row per bucket of `agentgauge.summaries.buckets` that has any events. Histograms of parts merge by adding counts.
"""

from __future__ import annotations

from agentgauge.events import kinds
from agentgauge.lake.parquet import literal
from agentgauge.lake.rollups.figures import DIMENSIONS, VALUES, listed
from agentgauge.lake.rollups.sums import bucket as bucket_of_time
from agentgauge.summaries import buckets

COLUMNS = {
    "time": "TIMESTAMPTZ",
    "kind": "VARCHAR",
    "metric": "VARCHAR",
    "dimension": "VARCHAR",
    "value": "VARCHAR",
    "bucket": "INTEGER",
    "count": "BIGINT",
}
"""`dimension` and `value` as in `agentgauge.lake.rollups.sums`."""

_USAGE = f"kind IN ({listed(kinds.USAGE_KINDS)})"


def bucket(metric: str) -> str:
    """SQL of the bucket of an event's value, NULL where it has none that counts."""
    sql = buckets.SQL["duckdb"].replace("{value}", f"{VALUES[metric][0]}::DOUBLE")
    return f"CASE WHEN {_USAGE} THEN {sql} END" if metric == "cost_usd" else sql


def histograms(events: str, seconds: int) -> str:
    """A SELECT of the columns `COLUMNS`; `events` is a FROM item of raw rows."""
    numbers = ", ".join(f"{bucket(metric)} AS {metric}" for metric in VALUES)
    parts = [
        f"SELECT * FROM (SELECT start AS time, kind, {literal(metric)} AS metric, {literal(dimension)} AS dimension, "
        f"{dimension or 'NULL::VARCHAR'} AS value, {metric} AS bucket, count(*) AS count FROM numbered "
        f"WHERE {metric} IS NOT NULL GROUP BY ALL)"
        for metric in VALUES
        for dimension in ("", *DIMENSIONS)
    ]
    return (
        f"WITH numbered AS MATERIALIZED (SELECT {bucket_of_time(seconds)} AS start, kind, {', '.join(DIMENSIONS)}, "
        f"{numbers} FROM {events}) {' UNION ALL '.join(parts)}"
    )
