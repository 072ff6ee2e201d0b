"""The lists of `/runs` as tables: works, tasks, and single events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal

from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.runs_links import event_link, place_of, task_link, work_link_of
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service.graphs.waterfall import KINDS
from agentgauge.service.records.operations import Operation
from agentgauge.service.records.states import State, outcome_state
from agentgauge.service.records.work import Name, Work, WorkOrder
from agentgauge.service.records.work_item import Step

_TONES: Mapping[State, Literal["good", "warn", "bad"]] = {
    "succeeded": "good", "failed": "bad", "timed out": "bad", "interrupted": "warn",
}  # fmt: skip
_FIGURES = (
    Column(key="calls", title="Model calls", kind="count", sorts=False, narrow=False),
    Column(key="tokens", title="Tokens", kind="tokens", sorts=False, narrow=False),
    Column(key="cost_usd", title="Cost", kind="money", sorts=False),
    Column(key="quality", title="Quality", kind="score", sorts=False, narrow=False, note="Mean of scored tasks, 0-100"),
)


def tones_of(state: State) -> Mapping[str, Literal["good", "warn", "bad"]]:
    """Of a row's column `state`."""
    return {"state": _TONES[state]} if state in _TONES else {}


STATES_CHANGE_AFTER = timedelta(minutes=1)
"""How long a page with states is kept though nothing is recorded: what runs may have stopped without a word."""
_ORDERED: dict[WorkOrder, str] = {"newest": "the one with the latest event", "dearest": "the dearest"}


def works_table(
    asked: PageAsked, works: Sequence[Work], states: Mapping[Name, State], title: str, more: str | None,
    *, order: WorkOrder = "newest",
) -> Table:  # fmt: skip
    several = len({work.project for work in works}) > 1
    columns = (
        Column(key="name", title=title, kind="name", sorts=False),
        *([Column(key="project", title="Project", sorts=False, narrow=False)] if several else []),
        Column(key="state", title="State", kind="status", sorts=False),
        Column(key="last", title="Last event", kind="time", sorts=False),
        Column(key="agents", title="Agents", sorts=False, narrow=False),
        Column(key="elapsed", title="Duration", kind="duration", sorts=False, note="With pauses"),
        Column(key="tasks", title="Tasks", kind="count", sorts=False, narrow=False),
        *_FIGURES,
    )
    rows = tuple(_work_row(asked, work, states[work.project, work.name]) for work in works)
    return Table(columns=columns, rows=rows, caption=f"{title}s, {_ORDERED[order]} first", more=more)


def _work_row(asked: PageAsked, work: Work, state: State) -> Row:
    failed = work.errors + work.failed_calls + work.failed_tool_calls + work.failed_tasks
    return Row(
        values={
            "name": work.name, "project": work.project, "state": state, "last": work.last,
            "agents": _few(work.agents), "elapsed": work.elapsed_ms, "tasks": work.tasks, "calls": work.calls,
            "tokens": work.tokens, "cost_usd": work.cost_usd, "quality": work.quality.mean,
        },
        links={"name": work_link_of(asked, work)},
        tones=tones_of(state),
        notes={
            **({"cost_usd": _unpriced(work.unpriced_calls)} if work.unpriced_calls else {}),
            **({"tasks": f"{failed:,} failure{'' if failed == 1 else 's'}"} if failed else {}),
        },
    )  # fmt: skip


def tasks_table(asked: PageAsked, tasks: Sequence[Operation], more: str | None) -> Table:
    columns = (
        Column(key="name", title="Task", kind="name", sorts=False),
        Column(key="state", title="State", kind="status", sorts=False),
        Column(key="time", title="Ended", kind="time", sorts=False),
        Column(key="agent", title="Agent", sorts=False, narrow=False),
        Column(key="model", title="Model", sorts=False, narrow=False),
        Column(key="duration_ms", title="Duration", kind="duration", sorts=False),
        *_FIGURES[1:],
    )
    rows = tuple(
        Row(
            values={
                "name": task.name, "state": outcome_state(task.outcome), "time": task.time, "agent": task.agent,
                "model": task.model, "duration_ms": task.duration_ms, "tokens": task.tokens,
                "cost_usd": task.cost_usd, "quality": task.quality_score,
            },
            tones=tones_of(outcome_state(task.outcome)),
            links={"name": task_link(asked, task.id) if task.id is not None else event_link(asked, task.key)},
            notes={
                **({"cost_usd": "unpriced"} if task.cost_source == "unpriced" else {}),
                **({"state": task.error_type} if task.error_type else {}),
            },
        )
        for task in tasks
    )  # fmt: skip
    return Table(columns=columns, rows=rows, caption="Tasks, the newest first", more=more)


def events_table(
    asked: PageAsked, steps: Sequence[Step], caption: str, more: str | None = None, *, tells_place: bool = True
) -> Table:
    columns = (
        Column(key="name", title="Event", kind="name", sorts=False),
        Column(key="kind", title="Kind", sorts=False, narrow=False),
        Column(key="state", title="State", kind="status", sorts=False),
        Column(key="time", title="When", kind="time", sorts=False),
        Column(key="agent", title="Agent", sorts=False, narrow=False),
        *(
            [
                Column(
                    key="in",
                    title="In",
                    sorts=False,
                    narrow=False,
                    note="The run, session or ticket that it belongs to",
                )
            ]
            if tells_place
            else []
        ),
        Column(key="duration_ms", title="Duration", kind="duration", sorts=False),
        Column(key="tokens", title="Tokens", kind="tokens", sorts=False, narrow=False),
        Column(key="cost_usd", title="Cost", kind="money", sorts=False),
    )
    return Table(columns=columns, rows=tuple(_event_row(asked, step) for step in steps), caption=caption, more=more)


def _event_row(asked: PageAsked, step: Step) -> Row:
    place = place_of(asked, step)
    state: State = "failed" if step.kind == "error" else outcome_state(step.outcome)
    unpriced = step.cost_usd is None and (step.kind == "llm_call" or step.cost_source == "unpriced")
    name = step.model if step.kind == "llm_call" else step.error_type if step.kind == "error" else step.name
    word, colour = KINDS[step.kind]
    return Row(
        values={
            "name": name or word, "kind": word, "time": step.time, "agent": step.agent,
            "state": state if state != "unknown" else None, "in": place and place[0],
            "duration_ms": step.duration_ms, "tokens": step.tokens if step.kind == "llm_call" else None,
            "cost_usd": step.cost_usd,
        },
        tones=tones_of(state),
        links={"name": event_link(asked, step.key), **({"in": place[1]} if place else {})},
        notes={
            **({"cost_usd": "unpriced"} if unpriced else {}),
            **({"state": step.error_type} if step.error_type and step.kind != "error" else {}),
        },
        colour=colour,
    )  # fmt: skip


def _few(names: Sequence[str]) -> str | None:
    if not names:
        return None
    return ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else "")


def _unpriced(calls: int) -> str:
    return f"{calls:,} unpriced"
