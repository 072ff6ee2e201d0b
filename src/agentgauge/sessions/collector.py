"""The collector of document 003: what a session, or a ticket, did and used.

It records into the stream of its gauge and shows what was recorded through it: the newest `MOST_HELD` events, and a
summary of all. A summary is computed when it is asked for; an event older than those held is added to it when it makes
room, which costs that recording 3 us more, and the first one the reading of the prices, 0.2 s. After construction
nothing raises into the caller; what cannot be kept is counted, see `agentgauge.Gauge.health`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

from agentgauge.interruption import is_interruption
from agentgauge.journal import lifetime
from agentgauge.recorder import Gauge, default
from agentgauge.recorder.guards import AsOne
from agentgauge.sessions.entries import Entry, Given
from agentgauge.sessions.models import MetricsEvent, MetricsSummary
from agentgauge.sessions.recording import place_of, record_event, record_invocation
from agentgauge.sessions.results import calls_of, invocation_of, running_totals
from agentgauge.sessions.totals import Prices, SummaryFold

MOST_HELD = 20_000
"""Events that a collector shows. Older ones are in its summary only. So many `MetricsEvent` are 60 to 100 MB; those of
results are held in a tenth of that, until they are asked for."""


class MetricsCollector:
    """Records the work of agents. Safe to share between threads, asyncio tasks and forked children."""

    def __init__(
        self, session_id: str | None = None, *, gauge: Gauge | None = None, most_held: int = MOST_HELD
    ) -> None:
        """`session_id` is the session of all that is recorded through it and names no other.

        Without one it is METRICS_SESSION_ID, or none. `gauge` is that of the process unless one is given.
        """
        self.session_id = session_id
        self._gauge = default() if gauge is None else gauge
        self._running = running_totals(self._gauge)
        self._prices = Prices(self._gauge)
        self._held: deque[Entry] = deque(maxlen=most_held)
        self._unfolded: deque[Entry] = deque()
        self._fold = SummaryFold()
        self._folding = threading.RLock()
        _collectors.add(self)

    def record_from_result(
        self,
        result: object,
        agent_role: str,
        operation: str,
        ticket_id: str | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        user: str | None = None,
        developer: str | None = None,
        team: str | None = None,
        project: str | None = None,
        duration_ms: float | None = None,
        outcome: str | None = None,
    ) -> None:
        """Record one invocation of an agent, from what came back.

        `result` is an `AgentResult` or a result of pydantic-ai, OpenAI, Anthropic, LiteLLM, LangChain, the OpenAI
        Agents SDK or the Claude Agent SDK, known by its shape; of another shape nothing is recorded, which is counted
        as refused, `unknown result`. `duration_ms`, milliseconds, and `outcome` (success, failure, timeout, error,
        interrupted) win over what the result says. `developer` is another name of `user`. `metadata` become
        attributes, by which `agentgauge report --by` breaks down.
        """
        gauge = self._gauge
        if gauge.sink is None:
            return
        try:
            invocation = invocation_of(result, self._running)
            if invocation is None:
                gauge.sink.count("refused", "unknown result", type(result).__qualname__)
                return
            place = place_of(
                agent_role, invocation.agent, operation, self.session_id, ticket_id, user or developer, team, project
            )
            with AsOne():
                recorded = record_invocation(gauge, invocation, place, metadata, duration_ms, outcome)
                if recorded is not None:
                    self._hold(recorded)
        except Exception as error:  # methods of the values given, any of which may raise anything
            if is_interruption(error):
                raise
            gauge.sink.count("refused", "unusable value", f"reading a result raised {type(error).__name__}")

    def record_event(self, event: MetricsEvent) -> None:
        """Record an event of your own making, or show here one that has been recorded already.

        What is new goes into the stream. It gets an `event_id` and, where it names none, this collector's session and
        what else the scope around says.
        An event with the identity of a recorded one, whether another collector recorded it or a storage gave it back,
        counts here and is not recorded again.
        """
        gauge = self._gauge
        if gauge.sink is None:
            return
        try:
            if event.is_in_stream:
                self._hold(Given.of(event, calls_of(event)))
                return
            with AsOne():
                entry = record_event(gauge, event, self.session_id)
                if entry is not None:
                    self._hold(entry)
        except Exception as error:  # as above
            if is_interruption(error):
                raise
            gauge.sink.count("refused", "unusable value", f"reading an event raised {type(error).__name__}")

    def get_events(self) -> list[MetricsEvent]:
        """The events recorded, oldest first: the newest `MOST_HELD`."""
        return [entry.metrics_event() for entry in self._held.copy()]

    def get_summary(self) -> MetricsSummary:
        """What all events recorded through this collector add up to."""
        with self._folding:
            self._fold_down_to(0)
            return self._fold.summary()

    def filter_by_agent_role(self, role: str) -> list[MetricsEvent]:
        """Events of one role, of those that `get_events` gives."""
        return [entry.metrics_event() for entry in self._held.copy() if entry.role == role]

    def filter_by_ticket_id(self, ticket_id: str) -> list[MetricsEvent]:
        """Events of one ticket, of those that `get_events` gives."""
        return [entry.metrics_event() for entry in self._held.copy() if entry.ticket == ticket_id]

    def clear(self) -> None:
        """Forget all events here. The stream keeps them."""
        with self._folding:
            self._held.clear()
            self._unfolded.clear()
            self._fold = SummaryFold()

    def _hold(self, entry: Entry) -> None:
        self._held.append(entry)
        self._unfolded.append(entry)
        if len(self._unfolded) > (self._held.maxlen or 0):
            with self._folding:
                self._fold_down_to(self._held.maxlen or 0)

    def _fold_down_to(self, unfolded: int) -> None:
        while len(self._unfolded) > unfolded:
            entry = self._unfolded[0]
            cost_usd, unpriced = self._prices.cost_of(entry.calls, entry.at)  # long, the first time: may be interrupted
            self._unfolded.popleft()
            self._fold.add(
                entry.role,
                entry.operation,
                tokens=sum(call.usage.input_tokens + call.usage.output_tokens for call in entry.calls),
                cost_usd=cost_usd,
                unpriced_calls=unpriced,
                duration_ms=entry.duration_ms or 0.0,
            )

    def renew_lock(self) -> None:
        """In a forked child: a thread of the parent may have held it."""
        self._folding = threading.RLock()


_collectors: WeakSet[MetricsCollector] = WeakSet()


def _renew_locks() -> None:
    for collector in list(_collectors):
        collector.renew_lock()


lifetime.after_fork(_renew_locks)
