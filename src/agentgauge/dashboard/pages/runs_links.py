"""Addresses of single runs, sessions, tickets, tasks and events: names may hold slashes, percent signs and spaces."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.runs_filters import written_key
from agentgauge.service.records.rows import RowKey
from agentgauge.service.records.work import Work, WorkKind
from agentgauge.service.records.work_item import NO_PROJECT, Step

PLURALS: dict[WorkKind, str] = {"run": "runs", "session": "sessions", "ticket": "tickets"}


def work_link(asked: PageAsked, kind: WorkKind, name: str, project: str | None) -> str:
    """With its project: another project may have one of the same name tomorrow."""
    return asked.link(f"/{PLURALS[kind]}/{quote(name, safe='')}", of=NO_PROJECT if project is None else project)


def rows_of(kind: WorkKind, name: str, project: str | None) -> dict[str, Any]:
    """What the page of runs is asked for all rows of one, whatever the page before was filtered by."""
    whole = dict.fromkeys(("start", "end", "agent", "role", "model"))
    of = {"project": project} if project is not None else {"project": None, "without": "project"}
    return {**whole, "range": "all", kind: name, **of}


def work_link_of(asked: PageAsked, work: Work) -> str:
    return work_link(asked, work.kind, work.name, work.project)


def task_link(asked: PageAsked, span_id: str) -> str:
    return asked.link(f"/operations/{quote(span_id, safe='')}")


def event_link(asked: PageAsked, key: RowKey) -> str:
    """The page of an event itself."""
    return asked.link(f"/events/{quote(written_key(key), safe='')}")


def place_of(asked: PageAsked, step: Step) -> tuple[str, str] | None:
    """The innermost run, session or ticket that an event names, and its address with the event open."""
    for kind, name in (("run", step.run), ("session", step.session), ("ticket", step.ticket or step.issue)):
        if name is not None:
            path = f"/{PLURALS[kind]}/{quote(name, safe='')}"  # type: ignore[index] # kinds of work all
            of = NO_PROJECT if step.project is None else step.project
            return f"{kind} {name}", asked.link(path, of=of, event=written_key(step.key)) + "#event"
    return None
