"""What a collector has open, and which of it a call belongs to.

A call belongs to the agent and issue that it names; else to the innermost that are open in its own context (thread or
asyncio task, and what that was started from); else to the only one that the collector has open. Between two it is
never guessed.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from contextvars import ContextVar
from typing import Literal, get_args

from agentgauge.recorder import Place

Kind = Literal["issue", "agent", "tool", "cycle"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_OPEN = 5000
"""Of each kind; of more the one opened first is forgotten, and cannot be ended by its id any more."""
MOST_ENDED = 1000


class Open:
    """One issue, agent execution, tool call or debugging cycle that was started."""

    __slots__ = (
        "agent", "attempt", "clock", "id", "is_open", "issue", "kind", "micros", "name", "parent", "place_inside",
        "stated",
    )  # fmt: skip

    def __init__(
        self, kind: Kind, name: str, *, issue: str | None = None, agent: str | None = None, parent: str | None = None,
        attempt: int = 1,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.id = name if kind == "issue" else os.urandom(8).hex()
        """The issue's own, else a span id."""
        self.name = name
        """Issue id, agent type or tool."""
        self.issue = name if kind == "issue" else issue
        self.agent = name if kind == "agent" else agent
        """The agent type that it belongs to."""
        self.parent = parent
        """Span that it lies in."""
        self.attempt = attempt
        self.place_inside: Place | None = None
        """The scope of events inside it, once there are any."""
        self.clock = time.perf_counter_ns()
        self.micros = 0
        """When it started, since 1970."""
        self.stated = False
        """The caller said when."""
        self.is_open = True

    @property
    def ids(self) -> dict[str, str]:
        """The ids of the events of its start and its end."""
        if self.kind == "issue":
            return {}
        return {"span_id": self.id} if self.parent is None else {"span_id": self.id, "parent_id": self.parent}

    def duration_ms(self, end_micros: int | None) -> float:
        """Until now, or until the time that the caller states."""
        if end_micros is None and not self.stated:
            return (time.perf_counter_ns() - self.clock) / 1e6
        end = time.time_ns() // 1000 if end_micros is None else end_micros
        return max(end - self.micros, 0) / 1000


class OpenWork:
    def __init__(self) -> None:
        self._context: ContextVar[tuple[Open, ...]] = ContextVar("agentgauge_run_work", default=())
        # OrderedDict: two threads may let the oldest go at once.
        self._ended: OrderedDict[str, Open] = OrderedDict()
        self.by_kind: dict[Kind, OrderedDict[str, Open]] = {kind: OrderedDict() for kind in KINDS}

    def add(self, opened: Open) -> None:
        """It is open from now on, and the innermost of this context."""
        known = self.by_kind[opened.kind]
        known[opened.id] = opened
        while len(known) > MOST_OPEN:
            known.popitem(last=False)[1].is_open = False
        if opened.kind != "cycle":
            self.enter(opened)

    def enter(self, opened: Open) -> None:
        """It is the innermost of this context."""
        self._context.set((*(known for known in self._context.get() if known.is_open and known is not opened), opened))

    def remove(self, opened: Open) -> bool:
        """It has ended; False where it had already."""
        ended = self.by_kind[opened.kind].pop(opened.id, None) is opened  # one of two threads gets it
        opened.is_open = False
        if opened.kind == "agent":
            self._ended[opened.id] = opened
            if len(self._ended) > MOST_ENDED:
                self._ended.popitem(last=False)
        stack = self._context.get()
        if opened in stack:
            self._context.set(tuple(known for known in stack if known.is_open))
        return ended

    def find(self, kind: Kind, name: str) -> Open | None:
        return self.by_kind[kind].get(name)

    def named(self, name: str) -> Open | None:
        """What is open under an id, of any kind."""
        for kind in self.by_kind.values():
            if name in kind:
                return kind[name]
        return None

    def ended(self, agent_id: str) -> Open | None:
        """An agent that has ended not long ago: what is recorded late still belongs to it."""
        return self._ended.get(agent_id)

    def enclosing(self) -> list[Open]:
        """What is open in this context, the innermost first."""
        return [known for known in reversed(self._context.get()) if known.is_open]

    def agent(self, issue: str | None) -> Open | None:
        """The agent that a call belongs to which names none, but perhaps its issue."""
        for known in reversed(self._context.get()):
            if not known.is_open:
                continue
            if known.kind == "agent" and (issue is None or known.issue in (issue, None)):
                return known
            if known.kind == "issue" and issue is None:
                issue = known.issue
        return self.only("agent", issue)

    def agent_around(self, issue: str | None) -> Open | None:
        """The agent of this context that one which starts on an issue lies in: never one of another issue."""
        for known in reversed(self._context.get()):
            if known.is_open and known.kind == "agent" and known.issue in (issue, None):
                return known
        return None

    def issue(self, agent: Open | None) -> str | None:
        """The issue that a call belongs to which names none, but perhaps its agent."""
        if agent is not None and agent.issue is not None:
            return agent.issue
        for known in reversed(self._context.get()):
            if known.is_open and known.issue is not None:
                return known.issue
        only = self.only("issue", None)
        return None if only is None else only.issue

    def inside(self, issue: str) -> list[Open]:
        """What is open of an issue, the innermost first."""
        return [
            known
            for kind in ("tool", "cycle", "agent")
            for known in reversed(list(self.by_kind[kind].values()))
            if known.issue == issue
        ]

    def all(self) -> list[Open]:
        """Everything that is open, the innermost first."""
        kinds: tuple[Kind, ...] = ("tool", "cycle", "agent", "issue")
        return [known for kind in kinds for known in reversed(list(self.by_kind[kind].values()))]

    def only(self, kind: Kind, issue: str | None) -> Open | None:
        """The only one open, of an issue where one is given."""
        known = self.by_kind[kind]
        if issue is None:
            if len(known) != 1:
                return None
            found = list(known.values())
        else:
            found = [one for one in list(known.values()) if one.issue == issue]
        return found[0] if len(found) == 1 else None
