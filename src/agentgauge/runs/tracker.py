"""Starts and ends of what a collector tracks, as events with the same span, and what belongs to what."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime
from itertools import count
from typing import Any

from agentgauge.events.event import to_micros
from agentgauge.recorder import Kept, Place
from agentgauge.runs import doors
from agentgauge.runs.open_work import Kind, Open, OpenWork
from agentgauge.runs.stream import RunStream
from agentgauge.runs.text import text_of

MOST_NUMBERED = 20_000
"""Things that attempts are counted of; of more the oldest begin at 1 again."""

_MOST_PLACES = 1000


class Tracker:
    def __init__(self, stream: RunStream) -> None:
        self.stream = stream
        self.work = OpenWork()
        # OrderedDict: two threads may let the oldest go at once.
        self._numbers: OrderedDict[tuple[str | None, str, str], count[int]] = OrderedDict()
        self._places: OrderedDict[tuple[str | None, str | None], Place] = OrderedDict()

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
            numbers.popitem(last=False)
        return number

    def continue_from(self, issue: str | None, kind: str, name: str, number: int) -> None:
        """So many of it were there before this process."""
        self._numbers[issue, kind, name] = count(number + 1)

    # Scopes

    def scope_inside(self, opened: Open) -> dict[str, str]:
        """The scope of what anybody records inside something open."""
        scope = self._scope(opened.issue, opened.agent)
        return scope if opened.kind == "issue" else {**scope, "parent_id": opened.id}

    def inside(self, agent: Open | None, issue: str | None) -> Place:
        """The scope of events that happen inside an agent, on an issue."""
        if agent is None:
            return self._place(issue, None)
        if agent.issue != issue:  # an agent of no issue, while one is worked on
            return Place({**self._scope(issue, agent.agent), "parent_id": agent.id})
        if agent.place_inside is None:
            agent.place_inside = Place(self.scope_inside(agent))
        return agent.place_inside

    def _place(self, issue: str | None, agent: str | None) -> Place:
        key = issue, agent
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = Place(self._scope(issue, agent))
            if len(self._places) > _MOST_PLACES:
                self._places.popitem(last=False)
        return place

    def _scope(self, issue: str | None, agent: str | None) -> dict[str, str]:
        scope = dict(self.stream.scope)
        if issue is not None:
            scope["issue"] = issue
        if agent:
            scope["agent"] = scope["role"] = agent
        return scope

    # Starts and ends

    def start(self, mark: str, opened: Open, attributes: dict[str, Any] | None, at: datetime | None) -> Kept | None:
        """Record that something starts; it is open, and the innermost of this context, from now on."""
        place = self._place(opened.issue, opened.agent)
        kept = self.stream.keep("mark", {"name": mark}, attributes, place, opened.ids, at=doors.utc(at))
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
        place = self._place(opened.issue, opened.agent)
        self.stream.keep(kind, values, attributes, place, opened.ids, success=truth, at=end)
