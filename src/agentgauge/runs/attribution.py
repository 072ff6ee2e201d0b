"""Whose a call is: the agent execution nearest above it, through whatever spans lie between.

A call names the span that it was made in, which is an agent's, or one inside it (a tool, an operation of the program's
own), whose event says only when it ends what it was in. What is done inside a span that is not known yet is kept in a
share of its own and goes to the agent once the way is known, so events may come in any order.
"""

from __future__ import annotations

from agentgauge.runs.tallies import Share

MOST_SPANS = 4096
"""Spans between agents and calls that are remembered, and spans waited for; of more the oldest are let go, and what
was done in them counts in the issue and the run, but in no agent."""
_DEEPEST = 64


class Attribution:
    def __init__(self) -> None:
        self._agents: dict[str, Share] = {}
        self._parents: dict[str, str | None] = {}
        self._waiting: dict[str, Share] = {}

    def agent(self, span: str, share: Share) -> None:
        """`span` is an agent's: what is done in it goes to `share`."""
        if span in self._agents:
            return
        self._agents[span] = share
        early = self._waiting.pop(span, None)
        if early is not None:
            share.merge(early)

    def forget(self, span: str) -> None:
        """The agent is no longer kept apart."""
        self._agents.pop(span, None)

    def inside(self, span: str, parent: str | None) -> None:
        """`span`, which is no agent's, lies in `parent`, or in none."""
        if span in self._agents or span in self._parents or span == parent:
            return
        self._parents[span] = parent
        if len(self._parents) > MOST_SPANS:
            del self._parents[next(iter(self._parents))]
        early = self._waiting.pop(span, None)
        if early is not None and (share := self.share(parent)) is not None:
            share.merge(early)

    def share(self, span: str | None) -> Share | None:
        """Where what is done in `span` counts; None: in no agent."""
        for _ in range(_DEEPEST):
            if span is None:
                return None
            if span in self._agents:
                return self._agents[span]
            if span not in self._parents:
                return self._waited_for(span)
            span = self._parents[span]
        return None

    def _waited_for(self, span: str) -> Share:
        share = self._waiting.get(span)
        if share is None:
            share = self._waiting[span] = Share()
            if len(self._waiting) > MOST_SPANS:
                del self._waiting[next(iter(self._waiting))]
        return share
