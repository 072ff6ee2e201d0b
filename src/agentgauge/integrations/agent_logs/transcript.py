"""A session as the parsers gather it: turns, calls, tool calls and failures, with nothing of what was said.

A parser adds records while it goes through a file; a record with an identity already known replaces the earlier one
where that is the rule (the last usage of a streamed call) and is the same record otherwise. `events` then turns them
into events. What is kept is one small record per turn, call and tool call: memory grows with their number, not with
the length of the texts.

Identity. `source_id` is made of ids in the log only, so a file gives the same ones from any path and on any day. A
span id is the digest of its turn's identity.

Settling. A session whose last line is younger than `SETTLED_AFTER` may still be written. Its last turn (unless the
log says that it ended), a call at the end that has no stop reason, and tool calls that have no result are then held
back for a later import.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.events import Event
from agentgauge.integrations.agent_logs.normalise import milliseconds
from agentgauge.integrations.agent_logs.records import Call, Failure, ToolUse, Turn

SETTLED_AFTER = timedelta(minutes=10)


class _Session(msgspec.Struct):
    started: datetime | None = None
    project: str | None = None
    attributes: dict[str, Any] | None = None


class Transcript:
    """The records of one log file."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.calls: dict[str, Call] = {}
        self.tools: dict[str, ToolUse] = {}
        self.failures: dict[str, Failure] = {}
        self._turns: dict[str, Turn] = {}
        self._current: dict[str, Turn] = {}
        self._sessions: dict[str, _Session] = {}
        self._latest: datetime | None = None
        self._stated_costs: dict[str, Decimal] = {}

    @property
    def latest(self) -> datetime | None:
        """The latest time seen so far."""
        return self._latest

    @property
    def stated_cost_usd(self) -> Decimal | None:
        """What the log states for its sessions as wholes."""
        return sum(self._stated_costs.values(), Decimal(0)) if self._stated_costs else None

    def state_cost(self, turn: Turn, amount: Decimal) -> None:
        """The log gives one amount for everything that `turn` did; the last one given counts."""
        self._stated_costs[turn.source_id] = amount

    def identity(self, *parts: str) -> str:
        """A source id: the source, then what makes the thing one of a kind."""
        return ":".join((self.source, *parts))

    def saw(self, time: datetime) -> None:
        """A line of that time was read."""
        if self._latest is None or time > self._latest:
            self._latest = time

    def in_session(
        self,
        session: str,
        time: datetime,
        project: str | None = None,
        *,
        starts: bool = True,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        """A session goes on at `time`.

        With `starts`, its earliest line is its start; a subagent's lines do not start it.
        """
        known = self._sessions.setdefault(session, _Session())
        known.project = known.project or project
        known.attributes = known.attributes or attributes
        if starts and (known.started is None or time < known.started):
            known.started = time

    def begin_turn(self, source_id: str, session: str, started: datetime, *, is_command: bool = False) -> Turn:
        """The turn of that identity, from here on the current one of its session."""
        turn = self._turns.get(source_id)
        if turn is None:
            turn = self._turns[source_id] = Turn(source_id, session, started, is_command=is_command)
        self._current[session] = turn
        return turn

    def turn_of(self, session: str) -> Turn | None:
        """The turn of `session` that goes on at this point of the file."""
        return self._current.get(session)

    def answered(self, time: datetime, outcome: str, turn: Turn | None) -> None:
        """Something came back within `turn`: it lasts until then, with that outcome so far."""
        if turn is not None and not turn.over:
            turn.ended = time if turn.ended is None else max(turn.ended, time)
            turn.outcome = outcome

    def events(self, now: datetime, shift: timedelta) -> tuple[tuple[Event, ...], int]:
        """The events in the order of time, and how many were held back."""
        held = self._unsettled() if self.is_running(now) else set()
        events = [event for event in self._all_events(now, shift) if event.source_id not in held]
        events.sort(key=lambda event: event.time)
        return tuple(events), len(held)

    def is_running(self, now: datetime) -> bool:
        """Whether the log may still be written. A last line far in the future says nothing about that."""
        return self._latest is not None and abs(now - self._latest) < SETTLED_AFTER

    def _unsettled(self) -> set[str]:
        held = {tool.source_id for tool in self.tools.values() if tool.outcome is None}
        last_turn = next(reversed(self._turns.values()), None)
        if last_turn is not None and not last_turn.over and self._is_task(last_turn):
            held.add(last_turn.source_id)
        last_of_agent = {(call.session, call.agent): call for call in self.calls.values()}
        return held | {call.source_id for call in last_of_agent.values() if not call.final}

    @staticmethod
    def _is_task(turn: Turn) -> bool:
        return turn.ended is not None or not turn.is_command

    def _all_events(self, now: datetime, shift: timedelta) -> Iterator[Event]:
        for session, known in self._sessions.items():
            if known.started is None:
                continue
            yield self._event(
                "mark",
                known.started + shift,
                now,
                session,
                None,
                name="session_start",
                source_id=self.identity("session", session),
                agent=self.source,
                attributes=known.attributes,
            )
        for turn in self._turns.values():
            if self._is_task(turn):
                yield self._task(turn, now, shift)
        for call in self.calls.values():
            yield self._event(
                "llm_call",
                call.ended + shift,
                now,
                call.session,
                call.turn,
                source_id=call.source_id,
                agent=call.agent,
                duration_ms=milliseconds(call.started, call.ended),
                outcome=call.outcome,
                model=call.model or "unknown",
                provider=call.provider,
                tier=call.tier,
                cost_usd=call.cost_usd,
                cost_source=None if call.cost_usd is None else "reported",
                error_type=call.error_type,
                attributes=call.attributes,
                **msgspec.structs.asdict(call.usage),
            )
        for tool in self.tools.values():
            yield self._event(
                "tool_call",
                (tool.returned or tool.called) + shift,
                now,
                tool.session,
                tool.turn,
                source_id=tool.source_id,
                agent=tool.agent,
                name=tool.name,
                duration_ms=milliseconds(tool.called, tool.returned),
                outcome=tool.outcome or "interrupted",
            )
        for failure in self.failures.values():
            yield self._event(
                "error",
                failure.time + shift,
                now,
                failure.session,
                failure.turn,
                source_id=failure.source_id,
                agent=failure.agent,
                error_type=failure.error_type,
                error_category=failure.error_category,
                severity="error",
            )

    def _task(self, turn: Turn, now: datetime, shift: timedelta) -> Event:
        return self._event(
            "task",
            (turn.ended or turn.started) + shift,
            now,
            turn.session,
            None,
            name="turn",
            source_id=turn.source_id,
            agent=self.source,
            duration_ms=turn.duration_ms,
            outcome=turn.outcome,
            span_id=turn.span_id,
            trace_id=turn.trace_id,
            attributes=turn.attributes,
        )

    def _event(self, kind: str, time: datetime, now: datetime, session: str, turn: Turn | None, **fields: Any) -> Event:
        if turn is not None:
            fields.update(trace_id=turn.trace_id, parent_id=turn.span_id)
        known = self._sessions.get(session)
        project = None if known is None else known.project
        return Event(kind=kind, time=time, arrived=now, session=session, project=project, **fields)
