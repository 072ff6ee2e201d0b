"""Starts and ends of what a collector tracks, as events with the same span, and what belongs to what."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import count
from typing import Any

from agentgauge.events.event import to_micros
from agentgauge.recorder.entry import Kept
from agentgauge.runs import doors
from agentgauge.runs.open_work import Kind, Open, OpenWork
from agentgauge.runs.stream import RunStream
from agentgauge.runs.text import text_of

MOST_NUMBERED = 20_000
"""Things that attempts are counted of; of more the oldest begin at 1 again."""


class Tracker:
    def __init__(self, stream: RunStream) -> None:
        self.stream = stream
        self.work = OpenWork()
        self._numbers: dict[tuple[str | None, str, str], count[int]] = {}

    # What belongs to what

    def agent_named(self, agent_id: str | None, issue: str | None) -> Open | None:
        """The agent of that id; without one, the current agent (of the issue, where one is given).

        Of an agent of another process no more is known than its id.
        """
        if agent_id is None:
            return self.work.agent(issue)
        span = text_of(agent_id)
        known = self.work.find("agent", span) or self.work.ended(span)
        if known is None:
            known = Open("agent", "", issue=issue)
            known.id, known.is_open = span, False
        return known

    def belonging(
        self, agent_id: str | None, issue_id: object, *, needs_agent: bool = False
    ) -> tuple[Open | None, str | None]:
        """The agent and the issue that something recorded now belongs to."""
        stated = None if issue_id is None else text_of(issue_id)
        agent = self.agent_named(agent_id, stated)
        if agent is None and needs_agent:
            self.stream.count("altered", "no agent open", "recorded in no agent: name one with agent_id=")
        return agent, self.issue_of(stated, agent)

    def issue_of(self, stated: str | None, agent: Open | None) -> str | None:
        """The issue that something belongs to; None, which is counted where it may be any of several."""
        if stated is not None:
            return stated
        issue = self.work.issue(agent)
        if issue is None and self.work.by_kind["issue"]:
            self.stream.count("altered", "no issue named", "several are open: name one with issue_id=")
        return issue

    def number(self, issue: str | None, kind: str, name: str) -> int:
        """The how manieth of its name this is in an issue, from 1."""
        numbers = self._numbers
        number = next(numbers.setdefault((issue, kind, name), count(1)))  # two threads never get the same
        if len(numbers) > MOST_NUMBERED:
            numbers.pop(next(iter(numbers)), None)
        return number

    def continue_from(self, issue: str | None, kind: str, name: str, number: int) -> None:
        """So many of it were there before this process."""
        self._numbers[issue, kind, name] = count(number + 1)

    def scope_inside(self, opened: Open) -> dict[str, str]:
        """The scope of what anybody records inside something open."""
        scope = self.scope_of(opened)
        span = scope.pop("span_id", None)
        return scope if span is None else {**scope, "parent_id": span}

    def inside(self, agent: Open | None, issue: str | None) -> dict[str, str]:
        """The scope of an event that happens inside an agent, on an issue."""
        if agent is None:
            return self.stream.scope if issue is None else {**self.stream.scope, "issue": issue}
        if agent.issue != issue:
            scope = self.scope_inside(agent)
            return scope if issue is None else {**scope, "issue": issue}
        if agent.scope_inside is None:
            agent.scope_inside = self.scope_inside(agent)
        return agent.scope_inside

    def scope_of(self, opened: Open) -> dict[str, str]:
        """The scope of the events of its start and its end."""
        scope = dict(self.stream.scope)
        if opened.issue is not None:
            scope["issue"] = opened.issue
        if opened.agent:
            scope["agent"] = scope["role"] = opened.agent
        if opened.kind != "issue":
            scope["span_id"] = opened.id
            if opened.parent is not None:
                scope["parent_id"] = opened.parent
        return scope

    # Starts and ends

    def start(self, mark: str, opened: Open, attributes: dict[str, Any] | None, at: datetime | None) -> Kept | None:
        """Record that something starts; it is open, and the innermost of this context, from now on."""
        kept = self.stream.keep("mark", {"name": mark}, attributes, self.scope_of(opened), at=doors.utc(at))
        opened.micros = time.time_ns() // 1000 if kept is None else kept.micros
        opened.stated = at is not None
        self.work.add(opened)
        return kept

    def ending(self, kind: Kind, name: str | None, issue: str | None = None) -> Open | None:
        """What is to end: the one named, else the current one. None where there is none, which is counted."""
        if name is not None:
            opened = self.work.find(kind, text_of(name))
        elif kind == "agent":
            opened = self.work.agent(issue)
        else:
            opened = self.work.only(kind, issue)
        if opened is None or not self.work.remove(opened):
            self.stream.count("refused", "not open", f"no such {kind} is open: it was ended before, or never started")
            return None
        return opened

    def end(
        self,
        kind: str,
        opened: Open,
        values: dict[str, Any],
        attributes: dict[str, Any] | None,
        *,
        success: object = None,
        outcome: object = None,
        at: datetime | None = None,
    ) -> None:
        """Record that something has ended; an outcome that is none of the known words gives way to `success`."""
        end = doors.utc(at)
        values["duration_ms"] = opened.duration_ms(to_micros(end) if doors.is_aware(end) else None)
        values["outcome"] = word = doors.outcome(outcome)
        truth = None if word is not None else doors.truth(success)
        self.stream.keep(kind, values, attributes, self.scope_of(opened), success=truth, at=end)
