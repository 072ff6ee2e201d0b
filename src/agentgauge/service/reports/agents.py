"""One agent, and one role with its agents: their tasks, how long these took, what they used and cost, how good they
were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Literal

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.errors import NotFound
from agentgauge.events.fields import MONEY_STEP
from agentgauge.service.reports.breakdown import WORK, Group, breakdown
from agentgauge.service.reports.overview import overview
from agentgauge.service.reports.rows import Found, Rows, found_by
from agentgauge.service.reports.totals import Totals, ratio
from agentgauge.service.window import Window


class Agent(Totals, frozen=True, kw_only=True):
    """Budget figures are not among them: they are a ledger's."""

    agent: str
    role: str | None
    """The role of most of its events in the window."""
    roles: tuple[str, ...]
    """All roles it had, that of the most events first."""
    projects: tuple[str, ...]
    """Projects it worked in: two agents of one name are told apart by a filter on the project."""
    window: Window
    tokens_per_task: float
    """All its tokens over its tasks; NaN without tasks."""
    cost_per_task_usd: Decimal | None
    """Its cost over its tasks, failed ones included; None without tasks or where no call is priced."""
    way: Way
    exact: bool
    missing_before: datetime | None


class RoleMember(Totals, frozen=True, kw_only=True):
    agent: str | None
    """None of what names no agent."""


class Role(Totals, frozen=True, kw_only=True):
    role: str
    window: Window
    agent_count: int
    """Agents that did or used something in the window."""
    cost_per_agent_usd: Decimal | None
    """The role's cost over its agents; None without agents or where no call is priced."""
    agents: tuple[RoleMember, ...]
    """The dearest first."""
    way: Way
    exact: bool
    missing_before: datetime | None


def agent(engine: Engine, window: Window, name: str, filters: Sequence[Filter] = (), *, exact: bool = False) -> Agent:
    """What an agent did, used and cost. Raises `NotFound` for one that nothing recorded names."""
    own = (Filter("agent", "=", name), *filters)
    found = overview(engine, window, own, exact=exact)
    if not found.events:
        check_known(engine, "agent", name)
    roles = _values(engine, window, own, "role")
    return Agent(
        **_totals(found),
        agent=name,
        role=roles[0] if roles else None,
        roles=roles,
        projects=_values(engine, window, own, "project"),
        window=window,
        tokens_per_task=ratio(found.tokens, found.tasks),
        cost_per_task_usd=_share(found.cost_usd, found.tasks),
        way=found.way,
        exact=found.exact,
        missing_before=found.missing_before,
    )


def role(engine: Engine, window: Window, name: str, filters: Sequence[Filter] = (), *, exact: bool = False) -> Role:
    """What a role's agents did, used and cost, in all and each. Raises `NotFound` for one that nothing names."""
    own = (Filter("role", "=", name), *filters)
    found = overview(engine, window, own, exact=exact)
    if not found.events:
        check_known(engine, "role", name)
    members = _members(engine, window, name, filters, exact=exact)
    count = sum(member.key["agent"] is not None for member in members.rows)
    return Role(
        **_totals(found),
        role=name,
        window=window,
        agent_count=count,
        cost_per_agent_usd=_share(found.cost_usd, count),
        agents=tuple(_member(group) for group in members.rows),
        **found_by(found, members),
    )


def _members(engine: Engine, window: Window, role: str, filters: Sequence[Filter], *, exact: bool) -> Rows[Group]:
    """Each agent's part in a role, the dearest first.

    Rollups have percentiles by one dimension only. They are asked by the agent alone, which is the answer for an agent
    that had no other role in the window, as most have: then it has as many events with the condition as without. The
    events themselves are read for the others.
    """
    own = (Filter("role", "=", role), *filters)
    if exact:
        return breakdown(engine, window, ("agent",), own, exact=True)
    of_work = (Filter("kind", "in", WORK), *own)
    counted = engine.aggregate(Query(start=window.start, end=window.end, filters=of_work, group=("agent",)))
    if counted.way == "raw" or not counted.rows:
        return breakdown(engine, window, ("agent",), own)
    counts: dict[str | None, int] = dict(counted.rows)
    alone = breakdown(engine, window, ("agent",), filters)
    rows = [group for group in alone.rows if counts.get(group.key["agent"]) == group.events]
    others = counts.keys() - {group.key["agent"] for group in rows}
    found: list[Found] = [counted, *([alone] if rows else [])]
    if others:
        some = () if None in others else (Filter("agent", "in", tuple(sorted(filter(None, others)))),)
        parts = breakdown(engine, window, ("agent",), (*own, *some))
        rows += [group for group in parts.rows if group.key["agent"] in others]
        found.append(parts)
    return Rows(rows=tuple(sorted(rows, key=_dearest_first)), **found_by(*found))


def _dearest_first(group: Group) -> tuple[object, ...]:
    cost, agent = group.cost_usd, group.key["agent"]
    return cost is None, -(cost or 0), -group.calls, -group.tasks, -group.tool_calls, agent is None, agent or ""


def _member(group: Group) -> RoleMember:
    return RoleMember(**_totals(group), agent=group.key["agent"])


def _totals(of: Totals) -> dict[str, Any]:
    return {name: getattr(of, name) for name in Totals.__struct_fields__}


def _share(cost: Decimal | None, of: int) -> Decimal | None:
    return None if cost is None or not of else (cost / of).quantize(MONEY_STEP)


def _values(
    engine: Engine, window: Window, filters: Sequence[Filter], column: Literal["role", "project"]
) -> tuple[str, ...]:
    query = Query(start=window.start, end=window.end, filters=tuple(filters), group=(column,), order=("-count",))
    return tuple(row[0] for row in engine.aggregate(query).rows if row[0] is not None)


def check_known(engine: Engine, column: Literal["agent", "role"], name: str) -> None:
    """Raises `NotFound` where nothing ever recorded has the name."""
    rows = engine.aggregate(Query(group=(column,), measures=(Measure("count"),), order=("-count",))).rows
    known = [row[0] for row in rows if row[0] is not None]
    if name in known:
        return
    lower = {other.lower(): other for other in known}
    near = get_close_matches(name.lower(), lower, n=1)
    meant = f": did you mean {lower[near[0]]}?" if near else "."
    there = f"No event names any {column}"
    if known:
        there = f"There are {', '.join(known[:10])}{', ...' if len(known) > 10 else ''}"
    raise NotFound(f"no {column} is called {name!r}{meant} {there}", allowed=[lower[one] for one in near])
