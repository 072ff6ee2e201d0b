"""The relation `operations`: one row per task, with what the calls inside it used.

A call is inside the task that its `parent_id` names. Where that is a call itself (a tool that asks a model) or a step,
it is inside the task around that one. A task inside a task has its own calls and the outer one has not, so the usage
of all operations together is that of all calls inside tasks, each counted once. Of tasks that state one `span_id` the
latest has the usage. `model_calls` is how many calls of models are inside; it is no column of events.

Whose tasks are in a window is known by their own time; their calls are looked for among all events. Costs two joins,
and a third for calls inside calls and steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from agentgauge.engines import columns
from agentgauge.engines.dialect import Expression
from agentgauge.events import kinds
from agentgauge.events.fields import TOKEN_NAMES

OF_CALLS = ("model", "provider", "cost_usd", "cost_source", "tokens", *TOKEN_NAMES)
_CARRYING = ", ".join(f"'{kind}'" for kind in kinds.USAGE_KINDS)
_PRICED = ", ".join(f"'{kind.name}'" for kind in kinds.KINDS if kind.carries_usage and "model" in kind.required)
_TASKS = ", ".join(f"'{kind}'" for kind in kinds.TASK_KINDS)
_BETWEEN = f"{_CARRYING}, 'step'"
"""What may be between a call and its task."""

_TOKEN_COLUMNS = ", ".join(("tokens", *TOKEN_NAMES))
_SUMS = ", ".join(f"CAST(SUM(calls.{name}) AS BIGINT) AS {name}" for name in ("tokens", *TOKEN_NAMES))
_COLUMNS = ", ".join(
    f'used."{column.name}"' if column.name in OF_CALLS else f'tasks."{column.name}"' for column in columns.ALL
)

_SQL = f"""
WITH RECURSIVE latest AS (
    SELECT segment, n, span_id, ROW_NUMBER() OVER (PARTITION BY span_id ORDER BY time DESC, n DESC) AS of_span
    FROM events WHERE kind IN ({_TASKS}) AND NOT span_id IS NULL
), outer_calls AS MATERIALIZED (
    SELECT span_id, parent_id FROM events
    WHERE kind IN ({_BETWEEN}) AND NOT parent_id IS NULL
        AND span_id IN (SELECT parent_id FROM events WHERE kind IN ({_BETWEEN}))
), enclosing AS (
    SELECT span_id, span_id AS task FROM latest
    UNION
    SELECT outer_calls.span_id, enclosing.task
    FROM outer_calls JOIN enclosing ON outer_calls.parent_id = enclosing.span_id
), inside AS (
    SELECT kind, parent_id, model, provider, cost_usd, cost_source, {_TOKEN_COLUMNS} FROM events
    WHERE kind IN ({_CARRYING})
), used AS (
    SELECT *, CASE WHEN unpriced = 0 THEN priced_usd END AS cost_usd,
        CASE WHEN unpriced > 0 THEN 'unpriced' WHEN reported = with_cost THEN 'reported' ELSE 'computed' END
            AS cost_source
    FROM (
        SELECT enclosing.task, {_SUMS},
            SUM(CASE WHEN calls.kind IN ({_PRICED}) THEN 1 ELSE 0 END) AS model_calls,
            STRING_AGG(DISTINCT calls.model, ' + ' ORDER BY calls.model) AS model,
            STRING_AGG(DISTINCT calls.provider, ' + ' ORDER BY calls.provider) AS provider,
            SUM(CASE WHEN calls.cost_usd IS NULL AND (calls.kind IN ({_PRICED}) OR calls.cost_source = 'unpriced')
                THEN 1 ELSE 0 END) AS unpriced,
            SUM(CASE WHEN calls.cost_source = 'reported' THEN 1 ELSE 0 END) AS reported,
            COUNT(calls.cost_usd) AS with_cost, COALESCE(SUM(calls.cost_usd), 0) AS priced_usd
        FROM inside AS calls JOIN enclosing ON calls.parent_id = enclosing.span_id
        GROUP BY enclosing.task
    ) AS sums
)
SELECT {_COLUMNS}, CAST(COALESCE(used.model_calls, 0) AS BIGINT) AS model_calls
FROM events AS tasks
    LEFT JOIN (SELECT segment AS of_segment, n AS of_n, span_id AS task FROM latest WHERE of_span = 1) AS spans
        ON spans.of_segment = tasks.segment AND spans.of_n = tasks.n
    LEFT JOIN used USING (task)
WHERE tasks.kind IN ({_TASKS})
"""  # noqa: S608 - put together from the table of columns alone


def operations(within: Sequence[Expression], around: Sequence[Expression] = ()) -> exp.Subquery:
    """The relation, of the tasks that meet conditions `within` on columns of their events.

    `around` are conditions on the time of calls that none inside these tasks fails: others are not read then.
    """
    select = sqlglot.parse_one(_SQL, dialect="duckdb")
    assert isinstance(select, exp.Select)
    parts = {part.alias: part.this for part in select.args["with_"].expressions}
    parts["latest"].where(*within, copy=False)
    parts["outer_calls"].where(*around, copy=False)
    parts["inside"].where(*around, copy=False)
    return select.where(*within).subquery("operations")
