"""The relation `spans`: one row per task, model call, tool call and step, with where it is inside others.

A row has the columns of its event, but for two:

    name     the path: what the spans around it are called, the outermost first, and what it is called itself, each as
             kind:name (a model call by its model), joined by `SEPARATOR`
    value    milliseconds of its duration in which nothing ran inside it; NULL without a duration

Conditions and the window choose the outermost spans, and what is inside them comes along, also where it ran outside
the window. A chosen span inside another chosen one belongs to that one's tree alone. Of those that meet the conditions
the newest 100,000 are taken: what is around a span ends after it, so their trees are whole. A span ran for its duration
before its time. What is nested deeper than 32 is left out. Of spans of one id the latest counts. Costs a join for each
depth, over the events of the stretch of time that is looked at. A span that says it is inside itself is in none; of
spans that are inside each other in a circle none is outermost, and none is in the answer.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from agentgauge.engines import columns
from agentgauge.engines.aggregates import LONGEST_MS
from agentgauge.engines.dialect import Expression

SEPARATOR = "\x1f"
"""The unit separator of ASCII; in a name it is a space here."""
MOST_SPANS = 100_000
"""Spans that meet the conditions and are looked at, the newest."""
_DEEPEST = 32
_BEYOND = 3_600_000_000
"""Microseconds before the first chosen span and after the last, an hour, beyond which nothing is looked for."""
_KINDS = "'task', 'llm_call', 'tool_call', 'step'"

_REPLACED = {"name": "tree.path", "value": "events.duration_ms - COALESCE(covered.us, 0) / 1000.0", "unit": "'ms'"}
_COLUMNS = ", ".join(f'{_REPLACED.get(c.name, f"""events."{c.name}" """)} AS "{c.name}"' for c in columns.ALL)

_SQL = f"""
WITH RECURSIVE chosen AS (
    SELECT segment, n, span_id, NULLIF(parent_id, span_id) AS parent_id, EPOCH_US(time) AS ended,
        EPOCH_US(time) - CAST(ROUND(LEAST(COALESCE(duration_ms, 0), {LONGEST_MS}) * 1000) AS BIGINT) AS began
    FROM events WHERE kind IN ({_KINDS})
    ORDER BY time DESC, segment, n LIMIT {MOST_SPANS}
), stretch AS (
    SELECT MAKE_TIMESTAMPTZ(MIN(began) - {_BEYOND}) AS began, MAKE_TIMESTAMPTZ(MAX(ended) + {_BEYOND}) AS ended
    FROM chosen
), latest AS (
    SELECT segment, n, span_id, NULLIF(parent_id, span_id) AS parent_id, EPOCH_US(time) AS ended,
        EPOCH_US(time) - CAST(ROUND(LEAST(COALESCE(duration_ms, 0), {LONGEST_MS}) * 1000) AS BIGINT) AS began,
        kind || ':' || REPLACE(COALESCE(CASE WHEN kind = 'llm_call' THEN model ELSE name END, ''), CHR(31), ' ')
            AS label,
        ROW_NUMBER() OVER (PARTITION BY span_id ORDER BY time DESC, n DESC) AS of_span
    FROM events
    WHERE kind IN ({_KINDS}) AND time BETWEEN (SELECT began FROM stretch) AND (SELECT ended FROM stretch)
), tree AS (
    SELECT latest.*, latest.segment AS root, latest.n AS root_n, latest.label AS path, 0 AS depth,
        CAST(NULL AS BIGINT) AS outer_began, CAST(NULL AS BIGINT) AS outer_ended
    FROM latest JOIN chosen ON chosen.segment = latest.segment AND chosen.n = latest.n
        LEFT JOIN chosen AS outside ON outside.span_id = chosen.parent_id
    WHERE outside.n IS NULL AND (latest.of_span = 1 OR latest.span_id IS NULL)
    UNION ALL
    SELECT latest.*, tree.root, tree.root_n, tree.path || CHR(31) || latest.label, tree.depth + 1,
        tree.began, tree.ended
    FROM tree JOIN latest ON latest.parent_id = tree.span_id
    WHERE (latest.of_span = 1 OR latest.span_id IS NULL) AND tree.depth < {_DEEPEST - 1}
), reached AS (
    SELECT parent_id, GREATEST(began, outer_began) AS began, LEAST(ended, outer_ended) AS ended
    FROM tree WHERE depth > 0
), covered AS (
    SELECT parent_id, SUM(GREATEST(ended - GREATEST(began, COALESCE(before, began)), 0)) AS us
    FROM (
        SELECT *, MAX(ended) OVER (
            PARTITION BY parent_id ORDER BY began, ended ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS before
        FROM reached WHERE ended > began
    ) AS ordered
    GROUP BY parent_id
), within AS (
    SELECT DISTINCT segment, n FROM tree WHERE depth > 0
)
SELECT {_COLUMNS}
FROM tree JOIN events USING (segment, n) LEFT JOIN covered ON covered.parent_id = tree.span_id
WHERE events.time BETWEEN (SELECT began FROM stretch) AND (SELECT ended FROM stretch)
    AND NOT EXISTS (SELECT 1 FROM within WHERE within.segment = tree.root AND within.n = tree.root_n)
"""  # noqa: S608 - put together from the table of columns alone


def nested_spans(chosen: list[Expression]) -> exp.Subquery:
    """The relation, of the outermost spans that meet conditions and what is inside them."""
    select = sqlglot.parse_one(_SQL, dialect="duckdb")
    assert isinstance(select, exp.Select)
    select.args["with_"].expressions[0].this.where(*chosen, copy=False)
    return select.subquery("spans_inside")
