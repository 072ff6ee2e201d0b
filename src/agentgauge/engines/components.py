"""The relation `components`: one row per timing of a part of a task, as `agentgauge.operations` records them.

A row has the columns of its timing, but for what is its task's: outcome and success, time, and as operation the task's
name. Its duration is the timing's value. Conditions and the window choose the tasks, so that the
timings of a task that has not ended are in no row and those of one that has are all. Costs one join.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from agentgauge.engines import columns
from agentgauge.engines.dialect import Expression
from agentgauge.events import kinds

TIMING = "component_time"
"""Name of the measurement that is the time of a component, in ms; which one is its attribute `component`."""

_TASKS = ", ".join(f"'{kind}'" for kind in kinds.TASK_KINDS)
_OF_TASKS = {
    "time": 'tasks."time"',
    "outcome": "tasks.outcome",
    "success": "tasks.success",
    "operation": "tasks.name",
    "duration_ms": "timings.value",
}
_COLUMNS = ", ".join(f'{_OF_TASKS.get(c.name, f"""timings."{c.name}" """)} AS "{c.name}"' for c in columns.ALL)

_SQL = f"""
WITH tasks AS (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY span_id ORDER BY time DESC, n DESC) AS of_span
    FROM events WHERE kind IN ({_TASKS}) AND NOT span_id IS NULL
)
SELECT {_COLUMNS}
FROM events AS timings JOIN tasks ON timings.parent_id = tasks.span_id
WHERE tasks.of_span = 1 AND timings.kind = 'measurement' AND timings.name = '{TIMING}'
"""  # noqa: S608 - put together from the table of columns alone


def components(chosen: list[Expression]) -> exp.Subquery:
    """The relation, of the tasks that meet conditions."""
    select = sqlglot.parse_one(_SQL, dialect="duckdb")
    assert isinstance(select, exp.Select)
    select.args["with_"].expressions[0].this.where(*chosen, copy=False)
    return select.subquery("components")
