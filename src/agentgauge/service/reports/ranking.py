"""Agents, roles, models or other values of a column beside each other: what each did, cost, and what a success cost.

The price of a success is everything that was spent, failed work included, over the tasks that succeeded: two agents of
the same price per call differ in it by how often they have to try.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from agentgauge.analysis.proportions import wilson
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.reports.breakdown import Group, breakdown
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import Totals
from agentgauge.service.window import Window

CONFIDENCE = 0.95


class Ranked(Totals, frozen=True, kw_only=True):
    name: str | None
    """The column's value; None of what has none."""
    roles: tuple[str, ...] = ()
    """Of an agent: those that it had in the window, the most frequent first."""
    cost_per_success_usd: Decimal | None
    """Of priced calls; None without a success or without a known cost."""
    success_low: float
    """Limits of the success rate, 95 % (Wilson); NaN without tasks that have an outcome."""
    success_high: float


def ranking(engine: Engine, window: Window, column: str, filters: Sequence[Filter] = ()) -> Rows[Ranked]:
    """Each value of a column, the dearest first. Raises `QueryError` for a column that there is not."""
    groups = breakdown(engine, window, (column,), filters)
    roles = _roles(engine, window, filters) if column == "agent" else {}
    return Rows(rows=tuple(_ranked(group, column, roles) for group in groups.rows), **found_by(groups))


def _ranked(group: Group, column: str, roles: Mapping[str, tuple[str, ...]]) -> Ranked:
    name = group.key[column]
    with_outcome = group.successful_tasks + group.failed_tasks
    low, high = wilson(group.successful_tasks, with_outcome, CONFIDENCE)
    return Ranked(
        **{field: getattr(group, field) for field in Totals.__struct_fields__},
        name=None if name is None else str(name),
        roles=roles.get(name, ()),
        cost_per_success_usd=cost_per_success(group),
        success_low=low,
        success_high=high,
    )


def cost_per_success(totals: Totals) -> Decimal | None:
    """What a success cost: everything spent over the tasks that succeeded; None where either is not known."""
    if totals.cost_usd is None or not totals.successful_tasks:
        return None
    return totals.cost_usd / totals.successful_tasks


def _roles(engine: Engine, window: Window, filters: Sequence[Filter]) -> Mapping[str, tuple[str, ...]]:
    query = Query(
        start=window.start,
        end=window.end,
        filters=tuple(filters),
        group=("agent", "role"),
        measures=(Measure("count", name="events"),),
    )
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in engine.aggregate(query).records():
        if row["agent"] is not None and row["role"] is not None:
            found[row["agent"]].append((-row["events"], row["role"]))
    return {agent: tuple(role for _, role in sorted(roles)) for agent, roles in found.items()}
