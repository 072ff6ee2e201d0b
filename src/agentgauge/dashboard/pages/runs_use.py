"""What a run, a session, a ticket or a task used: by agent, model and tool; and what came of it: pipelines, code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentgauge.charts import paints
from agentgauge.dashboard.content import Content, Facts
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.runs_links import event_link
from agentgauge.dashboard.pages.runs_tables import tones_of
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.engines import Filter
from agentgauge.service import reports, short_wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.records.states import outcome_state
from agentgauge.service.records.story import CodeChange
from agentgauge.service.records.work_item import Step
from agentgauge.service.window import Window

_EVERYTHING = Window()


def used_by(asked: PageAsked, filters: Sequence[Filter], column: str, whole: Mapping[str, Any]) -> Iterator[Content]:
    """By agent or by model, the dearest first. `whole` is what the page of runs is asked for all rows."""
    groups = [
        group for group in reports.breakdown(asked.engine, _EVERYTHING, (column,), filters).rows
        if group.key[column] is not None
    ]  # fmt: skip
    if not groups:
        return
    paint = paints([group.key[column] for group in groups], known_entities(asked.engine, column))
    columns = (
        Column(key="name", title=column.capitalize(), kind="name"),
        *([Column(key="tasks", title="Tasks", kind="count")] if column == "agent" else []),
        Column(key="calls", title="Calls", kind="count", narrow=False),
        Column(key="tokens", title="Tokens", kind="tokens"),
        Column(key="cost_usd", title="Cost", kind="money"),
    )
    rows = tuple(
        Row(
            values={
                "name": group.key[column], "tasks": group.tasks, "calls": group.calls, "tokens": group.tokens,
                "cost_usd": group.cost_usd,
            },
            links=_links_of(asked, {**whole, column: group.key[column]}),
            notes={"cost_usd": f"{group.unpriced_calls:,} unpriced"} if group.unpriced_calls else {},
            colour=paint[group.key[column]].colour,
        )
        for group in groups
    )  # fmt: skip
    yield Table(columns=columns, rows=rows, caption=f"What was used by {column}")


def _links_of(asked: PageAsked, own: Mapping[str, Any]) -> dict[str, str]:
    calls = asked.link("/runs", **own, view="calls", kind="llm_call")
    return {
        "name": asked.link("/runs", **own, view="calls"), "tasks": asked.link("/runs", **own, view="tasks"),
        "calls": calls, "tokens": calls, "cost_usd": asked.link("/runs", **own, view="calls", having="cost"),
    }  # fmt: skip


def used_tools(asked: PageAsked, filters: Sequence[Filter], whole: Mapping[str, Any]) -> Iterator[Content]:
    found = [tool for tool in reports.tools(asked.engine, _EVERYTHING, filters).rows if tool.name is not None]
    if not found:
        return
    costs = {
        group.key["name"]: group.cost_usd
        for group in reports.breakdown(
            asked.engine, _EVERYTHING, ("name",), (*filters, Filter("kind", "=", "tool_call"))
        ).rows
        if group.cost_usd
    }
    columns = (
        Column(key="name", title="Tool", kind="name"),
        Column(key="calls", title="Calls", kind="count"),
        Column(key="failures", title="Failed", kind="percent"),
        Column(key="median_ms", title="Median", kind="duration", narrow=False),
        *([Column(key="cost_usd", title="Cost", kind="money")] if costs else []),
    )
    rows = tuple(
        Row(
            values={
                "name": tool.name, "calls": tool.calls, "failures": tool.failure_rate, "median_ms": tool.median_ms,
                "cost_usd": costs.get(tool.name),
            },
            links=dict.fromkeys(("name", "calls"), asked.link("/runs", **whole, view="calls", tool=tool.name)),
        )
        for tool in found
    )  # fmt: skip
    yield Table(columns=columns, rows=rows, caption="Tools, the most called first")


def pipelines_table(asked: PageAsked, steps: Sequence[Step], *, tells_run: bool) -> Table:
    return _outcomes(asked, steps, "Pipeline", "Pipelines, the first first", tells_run)


def cycles_table(asked: PageAsked, steps: Sequence[Step], *, tells_run: bool) -> Table:
    return _outcomes(asked, steps, "Debugging cycle", "Debugging cycles, the first first", tells_run)


def _outcomes(asked: PageAsked, steps: Sequence[Step], title: str, caption: str, tells_run: bool) -> Table:
    columns = (
        Column(key="name", title=title, kind="name"),
        Column(key="state", title="State", kind="status"),
        Column(key="time", title="Ended", kind="time"),
        *([Column(key="run", title="Run", narrow=False)] if tells_run else []),
        Column(key="duration_ms", title="Duration", kind="duration"),
    )
    rows = tuple(_outcome(asked, step) for step in steps)
    return Table(columns=columns, rows=rows, caption=caption)


def _outcome(asked: PageAsked, step: Step) -> Row:
    state = outcome_state(step.outcome)
    values: dict[str, Any] = {
        "name": step.name or "debugging", "state": state, "time": step.time, "agent": step.agent, "run": step.run,
        "duration_ms": step.duration_ms,
    }  # fmt: skip
    return Row(values=values, links={"name": event_link(asked, step.key)}, tones=tones_of(state))


def code_facts(code: CodeChange) -> Facts:
    coverage = short_wording.NOTHING if code.coverage_percent is None else f"{code.coverage_percent:.1f} %"
    return Facts(
        (
            ("Files created", f"{code.files_created:,}"),
            ("Files modified", f"{code.files_modified:,}"),
            ("Files deleted", f"{code.files_deleted:,}"),
            ("Lines", f"+{code.lines_added:,} -{code.lines_deleted:,}"),
            ("Tests passed", f"{code.tests_passed:,} of {code.tests_run:,}"),
            ("Coverage", coverage),
        )
    )
