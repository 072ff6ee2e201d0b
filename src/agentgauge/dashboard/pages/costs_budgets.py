"""Budgets beside each other, those nearest their limit first: what is used, what is left, and when they run out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from agentgauge.dashboard.content import Content, Empty, Note, Own
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import run_out_wording
from agentgauge.service.budget_listing import Listed, nearest_limit
from agentgauge.state.budget_terms import Status

TONES: dict[Status, Literal["good", "warn", "bad"]] = {
    "ok": "good", "warning": "warn", "critical": "bad", "exceeded": "bad",
}  # fmt: skip
_MOST = 50
_COLUMNS = (
    Column(key="budget", title="Budget", kind="name"),
    Column(key="period", title="Per", kind="text"),
    Column(key="share", title="Used", kind="bar"),
    Column(key="used", title="Spent", kind="money"),
    Column(key="limit", title="Limit", kind="money"),
    Column(key="left", title="Left", kind="money", note="Neither spent nor reserved", narrow=False),
    Column(key="reserved", title="Reserved", kind="money", note="For calls that are under way", narrow=False),
    Column(key="status", title="Status", kind="status"),
    Column(key="run_out", title="Used up on", kind="day", note="As forecast; days of UTC, in the current period"),
    Column(key="between", title="Between", kind="text", note="In 95 of 100 cases", sorts=False),
    Column(key="set_by", title="Set by", kind="text", narrow=False),
)


def budgets_table(asked: PageAsked) -> Iterator[Content]:
    found = nearest_limit(
        asked.engine, asked.runtime.state, asked.now,
        projects=asked.filters.of_projects(asked.principal.projects), most=_MOST, names_actors=asked.may_act,
    )  # fmt: skip
    if asked.may_act:
        yield Own(template="costs/new_budget.html", values={"link": asked.link("/budgets/new")})
    if asked.filters.project:
        yield Note("Budgets of the projects chosen. Those of all projects together are listed where none is chosen.")
    if not found.rows:
        yield Empty(
            text="There is no budget. Set one here, or by:", command="agentgauge budget set agent:coder 30 --per month"
        )
        return
    yield Table(
        columns=_COLUMNS,
        rows=tuple(_row(asked, one) for one in found.rows),
        caption="Budgets, those nearest their limit first",
        total=found.total,
    )


def _row(asked: PageAsked, one: Listed) -> Row:
    state = one.state
    elsewhere = None if state.scope == "project" else state.project
    return Row(
        values={
            "budget": f"{state.scope}:{state.name}", "period": state.period,
            "share": None if state.utilization_percent is None else state.utilization_percent / 100,
            "used": state.used_usd, "limit": state.total_usd, "left": state.remaining_usd,
            "reserved": state.reserved_usd or None, "status": state.status, "run_out": one.outlook.day,
            "between": run_out_wording.between(one.outlook, 95) or None, "set_by": one.set_by,
        },
        links={"budget": asked.link(f"/budgets/{state.id}")},
        notes={
            "budget": "" if elsewhere is None else f"in {elsewhere}",
            "used": f"+ {state.unpriced_calls} unpriced" if state.unpriced_calls else "",
            "run_out": "" if one.outlook.day else run_out_wording.expected(one.outlook),
        },
        tones={"status": TONES[state.status]},
    )  # fmt: skip
