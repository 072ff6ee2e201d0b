"""Tables of work beside each other: agents, roles, operations or models, each with what a success cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from agentgauge.charts import paints
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.work_links import entity_link, named
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.engines import Filter
from agentgauge.policies.budget_rules import BudgetFigures
from agentgauge.service import reports
from agentgauge.service.agent_budgets import budgets_by_agent
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.reports.ranking import Ranked
from agentgauge.service.reports.totals import FEW, ratio
from agentgauge.state.budgets import BudgetBook

_WORK = (
    Column(key="tasks", title="Tasks", kind="count"),
    Column(key="success", title="Success", kind="percent", note="Of the tasks that have an outcome"),
    Column(key="interval", title="95 %", sorts=False, narrow=False, note="Interval of the success rate (Wilson)"),
    Column(key="quality", title="Quality", kind="score", narrow=False, note="Mean score, 0 to 100"),
    Column(key="median", title="Median", kind="duration", narrow=False, note="Duration of a task"),
    Column(key="p95", title="p95", kind="duration", note=f"Duration of a task; needs {FEW} tasks"),
    Column(key="tokens", title="Tokens", kind="tokens", narrow=False),
    Column(key="cost", title="Cost", kind="money"),
    Column(key="per_success", title="Per success", kind="money", note="All cost, failed work too, per success"),
)
MAIN = tuple(column for column in _WORK if column.key in ("tasks", "success", "p95", "cost", "per_success"))
"""Of work, where there is little room."""
_CALLS = (
    Column(key="calls", title="Calls", kind="count"),
    Column(key="failed", title="Failed", kind="percent"),
    Column(key="median", title="Median", kind="duration", narrow=False, note="Duration of a call"),
    Column(key="p95", title="p95", kind="duration", note=f"Duration of a call; needs {FEW} calls"),
    Column(key="tokens", title="Tokens", kind="tokens"),
    Column(key="cached", title="From cache", kind="percent", narrow=False, note="Of the input tokens"),
    Column(key="cost", title="Cost", kind="money"),
)
_BUDGET = Column(key="budget", title="Budget used", kind="bar")


def agents_table(asked: PageAsked, most: int | None = None, columns: tuple[Column, ...] = _WORK) -> Table:
    """The agents of the range, the dearest first, with what each has used of its budget."""
    found = [row for row in reports.ranking(asked.engine, asked.window, "agent", asked.conditions).rows if row.name]
    budgets = _budgets(asked)
    known = known_entities(asked.engine, "agent")
    has_budgets = any(row.name in budgets for row in found)
    columns = (Column(key="agent", title="Agent", kind="name"), *columns, *((_BUDGET,) if has_budgets else ()))
    rows = tuple(
        _row(
            asked, row, "agent", known=known,
            budget=budgets[row.name].utilization if row.name and row.name in budgets else None,
            note=", ".join(row.roles),
        )
        for row in found[:most]
    )  # fmt: skip
    return Table(
        columns=columns,
        rows=rows,
        caption="Agents, what they did and cost",
        total=len(found),
        empty='No agent has worked in this range. Name one: gauge.scope(agent="coder").',
    )


def _budgets(asked: PageAsked) -> Mapping[str, BudgetFigures]:
    """Of the project that is chosen, or the only one that may be seen; of all together where all may be."""
    own = asked.filters.project or tuple(asked.principal.projects or ())
    if len(own) > 1 or (not own and asked.principal.projects is not None):
        return {}
    book = BudgetBook(asked.runtime.state)
    return budgets_by_agent(asked.engine, book, asked.now, own[0] if own else None)


def _row(
    asked: PageAsked, row: Ranked, column: Literal["agent", "role", "operation"],
    *, known: tuple[str, ...] = (), budget: float | None = None, note: str = "",
) -> Row:  # fmt: skip
    name = row.name or "none"
    own = {**asked.at, column: row.name}
    paint = None
    if name in known:
        paint = paints([name], known)[name].colour
    return Row(
        values={
            column: name, "tasks": row.tasks, "success": row.success_rate, "interval": _interval(row),
            "quality": row.quality.mean, "median": row.task_duration.median_ms, "p95": row.shown_p95_ms,
            "tokens": row.tokens, "cost": row.cost_usd, "per_success": row.cost_per_success_usd, "budget": budget,
        },
        links={
            column: asked.link("/runs", **own) if column == "operation" else entity_link(asked, column, name),
            "tasks": asked.link("/runs", view="tasks", **own),
            "success": asked.link("/runs", view="tasks", having="outcome", **own),
            "quality": asked.link("/runs", view="tasks", having="quality", **own),
            **dict.fromkeys(("median", "p95"), asked.link("/runs", view="tasks", having="duration", **own)),
            "tokens": asked.link("/runs", view="calls", kind="llm_call", **own),
            "cost": asked.link("/runs", view="calls", having="cost", **own),
        },
        notes={
            column: note, "cost": f"+ {row.unpriced_calls:,} unpriced" if row.unpriced_calls else "",
            "per_success": "at least" if row.unpriced_calls and row.cost_per_success_usd is not None else "",
        },
        colour=paint,
    )  # fmt: skip


def _interval(row: Ranked) -> str:
    if row.success_low != row.success_low:
        return ""
    return f"{row.success_low * 100:.0f}-{row.success_high * 100:.0f} %"


def ranked_table(asked: PageAsked, column: Literal["role", "operation"], title: str, what: str) -> Table:
    found = [row for row in reports.ranking(asked.engine, asked.window, column, chosen(asked)).rows if row.name]
    known = known_entities(asked.engine, column) if column == "role" else ()
    return Table(
        columns=(Column(key=column, title=title, kind="name"), *_WORK),
        rows=tuple(_row(asked, row, column, known=known) for row in found),
        caption=what,
        empty=f"Nothing in this range names a {column}.",
    )


def chosen(asked: PageAsked) -> tuple[Filter, ...]:
    """The filters, and what the address names."""
    return (*(Filter(name, "=", value) for name, value in asked.at.items()), *asked.conditions)


def models_table(asked: PageAsked, what: str) -> Table:
    """Models by their calls: tasks may use several, so that none of them is a model's own."""
    found = [row for row in reports.ranking(asked.engine, asked.window, "model", chosen(asked)).rows if row.name]
    paint = paints([row.name or "" for row in found], known_entities(asked.engine, "model"))
    rows = tuple(
        Row(
            values={
                "model": row.name, "calls": row.calls, "failed": ratio(row.failed_calls, row.calls),
                "median": row.call_duration.median_ms,
                "p95": row.call_duration.p95_ms if row.calls >= FEW else None,
                "tokens": row.tokens, "cached": row.cached_share, "cost": row.cost_usd,
            },
            links=_model_links(asked, {**asked.at, "model": row.name}),
            notes={"cost": f"+ {row.unpriced_calls:,} unpriced" if row.unpriced_calls else ""},
            colour=paint[row.name or ""].colour,
        )
        for row in found
    )  # fmt: skip
    return Table(
        columns=(Column(key="model", title="Model", kind="name"), *_CALLS), rows=rows, caption=what,
        empty="No model was called in this range.",
    )  # fmt: skip


def _model_links(asked: PageAsked, own: Mapping[str, str | None]) -> dict[str, str]:
    calls = {**own, "view": "calls", "kind": "llm_call"}
    return {
        **dict.fromkeys(("model", "calls", "tokens", "cached"), asked.link("/runs", **calls)),
        **dict.fromkeys(("median", "p95"), asked.link("/runs", **calls, having="duration")),
        "failed": asked.link("/runs", **calls, outcome="failed"),
        "cost": asked.link("/runs", **calls, having="cost"),
    }


def tools_table(asked: PageAsked) -> Table:
    found = reports.tools(asked.engine, asked.window, chosen(asked)).rows
    return Table(
        columns=(
            Column(key="tool", title="Tool", kind="name"),
            Column(key="calls", title="Calls", kind="count"),
            Column(key="failures", title="Failed", kind="count"),
            Column(key="rate", title="Failure rate", kind="percent", narrow=False),
            Column(key="median", title="Median", kind="duration", narrow=False),
            Column(key="p95", title="p95", kind="duration", note=f"Needs {FEW} calls"),
        ),
        rows=tuple(
            Row(
                values={
                    "tool": row.name or "none", "calls": row.calls, "failures": row.failures,
                    "rate": row.failure_rate, "median": row.median_ms, "p95": None if row.few else row.p95_ms,
                },
                links=_tool_links(asked, row.name),
                notes={"p95": "few"} if row.few else {},
            )
            for row in found
        ),
        caption="Tools, how often they were called and failed",
        empty="No tool was called in this range.",
    )  # fmt: skip


def _tool_links(asked: PageAsked, tool: str | None) -> dict[str, str]:
    calls = {**asked.at, **named("tool", tool), "view": "calls"}
    return {
        "calls": asked.link("/runs", **calls),
        "failures": asked.link("/runs", **calls, outcome="failed"),
        **dict.fromkeys(("median", "p95"), asked.link("/runs", **calls, having="duration")),
    }
