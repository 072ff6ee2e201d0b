"""Units of work: one row per run, session, issue, ticket, user and team with what it used and how it ended.

The row of a unit whose events are in several data files is the merge of several; `merged` is the SQL of it.
"""

from __future__ import annotations

from agentgauge.events import kinds
from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.lake.rollups.figures import UNPRICED, listed

UNITS = ("run", "session", "issue", "ticket", "user", "team")
MOST_NAMES = 16
"""Of agents and models a unit's row keeps the first this many in alphabetical order, which parts can agree upon."""

_TASK = f"kind IN ({listed(kinds.TASK_KINDS)})"
_USAGE = f"kind IN ({listed(kinds.USAGE_KINDS)})"

_COUNTS = {
    "events": "1",
    "tasks": f"({_TASK})::BIGINT",
    "successes": f"({_TASK} AND coalesce(outcome = 'success', false))::BIGINT",
    "failures": f"({_TASK} AND coalesce(outcome <> 'success', false))::BIGINT",
    "calls": "(kind = 'llm_call')::BIGINT",
    "tool_calls": "(kind = 'tool_call')::BIGINT",
    **{name: f"CASE WHEN kind = 'llm_call' THEN {name} ELSE 0 END" for name in TOKEN_NAMES},
    "unpriced": f"{UNPRICED}::BIGINT",
    "duration_count": f"({_TASK} AND duration_ms IS NOT NULL)::BIGINT",
    "quality_count": "(quality_score IS NOT NULL)::BIGINT",
    "nobodys": '("user" IS NULL)::BIGINT',
}
_REALS = {"duration_ms": f"CASE WHEN {_TASK} THEN duration_ms END", "quality_sum": "quality_score"}

COLUMNS = {
    "unit_kind": "VARCHAR",
    "unit": "VARCHAR",
    "project": "VARCHAR",
    "first_time": "TIMESTAMPTZ",
    "last_time": "TIMESTAMPTZ",
    "last_task_time": "TIMESTAMPTZ",
    "last_outcome": "VARCHAR",
    "cost_usd": "DECIMAL(38,12)",
    **dict.fromkeys(_COUNTS, "BIGINT"),
    **dict.fromkeys(_REALS, "DOUBLE"),
    **dict.fromkeys(("agents", "models", "users"), "VARCHAR[]"),
}
"""`last_outcome` is that of the task that ended last among those with an outcome, at `last_task_time`; `duration_ms`
is the sum over tasks. `users` are digests of the people whose events are in the row, `nobodys` is how many of its
events are nobody's: by these it is found whose the row is when a person is to be forgotten."""

_PARTS = ", ".join(
    (
        "project, time AS first_time, time AS last_time",
        f"CASE WHEN {_TASK} AND outcome IS NOT NULL THEN time END AS last_task_time",
        f"CASE WHEN {_TASK} THEN outcome END AS last_outcome",
        f"CASE WHEN {_USAGE} THEN cost_usd END AS cost_usd",
        *(f"{sql} AS {name}" for name, sql in (*_COUNTS.items(), *_REALS.items())),
        """agent AS agents, model AS models, "user" AS users""",
    )
)


_MERGES = {
    "first_time": "min(first_time)",
    "last_time": "max(last_time)",
    "last_task_time": "max(last_task_time)",
    # Of tasks that ended at one time the outcome that is last in the alphabet: any rule that parts can agree upon.
    "last_outcome": "arg_max(last_outcome, (last_task_time, last_outcome)) FILTER (last_task_time IS NOT NULL)",
    "cost_usd": "sum(cost_usd)",
    **{name: f"sum({name})" for name in _COUNTS},
    **{name: f"fsum({name})" for name in _REALS},
}
_NAMES = {
    **{name: f"map_keys(histogram({name}))" for name in ("agents", "models")},
    "users": "list_transform(map_keys(histogram(users)), lambda person: md5(person))",
}
"""Each value once and in order, none for NULL: quicker than a list of distinct values."""
_LISTS = {name: f"list_sort(list_distinct(flatten(list({name}))))" for name in ("agents", "models", "users")}


def units(events: str) -> str:
    """A SELECT of the units that a FROM item of raw rows has, by the columns `COLUMNS`."""
    parts = [
        f'SELECT \'{unit}\' AS unit_kind, "{unit}" AS unit, {_PARTS} FROM {events} WHERE "{unit}" IS NOT NULL'
        for unit in UNITS
    ]
    return _grouped(" UNION ALL ".join(parts), _MERGES | _NAMES)


def merged(rows: str) -> str:
    """A SELECT of the columns `COLUMNS`, one row per unit; `rows` is a SELECT of them."""
    return _grouped(rows, _MERGES | _LISTS)


def _grouped(rows: str, made: dict[str, str]) -> str:
    made = made | {name: f"coalesce({made[name]}, [])[:{MOST_NAMES}]" for name in ("agents", "models")}
    made["users"] = f"coalesce({made['users']}, [])"
    columns = ", ".join(f"({made[name]})::{sql_type} AS {name}" for name, sql_type in COLUMNS.items() if name in made)
    return f"SELECT unit_kind, unit, project, {columns} FROM ({rows}) GROUP BY unit_kind, unit, project"
